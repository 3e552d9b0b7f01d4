import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Driver, migrationsFolder, openDriver } from '@taskward/db';
import { sql } from 'drizzle-orm';
import { SignJWT } from 'jose';
import { send } from './load';

export interface BenchUser {
  readonly id: string;
  readonly headers: Record<string, string>;
  /** The session cookie, for requesting another token. */
  readonly cookie: string;
  readonly tasks: string;
}

/** Users who send requests at once, each with as many tasks as `SMALL`. */
export const ACTIVE_USERS = 16;
/** Users who send no requests, so that the measured rows are some among many: 1,000 with those who do. */
const CROWD = 984;
export const SMALL = 100;
export const BIG = 100_000;

/** Signs a user up and requests a token, over HTTP. */
export async function signUp(port: number): Promise<BenchUser> {
  const json = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({
    name: 'Bench',
    email: `${randomUUID()}@example.com`,
    password: randomBytes(12).toString('base64url'),
  });
  const signedUp = await send({ port }, { method: 'POST', path: '/api/auth/sign-up/email', headers: json, body });
  if (signedUp.status !== 200) throw new Error(signedUp.body);
  const { id } = JSON.parse(signedUp.body).user;
  const cookie = [signedUp.headers['set-cookie'] ?? []]
    .flat()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
  const token = await send({ port }, { method: 'GET', path: '/api/auth/token', headers: { cookie } });
  const headers = { ...json, Authorization: `Bearer ${JSON.parse(token.body).token}` };
  return { id, headers, cookie, tasks: `/api/${id}/tasks` };
}

export async function migrate(url: string): Promise<void> {
  const driver = await openDriver(url);
  await driver.migrate(migrationsFolder());
  await driver.close();
}

/** Inserts the crowd, who never sign in. */
export async function addCrowd(db: Driver['ownerDb']): Promise<string[]> {
  const { rows } = await db.execute<{ id: string }>(sql`
    insert into "user" (id, name, email)
    select 'crowd-' || n, 'Bench', 'crowd-' || n || '@example.com' from generate_series(1, ${sql.raw(String(CROWD))}) n
    returning id`);
  return rows.map(({ id }) => id);
}

/** Inserts so many varied tasks for each user. */
export async function seedTasks(db: Driver['ownerDb'], ids: readonly string[], count: number): Promise<void> {
  await db.execute(sql`
    insert into tasks
      (user_id, id, title, title_key, description_key, status, priority, due_date, completed_at, created_at, updated_at)
    select u.id, gen_random_uuid(), title, lower(title), '',
      (array['todo', 'in_progress', 'done'])[1 + n % 3], (array['none', 'low', 'medium', 'high'])[1 + n % 4],
      case when n % 5 > 0 then date '2026-01-01' + n % 700 end, case when n % 3 = 2 then now() end,
      now() - n * interval '1 minute', now() - n * interval '1 minute'
    from unnest(${sql.raw(`array[${ids.map((id) => `'${id}'`).join()}]`)}) as u(id), generate_series(1, ${sql.raw(String(count))}) n,
      lateral (select 'Task ' || n || ' of the list, about as long as a title is' as title) written`);
  await db.execute(sql`
    insert into task_tags (user_id, task_id, tag)
    select user_id, id, case when due_date = '2026-01-08' then 'rare' else 'home' end from tasks
    where user_id = any(${sql.raw(`array[${ids.map((id) => `'${id}'`).join()}]`)})`);
}

/** Creates the peer's table, with all tasks as they are now. */
export async function seedPeer(db: Driver['ownerDb']): Promise<void> {
  const schema = readFileSync(new URL('peer/schema.sql', import.meta.url), 'utf8');
  for (const statement of schema.split(';').filter((text) => text.trim())) await db.execute(sql.raw(statement));
  await db.execute(sql`
    insert into peer_tasks
      (user_id, id, title, description, status, priority, due_date, tags, completed_at, created_at, updated_at, version)
    select user_id, id, title, description, status, priority, due_date,
      array(select tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by tag),
      completed_at, created_at, updated_at, version
    from tasks`);
}

export const PEER_SECRET = 'for the peer of the benchmark only: 1732050807';

/** The same user with a token of the peer's. */
export async function toPeerUser(user: BenchUser): Promise<BenchUser> {
  const token = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user.id)
    .setExpirationTime('1d')
    .sign(new TextEncoder().encode(PEER_SECRET));
  return { ...user, headers: { ...user.headers, Authorization: `Bearer ${token}` } };
}
