/**
 * Puts our row plans in the place of zongji's own reading of rows, for streams that have plans. zongji 0.9.0 has no hook
 * for that, so the prototypes of its event classes are changed; it is pinned to that version.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MapColumn } from './column-size.js';
import type { RowParser, RowPlan } from './row-plan.js';

/** What zongji keeps of a table, as far as it is used here. */
export interface ZongJiTableMap {
  readonly columns: readonly MapColumn[];
  readonly columnSchemas: readonly unknown[];
}

interface RowsEventClass {
  readonly prototype: { _fetchOneRow(this: RowsEventFields, parser: RowParser): unknown };
}

interface RowsEventFields {
  readonly tableId: number;
  readonly columns_present_bitmap: Buffer;
  readonly columns_present_bitmap2: Buffer;
  readonly _zongji: { readonly rowPlans?: ReadonlyMap<number, RowPlan> };
}

type ReadValue = (
  parser: RowParser,
  column: MapColumn | undefined,
  columnSchema: unknown,
  tableMap: ZongJiTableMap,
  zongji: unknown,
) => unknown;

const folder = dirname(createRequire(import.meta.url).resolve('@vlasky/zongji'));
const load = async (file: string): Promise<unknown> => import(pathToFileURL(join(folder, 'lib', file)).href);

const { readMysqlValue } = (await load('common.js')) as { readMysqlValue: ReadValue };
const { WriteRows, UpdateRows, DeleteRows } = (await load('rows_event.js')) as Record<
  'WriteRows' | 'UpdateRows' | 'DeleteRows',
  RowsEventClass
>;

/** zongji's decoding of one column's value. */
export const decoderOf =
  (tableMap: ZongJiTableMap, zongji: unknown) =>
  (parser: RowParser, index: number): unknown =>
    readMysqlValue(parser, tableMap.columns[index], tableMap.columnSchemas[index], tableMap, zongji);

function replaceReading(
  { prototype }: RowsEventClass,
  read: (event: RowsEventFields, plan: RowPlan, parser: RowParser) => unknown,
): void {
  const original = prototype._fetchOneRow;
  prototype._fetchOneRow = function (parser) {
    const plan = this._zongji.rowPlans?.get(this.tableId);
    return plan === undefined ? original.call(this, parser) : read(this, plan, parser);
  };
}

for (const oneImage of [WriteRows, DeleteRows]) {
  replaceReading(oneImage, (event, plan, parser) => plan.image(parser, event.columns_present_bitmap));
}
replaceReading(UpdateRows, (event, plan, parser) =>
  plan.update(parser, event.columns_present_bitmap, event.columns_present_bitmap2),
);
