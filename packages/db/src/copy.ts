import { is, type SQL, sql } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import type { Driver } from './driver';
import * as schema from './schema';

/** Rate limits expire within minutes. The target records by itself what the backfill has to do. */
const { rateLimits: _, textBackfill: __, ...copiedSchema } = schema;

/** What is copied, each table after those that its foreign keys point to. */
export const copiedTables: ReadonlySet<PgTable> = topologicalOrder(
  Object.values(copiedSchema).filter((value) => is(value, PgTable)),
);

function topologicalOrder(tables: readonly PgTable[], sorted = new Set<PgTable>()): Set<PgTable> {
  for (const table of tables) {
    if (sorted.has(table)) continue;
    const parents = getTableConfig(table)
      .foreignKeys.map((key) => key.reference().foreignTable)
      .filter((parent) => parent !== table);
    topologicalOrder(parents, sorted).add(table);
  }
  return sorted;
}

/** A table as it is on both sides after the copy. */
export interface CopiedTable {
  readonly table: string;
  readonly rows: number;
  /** How many of them were not there before. */
  readonly added: number;
  /** Of all rows with all columns. */
  readonly hash: string;
}

/**
 * Copies every row to a database of the same schema, in one transaction, from one snapshot of the source. Existing rows
 * stay; before the commit, both sides are compared, and must hold the same rows and no others.
 *
 * @throws {Error} when the target holds anything else, or the source does not show its role every row.
 */
export function copyRows(from: Driver, to: Driver): Promise<CopiedTable[]> {
  return from.ownerDb.transaction(
    (source) =>
      to.ownerDb.transaction(async (target) => {
        await Promise.all([source.execute(COPY_SESSION_SETTINGS), target.execute(COPY_SESSION_SETTINGS)]);
        const copied: CopiedTable[] = [];
        for (const table of copiedTables) copied.push(await copyTable(source, target, table));
        return copied;
      }),
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

/** A timestamp has the same text on both sides, and rows that the role may not see are an error instead of missing. */
const COPY_SESSION_SETTINGS = sql`select set_config('timezone', 'UTC', true), set_config('row_security', 'off', true)`;

type Connection = Pick<Driver['ownerDb'], 'execute'>;

const INSUFFICIENT_PRIVILEGE = '42501';

/** A row can take 50 kB, so this many are some megabytes. */
const ROWS_AT_ONCE = 500;

async function copyTable(source: Connection, target: Connection, table: PgTable): Promise<CopiedTable> {
  const { name, columns, policies, primaryKeys } = getTableConfig(table);
  // So that the owner need not bypass row-level security; nobody else sees the table before it is forced again.
  if (policies.length > 0) await target.execute(sql`alter table ${table} no force row level security`);
  const names = columns.filter((column) => !column.generated).map((column) => sql.identifier(column.name));
  const list = sql.join(names, sql`, `);
  // Rows conflict by any key, unless there is one of several columns: others may be deferrable, which cannot be asked for.
  const key = primaryKeys[0]?.columns.map((column) => sql.identifier(column.name));
  const conflict = key ? sql`on conflict (${sql.join(key, sql`, `)})` : sql`on conflict`;
  let added = 0;
  await source
    .execute(sql`declare rows no scroll cursor for select to_json(t)::text as row from ${table} t`)
    .catch((error) => {
      if (error.cause?.code !== INSUFFICIENT_PRIVILEGE) throw error;
      throw new Error(
        `The role of the source does not see every row of ${name}: a superuser can allow it by \`alter role … bypassrls\`.`,
      );
    });
  for (;;) {
    const rows = await read<{ row: string }>(source, sql`fetch ${sql.raw(String(ROWS_AT_ONCE))} from rows`);
    if (rows.length === 0) break;
    const json = `[${rows.map(({ row }) => row).join()}]`;
    const inserted = await read(
      target,
      sql`insert into ${table} (${list}) select ${list} from json_populate_recordset(null::${table}, ${json}::json)
        ${conflict} do nothing returning 1`,
    );
    added += inserted.length;
  }
  await source.execute(sql`close rows`);
  const [one, other] = await Promise.all([checksum(source, table), checksum(target, table)]);
  if (one.rows !== other.rows || one.hash !== other.hash) {
    throw new Error(
      `The target differs in ${name} (${other.rows} rows, the source ${one.rows}): use an empty database, or one where nothing has changed since it was copied.`,
    );
  }
  // A table with checks that are still due cannot be altered.
  await target.execute(sql`set constraints all immediate`);
  await target.execute(sql`set constraints all deferred`);
  if (policies.length > 0) await target.execute(sql`alter table ${table} force row level security`);
  return { table: name, rows: one.rows, added, hash: one.hash };
}

/** The sum of the hashes of the rows, which takes no order and no memory. */
async function checksum(side: Connection, table: PgTable): Promise<{ rows: number; hash: string }> {
  const hash = sql`('x' || left(md5(to_json(t)::text), 16))::bit(64)::bigint`;
  const [found] = await read<{ rows: number; hash: string }>(
    side,
    sql`select count(*)::float8 as rows, md5(coalesce(sum(${hash}), 0)::text) as hash from ${table} t`,
  );
  if (!found) throw new Error('The aggregate returned no row.');
  return found;
}

async function read<Row>(side: Connection, statement: SQL): Promise<Row[]> {
  const { rows } = await side.execute(statement);
  return rows as Row[];
}
