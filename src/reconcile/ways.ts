/** In which ways rows could feed a place in the cache. Whatever calls a key an orphan must have looked at all of them. */
import type { Explanation } from '../mapping/key-parser.js';
import { type Checks, lookupProblem } from './checks.js';
import { valuesId } from './look.js';
import type { Suspect } from './suspect.js';

type Place = Pick<Suspect, 'key' | 'field'>;

/** Undefined where looking one of them up would read a whole table, or no table that the run looks at is among them. */
export function suspectOfTrace(
  place: Place,
  explanations: readonly Explanation[],
  checks: Checks,
): Suspect | undefined {
  const [only] = explanations;
  if (only !== undefined && explanations.length === 1) {
    const way = wayOf(place, only, checks); // as for nearly every key of the cache
    return way === undefined || !checks.isWanted(way.check) ? undefined : way;
  }
  const ways = waysOf(place, explanations, checks);
  const first = ways.find(({ check }) => checks.isWanted(check));
  if (first === undefined || ways.length < explanations.length) return undefined;
  return { ...first, others: ways.filter((way) => way !== first) };
}

/** For a suspect that was found by its row: a row of another shard may feed the same key. */
export function withOthers(suspect: Suspect, checks: Checks): Suspect {
  const { check, key, field, by } = suspect;
  const trace = checks.keyParser.trace(key);
  if (trace.kind === 'outside') {
    const isFedByItAlone =
      !check.lookup.distinct && trace.refs.every(({ template }) => template === check.template);
    return isFedByItAlone ? suspect : { ...suspect, mayBeFedUnseen: true };
  }
  const explanations = trace.kind === 'rows' ? trace.explanations : explanationsOf({ key, field }, checks);
  const ways = waysOf({ key, field }, explanations, checks);
  const others = ways.filter((way) => way.check !== check || valuesId(way.by) !== valuesId(by));
  return {
    ...suspect,
    ...(others.length === 0 ? {} : { others }),
    ...(ways.length === explanations.length ? {} : { mayBeFedUnseen: true }),
  };
}

const explanationsOf = ({ key, field }: Place, { keyParser }: Checks): readonly Explanation[] =>
  field === undefined ? [] : keyParser.traceField(key, field);

/** Those that can be looked up. */
const waysOf = (place: Place, explanations: readonly Explanation[], checks: Checks): Suspect[] =>
  explanations.flatMap((explanation) => wayOf(place, explanation, checks) ?? []);

/** Undefined where it can't be looked up. */
function wayOf(
  { key, field }: Place,
  { ref, columns, values }: Explanation,
  { byVariant }: Checks,
): Suspect | undefined {
  const check = byVariant.get(ref.variant);
  if (check === undefined || lookupProblem(check) !== undefined) return undefined;
  return { check, key, field, by: check.lookup.by.map((name) => values[columns.indexOf(name)] ?? null) };
}
