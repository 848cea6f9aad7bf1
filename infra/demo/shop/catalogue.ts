/** Numbers from 0 up to, not including, 1. */
export type Random = () => number;

export interface Item {
  readonly id: number;
  readonly sku: string;
}

/** What the shop has, the most popular first. Held in memory, as a search engine or a front page would. */
export interface Catalogue {
  readonly items: () => readonly Item[];
  /** Popular products come up often: the first hundredth of them draws about a fifth of all traffic. */
  readonly popular: () => Item;
  readonly add: (item: Item) => void;
  readonly remove: (id: number) => void;
  readonly rename: (id: number, sku: string) => void;
}

export function createCatalogue(initial: readonly Item[], random: Random): Catalogue {
  const items = [...initial];
  const places = new Map(items.map(({ id }, place) => [id, place]));

  const at = (place: number): Item => {
    const item = items[place];
    if (item === undefined) throw new Error('The shop has sold out: its catalogue is empty.');
    return item;
  };

  return {
    items: () => items,
    popular: () => at(popularPlace(random(), items.length)),
    add(item) {
      places.set(item.id, items.length);
      items.push(item);
    },
    remove(id) {
      const place = places.get(id);
      const last = items.pop();
      if (place === undefined || last === undefined)
        throw new Error(`Product ${id} is not in the catalogue.`);
      places.delete(id);
      if (last.id === id) return;
      items[place] = last;
      places.set(last.id, place);
    },
    rename(id, sku) {
      const place = places.get(id);
      if (place !== undefined) items[place] = { id, sku };
    },
  };
}

/** The cube of an even number is skewed much like a shop's traffic, and cheaper to draw than Zipf's law. */
export function popularPlace(even: number, size: number): number {
  return Math.floor(size * even ** 3);
}
