/** Posts JSON to the alert webhook. Its URL may hold a secret, so that errors name only the origin. */
import { messageOf } from '../errors.js';

export interface WebhookOptions {
  readonly url: string;
  readonly timeoutMs: number;
}

/** One attempt. Rejects unless the answer is 2xx in time. */
export type PostJson = (body: object) => Promise<void>;

export function createWebhook({ url, timeoutMs }: WebhookOptions): PostJson {
  const { origin } = new URL(url);
  return async (body) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      // Following a redirect could turn the POST into a GET, and lose the alert behind a 200.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((error: unknown) => {
      // fetch itself says only "fetch failed"; the cause says why.
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      throw new Error(`The webhook at ${origin} did not answer: ${messageOf(cause)}`, { cause });
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`The webhook at ${origin} answered ${response.status}`);
  };
}
