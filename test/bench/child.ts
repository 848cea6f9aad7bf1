/** Scripts that measure in a process of their own, so that the bench's own work is not in their way. */
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { run } from '../../infra/local/native/leash.js';

/** A script of the bench, with the shape of what it is given (as an argument) and what it prints (one line of JSON). */
export interface Script<Input, Output> {
  readonly file: URL;
  readonly input: z.ZodType<Input>;
  readonly output: z.ZodType<Output>;
}

/** None of the scripts works for so long; one that hangs is a failure. */
const timeoutMs = 300_000;

/** @throws ExecaError with what the script wrote to stderr, when it fails or the signal comes */
export async function runScript<Input, Output>(
  script: Script<Input, Output>,
  input: Input,
  signal: AbortSignal,
): Promise<Output> {
  const args = ['--import', import.meta.resolve('tsx'), fileURLToPath(script.file), JSON.stringify(input)];
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const stdout = await run({ file: process.execPath, args }, { signal: inTime });
  return script.output.parse(JSON.parse(stdout));
}

/** In the script: reads what it was given, and prints what it returns. */
export async function answer<Input, Output>(
  script: Script<Input, Output>,
  work: (input: Input) => Promise<Output>,
): Promise<void> {
  const input = script.input.parse(JSON.parse(process.argv[2] ?? 'null'));
  process.stdout.write(`${JSON.stringify(await work(input))}\n`);
}
