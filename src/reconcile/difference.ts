/** A piece of a value; `differs` if the other value lacks it. */
export interface Part {
  readonly text: string;
  readonly differs: boolean;
}

/** Instead of a common part's middle: how many characters are left out. */
export interface Gap {
  readonly leftOut: number;
}

/** Words and numbers as wholes, so that 1.10 against 1.1 is told as two numbers and not as one digit more. */
const TOKEN = /[\p{L}\p{M}\p{N}_.+-]+|\s+|./gsu;
/** Steps of the exact comparison; beyond, all between the common start and the common end counts as different. */
const STEPS_MAX = 250_000;

/** Splits two texts so that the parts which differ can be shown; the parts of each, joined, are the text again. */
export function differenceOf(one: string, other: string): readonly [Part[], Part[]] {
  const [a, b] = [tokensOf(one), tokensOf(other)];
  const start = commonLength(a, b, (tokens, index) => tokens[index]);
  const [aRest, bRest] = [a.slice(start), b.slice(start)];
  const end = commonLength(aRest, bRest, (tokens, index) => tokens[tokens.length - 1 - index]);
  const [aMiddle, bMiddle] = [aRest.slice(0, aRest.length - end), bRest.slice(0, bRest.length - end)];
  const [inA, inB] = commonTokens(aMiddle, bMiddle);
  const partsOf = (tokens: readonly string[], middle: number, common: ReadonlySet<number>): Part[] =>
    joined(
      tokens.map((text, index) => {
        const inMiddle = index >= start && index < start + middle;
        return { text, differs: inMiddle && !common.has(index - start) };
      }),
    );
  return [partsOf(a, aMiddle.length, inA), partsOf(b, bMiddle.length, inB)];
}

/** Leaves common parts out but for their first and last characters, so that what differs is seen in a long value. */
export const withGaps = (parts: readonly Part[], contextLength: number): (Part | Gap)[] =>
  parts.flatMap(({ text, differs }): (Part | Gap)[] => {
    const characters = Array.from(text); // no half of a pair is cut off
    const leftOut = characters.length - 2 * contextLength;
    if (differs || leftOut <= contextLength) return [{ text, differs }];
    const [first, last] = [characters.slice(0, contextLength), characters.slice(contextLength + leftOut)];
    return [{ text: first.join(''), differs }, { leftOut }, { text: last.join(''), differs }];
  });

const tokensOf = (text: string): string[] => text.match(TOKEN) ?? [];

function commonLength(
  a: readonly string[],
  b: readonly string[],
  at: (tokens: readonly string[], index: number) => string | undefined,
): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && at(a, length) === at(b, length)) length++;
  return length;
}

/** The places, in each, of a longest common subsequence. */
function commonTokens(a: readonly string[], b: readonly string[]): readonly [Set<number>, Set<number>] {
  const [inA, inB] = [new Set<number>(), new Set<number>()];
  if (a.length * b.length > STEPS_MAX) return [inA, inB];
  const width = b.length + 1;
  /** How many tokens `a` from row on and `b` from column on have in common. */
  const lengths = new Uint16Array((a.length + 1) * width);
  const lengthAt = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = a.length - 1; row >= 0; row--)
    for (let column = b.length - 1; column >= 0; column--)
      lengths[row * width + column] =
        a[row] === b[column]
          ? lengthAt(row + 1, column + 1) + 1
          : Math.max(lengthAt(row + 1, column), lengthAt(row, column + 1));
  for (let [row, column] = [0, 0]; row < a.length && column < b.length;) {
    if (a[row] === b[column]) {
      inA.add(row++);
      inB.add(column++);
    } else if (lengthAt(row + 1, column) >= lengthAt(row, column + 1)) row++;
    else column++;
  }
  return [inA, inB];
}

function joined(parts: readonly Part[]): Part[] {
  const result: Part[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (last?.differs === part.differs) result[result.length - 1] = { ...part, text: last.text + part.text };
    else result.push(part);
  }
  return result;
}
