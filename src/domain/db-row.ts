/**
 * A column's value as a SELECT of ours hands it over: integers up to 2^53 as numbers, beyond that and DECIMAL as
 * digits, FLOAT and DOUBLE as numbers, dates and times as MySQL prints them (TIMESTAMP in UTC), JSON as its text,
 * binary strings and BIT as bytes.
 */
export type DbValue = null | number | string | Buffer;

/** A row, in the order of the columns that were asked for. */
export type DbRow = readonly DbValue[];
