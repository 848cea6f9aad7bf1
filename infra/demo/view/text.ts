const english = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 12345 -> 12,345 */
export const count = (n: number): string => english.format(n);

export const ms = (n: number): string => `${n.toFixed(1)} ms`;

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** One character a value, the highest value as a full bar; zero is a dot, so that a single one above it shows. */
export function sparkline(values: readonly number[]): string[] {
  const highest = Math.max(1, ...values);
  return values.map((value) =>
    value === 0 ? '·' : (bars[Math.ceil((value / highest) * bars.length) - 1] ?? ''),
  );
}
