/**
 * PostgreSQL array literals, one per column, for set-based statements over `unnest`. Written by hand because these stand on the hot path
 * of ingestion: the driver's own conversion walks and escapes every element.
 */

/** Numbers, bigints, booleans, UUIDs, dates, hex: text that needs no quoting. Null becomes NULL. */
export function plainArray(values: readonly (number | bigint | boolean | string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : value)).join(',')}}`;
}

/** Any text. Null becomes NULL. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value.replace(/["\\]/g, '\\$&')}"`)).join(',')}}`;
}

/** Bytes, for `bytea[]`. */
export function bytesArray(values: readonly Buffer[]): string {
  return `{${values.map((value) => `"\\\\x${value.toString('hex')}"`).join(',')}}`;
}
