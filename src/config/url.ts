/** The URL as logs and errors may show it: the password, and whatever the query holds, hidden. */
export function redactUrl(value: string): string {
  if (!URL.canParse(value) || hasLateAt(new URL(value))) {
    return value.includes('@') ? `***@${value.slice(value.lastIndexOf('@') + 1)}` : '(not a URL)';
  }
  const parsed = new URL(value);
  if (parsed.password !== '') parsed.password = '***';
  for (const name of [...parsed.searchParams.keys()]) parsed.searchParams.set(name, '***');
  parsed.hash = '';
  return parsed.href;
}

/** What is wrong with a server's URL, and what would be right; never repeats the URL. */
export function urlProblem(value: string, schemes: readonly string[], example: string): string | undefined {
  const expected = `expected a URL like ${example}`;
  if (!URL.canParse(value)) return `${expected}; ${encodingHint}`;
  const parsed = new URL(value);
  const { hostname, username, password } = parsed;
  const scheme = parsed.protocol.slice(0, -1);
  if (!schemes.includes(scheme)) return `${expected}; this one begins with another scheme`;
  if (hostname === '') return `${expected}; this one names no host`;
  const isServer = !scheme.startsWith('http'); // a web address may hold an @ anywhere
  if ((isServer && hasLateAt(parsed)) || !isEncoded(username) || !isEncoded(password)) {
    return `${expected}; ${encodingHint}`;
  }
  return undefined;
}

/** A raw # or / or ? in a password ends the host early, and the @ lands behind it. */
const hasLateAt = ({ pathname, search, hash }: URL): boolean => (pathname + search + hash).includes('@');

const encodingHint = 'characters like @ / # ? % in the password must be percent-encoded (@ is %40)';

function isEncoded(value: string): boolean {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false; // a % that begins no escape
  }
}

/** Host and port of a Redis URL or address in one spelling, so that two can be compared. */
export function serverId(host: string, port: number): string {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return `${name === 'localhost' || name === '::1' ? '127.0.0.1' : name}:${port}`;
}
