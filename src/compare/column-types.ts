import type { ColumnInfo } from '../mapping/table-schema.js';
import { bitType, bytesType } from './bytes-types.js';
import { type ColumnType, textType } from './column-type.js';
import { dateTimeType, timeType } from './date-time-types.js';
import { jsonType } from './json-type.js';
import { doubleType, exactType, floatType, tinyintType } from './number-types.js';

const all = (names: string, type: ColumnType): [string, ColumnType][] =>
  names.split(' ').map((name) => [name, type]);

/** By information_schema's DATA_TYPE in lower case. */
const types: ReadonlyMap<string, ColumnType> = new Map([
  ...all('smallint mediumint int bigint year decimal', exactType),
  ...all('tinyint', tinyintType),
  ...all('bit', bitType),
  ...all('float', floatType),
  ...all('double', doubleType),
  ...all('date datetime timestamp', dateTimeType),
  ...all('time', timeType),
  ...all('char varchar tinytext text mediumtext longtext enum set', textType),
  ...all('json', jsonType),
  ...all('binary varbinary tinyblob blob mediumblob longblob', bytesType),
]);

/** @param column one that {@link uncomparable} finds nothing wrong with */
export function columnTypeOf({ name, type }: ColumnInfo): ColumnType {
  const found = types.get(type);
  if (found === undefined) throw new Error(`unchecked column: ${name} of type ${type}`);
  return found;
}

/** Types that no comparison can be made of (geometry types, vector): why, or undefined. Used by a check at start. */
export function uncomparable({ type }: ColumnInfo): string | undefined {
  return types.has(type) ? undefined : `values of type ${type} cannot be compared`;
}
