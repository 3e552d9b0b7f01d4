/** The fields of a resource by name, each with its SQL. */
type Fields = Readonly<Record<string, string>>;

/** A point in time as `toTimestamp` reads it. PostgreSQL's `to_char`, which could write it in full, takes six times as long. */
export const utc = (column: string) => `${column} at time zone 'UTC'`;

/** In the format of RFC 3339, UTC, to the millisecond. PostgreSQL leaves out the zeros at the end. */
export function toTimestamp(text: string): string {
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, 23).padEnd(3, '0')}Z`;
}

/** A select list. */
export function toColumns(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, sql]) => (name === sql ? name : `${sql} as ${name}`))
    .join(', ');
}

/** One JSON object. */
export function toJson(fields: Fields): string {
  const pairs = Object.entries(fields).map(([name, sql]) => `'${name}', ${sql}`);
  return `json_build_object(${pairs.join(', ')})`;
}
