import { describe, expect, test } from 'vitest';
import { parseTemplate } from '../../../src/mapping/template.js';

const shape = (source: string) => {
  const parsed = parseTemplate(source);
  if (parsed.kind === 'problem') return parsed.problem;
  return parsed.parts.map((part) =>
    part.kind === 'text' ? part.text : [part.name, ...part.filters.map(({ text }) => text)],
  );
};

describe('parseTemplate', () => {
  test.each([
    ['product:{id}:stock', ['product:', ['id'], ':stock']],
    ['{a}{b}', [['a'], ['b']]],
    ['product:sku:{sku|lower|sha1}', ['product:sku:', ['sku', 'lower', 'sha1']]],
    ['{ id | lower }', [['id', 'lower']]],
    ['page:{{eu}}:{id}', ['page:{eu}:', ['id']]],
    ['{{{id}}}', ['{', ['id'], '}']],
    ['{`odd|name`}', [['odd|name']]],
    ['{`tick``tock`|trim}', [['tick`tock', 'trim']]],
    ['{`a}b`}', [['a}b']]],
    ['day:{at|date(YYYY/MM, HH)}', ['day:', ['at', 'date(YYYY/MM, HH)']]],
    ['{$db}.{$table}', [['$db'], '.', ['$table']]],
    ['naïve:{größe}', ['naïve:', ['größe']]],
    ['products', ['products']],
  ])('reads %s', (source, parts) => {
    expect(shape(source)).toEqual(parts);
  });

  test.each([
    ['a:{id', 'at character 3 of "a:{id": this { is never closed; write {{ for a literal brace'],
    ['a:{', 'at character 3 of "a:{": this { is never closed; write {{ for a literal brace'],
    ['a}b', 'at character 2 of "a}b": this } closes nothing; write }} for a literal brace'],
    ['a:{}', 'at character 4 of "a:{}": expected the name of a column here'],
    ['{id|lowr}', 'there is no filter "lowr"; did you mean "lower"?'],
    ['{id|}', 'there is no filter ""'],
    ['{id|lower(2)}', 'lower takes no argument'],
    ['{at|date}', 'date takes a format of YYYY, MM, DD, HH, mm, ss'],
    ['{at|date(x)}', 'date takes a format of YYYY, MM, DD, HH, mm, ss'],
    ['{at|date(YYYY}', 'at character 9 of "{at|date(YYYY}": this ( is never closed'],
    ['{two words}', 'expected | or } here; a column with an odd name stands in backticks'],
    ['{`id}', 'at character 2 of "{`id}": this ` is never closed'],
    ['{``}', 'expected a column name between the backticks'],
    [
      '{p.id}',
      'rows of other tables are not supported yet; a column with a dot in its name stands in backticks',
    ],
    ['{$schema}', 'there is no {$schema}, only {$db} and {$table}'],
  ])('refuses %s and says where and what would be right', (source, problem) => {
    expect(shape(source)).toContain(problem);
  });
});
