import type { CacheKey, Target } from '../domain/cache-key.js';
import type { RowChange, RowImage } from '../domain/change.js';
import { bindTemplate, render, type BoundTemplate } from './bound-template.js';
import type { GoneWhen, KeyMapping } from './table-mapping.js';
import { parseTemplate, type TemplatePart } from './template.js';

/** A key mapping, made ready for the rows of one table. */
export interface CompiledKey {
  readonly mapping: KeyMapping;
  /** The `tables` entry it stands under, as written. */
  readonly entry: string;
  /** What marks rows of that entry as gone; empty if nothing does. */
  readonly gone: Readonly<Record<string, GoneWhen>>;
  /** Columns of key and field, each once. */
  readonly columns: readonly string[];
  /** One for each combination of `with`; one if there is none. */
  readonly variants: readonly CompiledVariant[];
  /** False if the update changed nothing that this key shows. */
  counts(update: Extract<RowChange, { operation: 'update' }>): boolean;
}

export interface CompiledVariant {
  /** The prefix included. */
  readonly key: BoundTemplate;
  readonly field: BoundTemplate | undefined;
}

export interface CompileKeyOptions {
  readonly entry: string;
  readonly gone: Readonly<Record<string, GoneWhen>>;
  readonly keyPrefix: string;
  /** Captures of the table's pattern, `$db` and `$table`. */
  readonly constants: ReadonlyMap<string, string>;
}

/** @param mapping one that `keyProblems` finds nothing wrong with */
export function compileKey(
  mapping: KeyMapping,
  { entry, gone, keyPrefix, constants }: CompileKeyOptions,
): CompiledKey {
  const keyParts = partsOf(mapping.key);
  const fieldParts = mapping.field === undefined ? undefined : partsOf(mapping.field);
  const variants = combinations(mapping.with ?? {}).map((chosen): CompiledVariant => {
    const known = new Map([...constants, ...chosen]);
    return {
      key: bindTemplate(mapping.key, keyParts, known, keyPrefix),
      field: fieldParts && bindTemplate(mapping.field ?? '', fieldParts, known),
    };
  });
  const columns = [...new Set(variants.flatMap(columnsOfVariant))];
  // A change of the key's own columns moves the row to another key, and one of `gone` takes it away, whatever `when`
  // says (guarantee 5).
  const watched = mapping.when && new Set([...mapping.when, ...columns, ...Object.keys(gone)]);
  return {
    mapping,
    entry,
    gone,
    columns,
    variants,
    counts: ({ changed }) => watched === undefined || changed.some((column) => watched.has(column)),
  };
}

/** Adds the targets that one image yields; none where a column is NULL. */
export function addTargets(targets: Target[], { variants }: CompiledKey, image: RowImage): void {
  for (const { key, field } of variants) {
    const keyText = render(key, image);
    if (keyText === undefined) continue;
    if (field === undefined) {
      targets.push({ key: asCacheKey(keyText) });
      continue;
    }
    const fieldText = render(field, image);
    if (fieldText !== undefined) targets.push({ key: asCacheKey(keyText), field: fieldText });
  }
}

/** The only place where text becomes a key (guarantee 6). */
const asCacheKey = (text: string): CacheKey => text as CacheKey;

function partsOf(source: string): readonly TemplatePart[] {
  const parsed = parseTemplate(source);
  if (parsed.kind === 'problem') throw new Error(`unchecked template: ${parsed.problem}`);
  return parsed.parts;
}

function combinations(variables: NonNullable<KeyMapping['with']>): [string, string][][] {
  return Object.entries(variables).reduce<[string, string][][]>(
    (all, [name, values]) =>
      all.flatMap((chosen) => values.map((value) => [...chosen, [name, value] as [string, string]])),
    [[]],
  );
}

function columnsOfVariant({ key, field }: CompiledVariant): string[] {
  return [...key.slots, ...(field?.slots ?? [])].map(({ column }) => column);
}
