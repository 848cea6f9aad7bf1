/**
 * The vocabulary of unstale, pure and without any client library. Glossary:
 *
 * - change: what one transaction did to one row ({@link RowChange}).
 * - image: a row's mapped columns before or after a change ({@link RowImage}).
 * - message: a change as it lies in the Kafka topic (`message.ts`).
 * - position: how far into the binlog we are (`position.ts`); a checkpoint is a durable position.
 * - mapping: which tables' rows feed which cache keys (`../mapping`).
 * - target: a Redis key, or one field of a Redis hash, to be deleted (`cache-key.ts`).
 * - settle: deleting a second time, once slow readers' fills have landed.
 */

export interface TableName {
  readonly db: string;
  readonly table: string;
}

export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/**
 * A column's value as messages carry it: integers beyond 2^53 and DECIMAL as strings, dates and times as
 * MySQL prints them, binary values as base64, JSON columns as JSON.
 */
export type ColumnValue = JsonValue;

export type RowImage = Readonly<Record<string, ColumnValue>>;

/** What happened to one row. The names of all changed columns are in `changed`, also of those not carried. */
export type RowChange =
  | { readonly operation: 'insert'; readonly table: TableName; readonly after: RowImage }
  | { readonly operation: 'delete'; readonly table: TableName; readonly before: RowImage }
  | {
      readonly operation: 'update';
      readonly table: TableName;
      readonly before: RowImage;
      readonly after: RowImage;
      readonly changed: readonly string[];
    };

/** The row's images: both of an update, in the order before, after. */
export function imagesOf(change: RowChange): readonly RowImage[] {
  switch (change.operation) {
    case 'insert':
      return [change.after];
    case 'delete':
      return [change.before];
    case 'update':
      return [change.before, change.after];
  }
}

/** Where the changes of one binlog event come from. */
export interface ChangeOrigin {
  readonly table: TableName;
  /** The columns whose values name a row. */
  readonly rowKey: readonly string[];
  readonly gtid: string | undefined;
  readonly file: string;
  /** Byte offset behind the event. */
  readonly offset: number;
  /** When the source logged the transaction, ms since 1970, whole seconds. */
  readonly loggedAtMs: number;
}
