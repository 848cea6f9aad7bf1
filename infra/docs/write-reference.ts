/**
 * Writes what is made from code into the documents: README's tables of configuration fields and error codes,
 * unstale.schema.json and unstale-report.schema.json. With --check nothing is written; it exits 1 if something is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { configJsonSchema } from '../../src/config/json-schema.js';
import { configurationReference, errorReference } from '../../src/config/reference.js';
import { reportSchema } from '../../src/reconcile/report.js';

const inRepository = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const documents = [
  { name: 'unstale.schema.json', write: () => JSON.stringify(configJsonSchema()) },
  { name: 'unstale-report.schema.json', write: () => JSON.stringify(reportJsonSchema()) },
  {
    name: 'README.md',
    write: (before: string) =>
      withBlock(withBlock(before, 'configuration', configurationReference()), 'errors', errorReference()),
  },
];

/** A drift report's JSON Schema. As input, so that it allows for fields that later versions add. */
const reportJsonSchema = (): object => ({
  title: 'Drift report of unstale',
  ...z.toJSONSchema(reportSchema, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      // Said already by the format, and true of every JSON number.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  }),
});

/** The text with what stands between `<!-- name:start -->` and `<!-- name:end -->` replaced. */
function withBlock(text: string, name: string, block: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from === -1 || to < from)
    throw new Error(`README.md lacks the lines ${start} and ${end}; put them where the table belongs.`);
  return `${text.slice(0, from + start.length)}\n\n${block}\n\n${text.slice(to)}`;
}

const check = process.argv.includes('--check');
for (const { name, write } of documents) {
  const path = inRepository(name);
  const before = await readFile(path, 'utf8').catch(() => ''); // not there yet
  const after = await format(write(before), { ...(await resolveConfig(path)), filepath: path });
  if (after === before) continue;
  if (check) {
    console.error(`${name} is out of date; run: npx tsx infra/docs/write-reference.ts`);
    process.exitCode = 1;
  } else await writeFile(path, after);
}
