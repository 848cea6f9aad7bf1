import type { AuditResult } from './audit.js';
import type { UnstaleFigures } from './metrics.js';
import { createLatencies, type Latencies } from './probe/latencies.js';
import { giveUpMs } from './probe/probe.js';
import { createRate } from './rate.js';
import type { ShopCounters } from './shop/shop.js';
import type { Note, Phase, ViewState } from './view/state.js';

/** Gathers what threads, audit and metrics tell, and makes of it what the view shows. */
export interface Board {
  readonly latencies: Latencies;
  readonly shop: (counters: ShopCounters) => void;
  readonly audit: (result: AuditResult) => void;
  readonly unstale: (figures: UnstaleFigures) => void;
  readonly enter: (phase: Phase, seconds?: number) => void;
  readonly note: (text: string) => void;
  /** Called once a second, for the sparkline. */
  readonly tick: () => void;
  readonly view: () => ViewState;
}

const historyMax = 600;

export function createBoard(nowMs: () => number): Board {
  const startedMs = nowMs();
  const latencies = createLatencies(giveUpMs);
  const rates = { changes: createRate(nowMs), lookUps: createRate(nowMs), deleted: createRate(nowMs) };
  const history: { stale: number; phase: Phase }[] = [];
  const notes: Note[] = [];
  let phase: Phase = 'without';
  let endsMs: number | undefined;
  let shop: ShopCounters = { changes: 0, reads: 0, hits: 0 };
  let stale = 0;
  let cached = 0;
  let unstale: UnstaleFigures | undefined;

  return {
    latencies,
    shop(counters) {
      shop = counters;
      rates.changes.observe(counters.changes);
      rates.lookUps.observe(counters.reads);
    },
    audit(result) {
      stale = result.stale.length;
      cached = result.cached;
    },
    unstale(figures) {
      unstale = figures;
      rates.deleted.observe(figures.deleted);
    },
    enter(next, seconds) {
      phase = next;
      endsMs = seconds === undefined ? undefined : nowMs() + seconds * 1000;
    },
    note(text) {
      notes.push({ atSeconds: (nowMs() - startedMs) / 1000, text });
    },
    tick() {
      history.push({ stale, phase });
      if (history.length > historyMax) history.shift();
    },
    view: () => ({
      phase,
      secondsLeft: endsMs === undefined ? undefined : Math.max(0, Math.ceil((endsMs - nowMs()) / 1000)),
      changes: shop.changes,
      changesRate: rates.changes.perSecond(),
      lookUpsRate: rates.lookUps.perSecond(),
      hitShare: shop.reads === 0 ? 0 : shop.hits / shop.reads,
      deleted: unstale?.deleted ?? 0,
      deletedRate: rates.deleted.perSecond(),
      removed: unstale?.removed ?? 0,
      latency: latencies.recent(),
      staleNow: stale,
      cached,
      history,
      retries: unstale?.retries ?? 0,
      retriesWaiting: unstale?.retriesWaiting ?? 0,
      notes,
    }),
  };
}
