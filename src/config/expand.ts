/** Where `${}` takes its values from; the only way in for the environment. */
export interface ExpandSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the file of a `${file:PATH}`; throws if it cannot. */
  readonly readSecret: (path: string) => string;
}

export interface Expanded {
  readonly text: string;
  /** What was put in, and what stands for it in the file, so that messages need not tell a secret. */
  readonly insertions: readonly Insertion[];
  readonly problems: readonly string[];
}

export interface Insertion {
  readonly value: string;
  readonly reference: string;
}

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g;
const form = 'expected ${NAME}, ${NAME:-default} or ${file:PATH}; a literal ${ is written $${';

/** Replaces `${NAME}`, `${NAME:-default}` and `${file:PATH}`. What is put in is not looked at again. */
export function expand(source: string, sources: ExpandSources): Expanded {
  const insertions: Insertion[] = [];
  const problems: string[] = [];
  const text = source.replace(reference, (found: string, body: string | undefined, end: string) => {
    if (body === undefined) return '${';
    const resolved = end === '' ? { problem: `this \${ is never closed; ${form}` } : resolve(body, sources);
    if ('problem' in resolved) {
      problems.push(resolved.problem);
      return found;
    }
    insertions.push({ value: resolved.value, reference: found });
    return resolved.value;
  });
  return { text, insertions, problems };
}

type Resolved = { readonly value: string } | { readonly problem: string };

function resolve(body: string, { env, readSecret }: ExpandSources): Resolved {
  if (body.startsWith('file:')) return fileText(body.slice('file:'.length), readSecret);
  const [, name, fallback] = /^([A-Za-z_]\w*)(?::-(.*))?$/s.exec(body) ?? [];
  if (name === undefined) return { problem: `\${${body}} is none of our references; ${form}` };
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  // As in a shell: with a default, an empty variable counts as unset.
  if (fallback !== undefined) return { value: value === undefined || value === '' ? fallback : value };
  return value === undefined
    ? { problem: `the environment variable ${name} is not set; set it, or write \${${name}:-default}` }
    : { value };
}

function fileText(path: string, readSecret: ExpandSources['readSecret']): Resolved {
  try {
    return { value: readSecret(path).replace(/\r?\n$/, '') };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read';
    return { problem: `the file ${path} cannot be read (${why}); mount it, or correct the path` };
  }
}
