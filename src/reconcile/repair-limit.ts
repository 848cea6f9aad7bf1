export interface RepairLimit {
  readonly share: number;
  readonly count: number;
}

/** However few values were looked at, so many may be deleted: else a small cache could never be mended. */
const ALWAYS_ALLOWED = 100;

/** How many more values a run may delete, after it has looked at so many and deleted so many. */
export function repairsLeft({ share, count }: RepairLimit, looked: number, repaired: number): number {
  const allowed = Math.min(count, Math.max(ALWAYS_ALLOWED, Math.floor(looked * share)));
  return Math.max(0, allowed - repaired);
}
