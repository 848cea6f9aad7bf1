import { UnstaleError } from '../errors.js';

/** The parts of the pipeline that `run --only` can name. */
export const STAGES = ['tail', 'invalidate', 'settle', 'retry', 'reconcile'] as const;
export type StageName = (typeof STAGES)[number];

/** @throws UnstaleError CONFIG_INVALID on a name that is none */
export function parseStages(list: string): ReadonlySet<StageName> {
  const names = list.split(',').map((name) => name.trim());
  const isStage = (name: string): name is StageName => (STAGES as readonly string[]).includes(name);
  const unknown = names.filter((name) => !isStage(name));
  if (unknown.length > 0) {
    throw new UnstaleError(
      'CONFIG_INVALID',
      `--only does not know ${unknown.join(', ')}. Stages: ${STAGES.join(', ')}.`,
    );
  }
  return new Set(names.filter(isStage));
}
