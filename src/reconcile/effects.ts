/** What reconciling needs of MySQL and of the cache. The clients implement it, tests on real servers too. */
import type { CachedValue } from '../domain/cached-value.js';
import type { TableName } from '../domain/change.js';
import type { DbRow } from '../domain/db-row.js';
import type { Position } from '../domain/position.js';
import type { TableSchema } from '../mapping/table-schema.js';

/** A page of a table, in the order of its row key (keyset pagination). */
export interface PageQuery {
  readonly schema: TableSchema;
  readonly columns: readonly string[];
  /** A place between two rows; undefined: from the start. What `rowKeyOf` made of the last row of a page. */
  readonly after: PagePlace | undefined;
  readonly rowsMax: number;
}

/** The row key of the last row read, as JSON, so that it survives a restart. */
export type PagePlace = string;

export interface Page {
  /** Fewer than `rowsMax` at the end of the table. */
  readonly rows: readonly DbRow[];
  /** Behind the last of them; undefined if there are none. */
  readonly next: PagePlace | undefined;
}

/** Rows by the values of some columns; there may be none, or several, for each. */
export interface LookupQuery {
  readonly schema: TableSchema;
  readonly columns: readonly string[];
  readonly by: readonly string[];
  /** For each the values of `by`, none of them NULL. At most 1,000. */
  readonly values: readonly DbRow[];
  /** Each combination of `columns` once, however many rows have it. */
  readonly distinct: boolean;
}

export interface TableReader {
  /** @throws UnstaleError MYSQL_UNREACHABLE, MYSQL_ACCESS_DENIED */
  page(query: PageQuery): Promise<Page>;
  /** Found rows, in no order. The database's collation decides what is equal. */
  lookup(query: LookupQuery): Promise<DbRow[]>;
  /** By the server's statistics; may be far off. */
  estimateRows(table: TableName): Promise<number>;
  /** What the server has executed up to now. */
  executed(): Promise<Position>;
  /** Whether everything up to `watermark` lies within `position`, both of this server's topology. */
  covers(position: Position, watermark: Position): Promise<boolean>;
  close(): Promise<void>;
}

/** How to look at a target: the whole key, a field of a hash, or the declared fields of a hash. */
export interface Probe {
  readonly key: string;
  readonly field?: string | undefined;
  /** Fields to compare, where the mapping declares them; the key is then read as `hash`. */
  readonly fields?: readonly string[] | undefined;
}

export interface CacheReader {
  /** Null where there is no string under the key (so also for other types). */
  strings(keys: readonly string[]): Promise<(string | null)[]>;
  /** For each key its fields; undefined if the key is no hash. A missing key is a hash without fields. */
  hashes(
    keys: readonly string[],
    fields: readonly string[],
  ): Promise<(readonly (string | null)[] | undefined)[]>;
  /** Fields of one hash; undefined if it is none. */
  fields(key: string, fields: readonly string[]): Promise<readonly (string | null)[] | undefined>;
  /** Redis' names of the types; `none` for a missing key. */
  types(keys: readonly string[]): Promise<string[]>;
  /** Every node that holds keys of its own; the primaries of a cluster. */
  nodes(): Promise<readonly CacheNode[]>;
  /** Fields of a large hash, bit by bit. */
  scanFields(key: string, cursor: string, count: number): Promise<{ cursor: string; fields: string[] }>;
  /** Exactly what lies there now. */
  snapshot(probes: readonly Probe[]): Promise<CachedValue[]>;
  close(): Promise<void>;
}

export interface CacheNode {
  /** A cursor means something only to the same process of the same server with the same slots. */
  readonly id: string;
  keyCount(): Promise<number>;
  /** SCAN. Begin with cursor '0'; the end is cursor '0' again. */
  scan(cursor: string, count: number): Promise<KeyPage>;
  /** Time for a PING, in ms. */
  latencyMs(): Promise<number>;
}

export interface KeyPage {
  readonly cursor: string;
  /** One may come twice. */
  readonly keys: readonly string[];
  /** All of them that hold no string, perhaps among some that do. */
  readonly noStrings: readonly string[];
}
