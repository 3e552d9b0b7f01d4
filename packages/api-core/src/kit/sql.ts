/** The SQL of a field: as a column, and as a member of a JSON object where that differs. */
type Field = string | { readonly column: string; readonly json: string };
export type Fields = Readonly<Record<string, Field>>;

/** A point in time in UTC. As a column, the driver formats it: `to_char` takes four times as long as PostgreSQL's own format. */
export function utc(column: string): Exclude<Field, string> {
  const local = `${column} at time zone 'UTC'`;
  return { column: local, json: `to_char(${local}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` };
}

/** A select list. */
export function toColumns(fields: Fields): string {
  const column = (field: Field) => (typeof field === 'string' ? field : field.column);
  return Object.entries(fields)
    .map(([name, field]) => (name === field ? name : `${column(field)} as ${name}`))
    .join(', ');
}

/** One JSON object. */
export function toJson(fields: Fields): string {
  const member = (field: Field) => (typeof field === 'string' ? field : field.json);
  return `json_build_object(${Object.entries(fields).map(([name, field]) => `'${name}', ${member(field)}`)})`;
}
