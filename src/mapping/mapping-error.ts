import { UnstaleError } from '../errors.js';

/** All problems of a mapping as one error, so that they can be mended in one go. */
export function mappingError(problems: readonly string[]): UnstaleError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new UnstaleError(
    'MAPPING_INVALID',
    `The mapping has ${count}:\n${problems.map((text) => `  ${text}`).join('\n')}`,
  );
}
