import type { CacheKey } from '../domain/cache-key.js';
import type { TableMapping } from './table-mapping.js';
import { parseTemplate } from './template.js';

/**
 * Tells whether some template could have made a key. For keys that come back from outside, such as the retry queue:
 * what no template explains is not ours to delete (guarantee 6).
 */
export function createKeyMatcher(
  tables: readonly TableMapping[],
  { keyPrefix = '' }: { readonly keyPrefix?: string } = {},
): (key: string) => key is CacheKey {
  const patterns = tables.flatMap(({ keys }) => keys.map(({ key }) => patternOf(key, keyPrefix)));
  return (key): key is CacheKey => patterns.some((pattern) => pattern.test(key));
}

/** Any text may stand where a column, a capture or a name of `with` does. */
function patternOf(template: string, keyPrefix: string): RegExp {
  const parsed = parseTemplate(template);
  const parts = parsed.kind === 'problem' ? [] : parsed.parts;
  const body = parts.map((part) => (part.kind === 'text' ? escapeRegExp(part.text) : '.*')).join('');
  return new RegExp(`^${escapeRegExp(keyPrefix)}${body}$`, 's');
}

const escapeRegExp = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
