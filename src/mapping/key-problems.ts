import { applyAll } from './filters.js';
import { columnsOfValue, type KeyMapping } from './table-mapping.js';
import { parseTemplate, tableNames, type NamePart } from './template.js';

/** Beyond this a change would delete more keys than anyone meant. */
export const variantsMax = 1000;

/** What is wrong with a key mapping, and where in it. */
export interface KeyProblem {
  readonly path: readonly string[];
  readonly message: string;
}

/**
 * What can be told without the database's schema. All of it, not only the first.
 * @param captures names of the groups of the table's pattern
 */
export function keyProblems(mapping: KeyMapping, captures: readonly string[]): KeyProblem[] {
  const problems: KeyProblem[] = [];
  const names: NamePart[] = [];
  const filled = { key: mapping.key, ...(mapping.field === undefined ? {} : { field: mapping.field }) };
  for (const [path, source] of Object.entries(filled)) {
    const parsed = parseTemplate(source);
    if (parsed.kind === 'problem') {
      problems.push({ path: [path], message: parsed.problem });
      continue;
    }
    const used = parsed.parts.filter((part) => part.kind === 'name');
    names.push(...used);
    problems.push(...dateProblems(used, mapping, captures).map((message) => ({ path: [path], message })));
  }
  // With a template that cannot be read nobody knows which names it uses.
  const used = problems.some(({ path }) => path[0] !== 'with') ? undefined : names;
  return [...problems, ...withProblems(mapping, captures, used)];
}

/** A date filter over what is no column: `with` values must be dates, names of tables never are. */
function dateProblems(used: readonly NamePart[], mapping: KeyMapping, captures: readonly string[]): string[] {
  return used.flatMap(({ name, quoted, filters }) => {
    if (quoted || filters.every((filter) => filter.name !== 'date')) return [];
    if (tableNames.includes(name) || captures.includes(name))
      return [`date works on columns, but {${name}} is none`];
    const values = mapping.with?.[name] ?? [];
    const wrong = values.findIndex((value) => applyAll(filters, value) === undefined);
    return wrong === -1 ? [] : [`date works on text like 2024-05-31, but with.${name}[${wrong}] is none`];
  });
}

function withProblems(
  mapping: KeyMapping,
  captures: readonly string[],
  used: readonly NamePart[] | undefined,
): KeyProblem[] {
  const variables = Object.entries(mapping.with ?? {});
  const columns = new Set([...(mapping.when ?? []), ...(mapping.value ? columnsOfValue(mapping.value) : [])]);
  for (const part of used ?? []) if (part.quoted) columns.add(part.name);
  const problems = variables.flatMap(([name, values]): KeyProblem[] => {
    const messages = [
      /^[^\s.|{}()`$][^\s.|{}()`]*$/.test(name) ? undefined : 'expected a name of letters and digits',
      new Set(values).size === values.length ? undefined : 'a value stands in the list twice',
      captures.includes(name) ? `the table's pattern has a capture of this name; choose another` : undefined,
      columns.has(name) ? 'this is also the name of a column; choose another' : undefined,
      used === undefined || used.some((part) => part.name === name)
        ? undefined
        : `neither key nor field uses {${name}}; leave it out, or write it into the template`,
    ];
    return messages
      .filter((message) => message !== undefined)
      .map((message) => ({ path: ['with', name], message }));
  });
  const variants = variables.reduce((product, [, values]) => product * values.length, 1);
  if (variants <= variantsMax) return problems;
  return [
    ...problems,
    { path: ['with'], message: `${variants} combinations; expected at most ${variantsMax}` },
  ];
}

/** The names of a pattern's groups: with an empty alternative it matches anything, and lists them all. */
export function captureNames(pattern: RegExp): string[] {
  return Object.keys(new RegExp(`${pattern.source}|`, pattern.flags).exec('')?.groups ?? {});
}
