/** What begins and ends with known text. */
export interface Affixes {
  readonly start: string;
  readonly end: string;
}

/** Finds, among thousands, those whose literals a text begins and ends with. */
export interface LiteralIndex<T> {
  lookUp(text: string): Found<T>;
}

export interface Found<T> {
  /** The longest start of all that the text begins with, whatever it ends with; undefined if there is none. */
  readonly start: string | undefined;
  /** Both literals fit; they may overlap. */
  readonly items: readonly T[];
}

/** All that have one start. */
interface StartNode<T> {
  readonly start: string;
  /** The longest other start that this one begins with. */
  readonly shorter: StartNode<T> | undefined;
  readonly ending: (text: string) => readonly T[];
}

export function createLiteralIndex<T extends Affixes>(items: readonly T[]): LiteralIndex<T> {
  const nodes = startNodes(items);
  const nothing: Found<T> = { start: undefined, items: [] };
  return {
    lookUp(text) {
      let node = lastUpTo(nodes, text);
      while (node !== undefined && !text.startsWith(node.start)) node = node.shorter;
      if (node === undefined) return nothing;
      let found = node.ending(text);
      for (let next = node.shorter; next !== undefined; next = next.shorter) {
        const more = next.ending(text);
        if (more.length > 0) found = found.length === 0 ? more : [...found, ...more];
      }
      return { start: node.start, items: found };
    },
  };
}

/** Sorted by start: what begins with a text stands right behind it. */
function startNodes<T extends Affixes>(items: readonly T[]): readonly StartNode<T>[] {
  const byStart = grouped(items, ({ start }) => start);
  const nodes: StartNode<T>[] = [];
  for (const start of [...byStart.keys()].sort()) {
    let shorter = nodes.at(-1);
    while (shorter !== undefined && !start.startsWith(shorter.start)) shorter = shorter.shorter;
    nodes.push({ start, shorter, ending: byEnd(byStart.get(start) ?? []) });
  }
  return nodes;
}

/**
 * The last node whose start does not sort behind the text. Each start that the text begins with is this one, or one
 * that this one begins with, since nothing else sorts between such a start and the text.
 */
function lastUpTo<T>(nodes: readonly StartNode<T>[], text: string): StartNode<T> | undefined {
  let [low, high] = [0, nodes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((nodes[middle]?.start ?? '') <= text) low = middle + 1;
    else high = middle;
  }
  return nodes[low - 1];
}

/** Looks the text's end up once for each length that ends have; a thousand variants often differ in nothing else. */
function byEnd<T extends Affixes>(items: readonly T[]): (text: string) => readonly T[] {
  const byLength = [...grouped(items, ({ end }) => end.length)].map(([length, ofLength]) => ({
    length,
    ends: grouped(ofLength, ({ end }) => end),
  }));
  return (text) => {
    let found: readonly T[] = [];
    for (const { length, ends } of byLength) {
      const more = ends.get(text.slice(Math.max(0, text.length - length)));
      if (more !== undefined) found = found.length === 0 ? more : [...found, ...more];
    }
    return found;
  };
}

function grouped<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
