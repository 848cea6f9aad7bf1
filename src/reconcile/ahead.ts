export interface AheadOptions<Place, Piece, Result> {
  readonly first: Place;
  readonly read: (from: Place) => Promise<Piece>;
  /** Undefined behind the last piece. */
  readonly nextOf: (piece: Piece) => Place | undefined;
  readonly work: (piece: Piece) => Promise<Result>;
  readonly piecesAtATime: number;
}

/**
 * Reads pieces one after another, works on some of them at once, and hands the results over in the pieces' order, so
 * that reading, working, and what the caller does overlap. Memory holds the pieces being worked on and the next one.
 * A failure comes in its turn: whatever was read before it is handed over first.
 */
export async function* workAhead<Place, Piece, Result>({
  first,
  read,
  nextOf,
  work,
  piecesAtATime,
}: AheadOptions<Place, Piece, Result>): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  let reading: Promise<Piece> | undefined = read(first);
  while (reading !== undefined || underWay.length > 0) {
    if (reading !== undefined && underWay.length < piecesAtATime) {
      underWay.push(toldLater(reading.then(work)));
      const next: Place | undefined = await reading.then(nextOf, () => undefined);
      reading = next === undefined ? undefined : toldLater(read(next));
    } else {
      const working = underWay.shift();
      if (working !== undefined) yield await working;
    }
  }
}

/** Its failure is no unhandled one, for it will be waited for, unless the caller leaves before. */
function toldLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
