/**
 * Tells people. In: alerts, from any stage. Out: JSON posted to the webhook, one at a time, in order; and a log line.
 * Never throws and never makes the caller wait. At most 100 wait; what comes beyond is logged, counted and dropped.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonValue } from '../domain/change.js';
import { messageOf } from '../errors.js';
import type { Logger } from './logger.js';

export interface Alert {
  /** Machine-readable, such as `retries_exhausted`. */
  readonly event: string;
  /** One line for people. */
  readonly title: string;
  readonly details: Readonly<Record<string, JsonValue>>;
}

export type AlertOutcome = 'sent' | 'failed' | 'dropped' | 'logged';

export interface AlertsOptions {
  /** The configuration's `name`, so that a reader of many knows whose alert it is. */
  readonly name: string;
  /** One attempt to post; absent without a webhook. */
  readonly post?: ((body: object) => Promise<void>) | undefined;
  readonly log: Logger;
  readonly count: (outcome: AlertOutcome) => void;
  /** Waits between attempts; one more attempt than waits. */
  readonly retryDelaysMs?: readonly number[];
  readonly pendingMax?: number;
  /** How long stop() lets pending alerts go out. */
  readonly drainMs?: number;
}

export interface Alerts {
  alert(alert: Alert): void;
  /** Sends what is pending, for a bounded time. */
  stop(): Promise<void>;
}

export function createAlerts(options: AlertsOptions): Alerts {
  const {
    name,
    post,
    log,
    count,
    retryDelaysMs = [500, 2_000, 8_000],
    pendingMax = 100,
    drainMs = 3_000,
  } = options;
  const pending: object[] = [];
  const aborter = new AbortController();
  let sending: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  const sendAll = async (send: (body: object) => Promise<void>): Promise<void> => {
    for (let body = pending[0]; body !== undefined && !aborter.signal.aborted; body = pending[0]) {
      const error = await tryToSend(() => send(body), retryDelaysMs, aborter.signal);
      pending.shift();
      if (error !== undefined) log.error({ alert: body, reason: error }, 'an alert could not be sent');
      count(error === undefined ? 'sent' : 'failed');
    }
    sending = undefined;
  };

  return {
    alert({ event, title, details }) {
      log.warn({ event, details }, title);
      if (post === undefined) {
        count('logged');
      } else if (pending.length >= pendingMax || stopping !== undefined) {
        count('dropped');
        log.error({ event }, 'an alert was dropped, since too many wait or the process ends');
      } else {
        // `text` is what chat webhooks show.
        pending.push({
          event,
          title,
          text: `[${name}] ${title}`,
          name,
          at: new Date().toISOString(),
          details,
        });
        sending ??= sendAll(post);
      }
    },
    stop() {
      stopping ??= drain(() => sending, drainMs).then(() => {
        aborter.abort();
        if (pending.length > 0)
          log.error({ alerts: pending.length }, 'alerts were not sent before the process ended');
      });
      return stopping;
    },
  };
}

/** Resolves to the last error's text, or undefined when it was sent. */
async function tryToSend(
  send: () => Promise<void>,
  delaysMs: readonly number[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await send();
      return undefined;
    } catch (error) {
      const delayMs = delaysMs[attempt];
      if (delayMs === undefined) return messageOf(error);
      const cancelled = await sleep(delayMs, false, { signal }).catch(() => true); // rejects only when aborted
      if (cancelled) return messageOf(error);
    }
  }
}

async function drain(sending: () => Promise<void> | undefined, drainMs: number): Promise<void> {
  const enough = new AbortController();
  await Promise.race([sending(), sleep(drainMs, undefined, { signal: enough.signal })]);
  enough.abort();
}
