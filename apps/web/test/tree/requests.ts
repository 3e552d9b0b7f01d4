import { randomUUID } from 'node:crypto';
import type { List, Problem, Task } from '@taskward/api-core';
import { expect } from 'vitest';
import { send, type TestUser } from '../harness';
import { execute } from '../journal/requests';
import { createTask, getPage, type QueryParameters, sendAs } from '../task-requests';

/** Requests of a user about lists, sub-tasks and their order. */

export const patch = (user: TestUser, id: string, body: object, headers: HeadersInit = {}): Promise<Response> =>
  sendAs(user, 'PATCH', `/${id}`, body, headers);
export const put = (user: TestUser, id: string, body: object): Promise<Response> =>
  sendAs(user, 'PUT', `/${id}`, { title: 'Put', ...body });
export const requestMove = (user: TestUser, id: string, body: object, headers: HeadersInit = {}): Promise<Response> =>
  sendAs(user, 'PATCH', `/${id}/move`, body, headers);

/** The task of a response that succeeded. */
export async function taskOf(request: Promise<Response>): Promise<Task> {
  const response = await request;
  const body = await response.json();
  expect([200, 201], JSON.stringify(body)).toContain(response.status);
  return body;
}

export const move = (user: TestUser, id: string, body: object): Promise<Task> => taskOf(requestMove(user, id, body));

/** Creates a list; returns its id. */
export async function createList(user: TestUser, name = 'List'): Promise<string> {
  const response = await send('POST', `/api/${user.id}/lists`, { token: user.token, body: { name } });
  expect(response.status).toBe(201);
  const { id }: List = await response.json();
  return id;
}

export const deleteList = (user: TestUser, id: string): Promise<Response> =>
  send('DELETE', `/api/${user.id}/lists/${id}`, { token: user.token });

export interface Place {
  readonly list_id?: string | null;
  readonly parent_id?: string | null;
}

/** Titles, each with those below it. */
export interface Outline {
  readonly [title: string]: Outline;
}

/** Creates a tree; returns the ids by title. */
export async function plant<Title extends string>(
  user: TestUser,
  outline: Outline,
  place: Place = {},
): Promise<Record<Title, string>> {
  const ids: Record<string, string> = {};
  for (const [title, below] of Object.entries(outline)) {
    const { id } = await createTask(user, { title, ...place });
    Object.assign(ids, { [title]: id }, await plant(user, below, { parent_id: id }));
  }
  return ids;
}

/** Five levels. */
export const DEEPEST = { a: { b: { c: { d: { e: {} } } } } };
export type Deepest = 'a' | 'b' | 'c' | 'd' | 'e';

/** The titles of the tasks at a place, in their order. */
export async function titlesAt(user: TestUser, place: Place = {}): Promise<string[]> {
  const query: QueryParameters = place.parent_id
    ? { parent: place.parent_id }
    : { parent: 'none', list: place.list_id ?? 'inbox' };
  const { data } = await getPage(user, { ...query, sort: 'position', limit: '100' });
  expect(data.map(({ position }) => position)).toEqual([...new Set(data.map(({ position }) => position))].sort());
  return data.map(({ title }) => title);
}

/** All tasks as an outline, with what lists they are in. */
export async function outlineOf(user: TestUser): Promise<unknown> {
  const { data } = await getPage(user, { limit: '100' });
  const sorted = data.sort((a, b) => (a.position < b.position ? -1 : 1));
  const below = (parent: string | null, list?: string | null): Outline =>
    Object.fromEntries(
      sorted
        .filter((task) => task.parent_id === parent && (list === undefined || task.list_id === list))
        .map((task) => [task.title, below(task.id)]),
    );
  const lists = [...new Set(sorted.map(({ list_id }) => list_id))];
  return Object.fromEntries(lists.map((list) => [list ?? 'inbox', below(null, list)]));
}

/** The errors of a 422, as pairs of pointer and code. */
export async function errorsOf(response: Response): Promise<string[]> {
  const { errors = [], type }: Problem = await response.json();
  expect([response.status, type]).toEqual([422, '/problems/validation']);
  return errors.map(({ pointer, code }) => `${pointer} ${code}`).sort();
}

/** All that is stored of the user's tasks, lists and journal, to show that nothing was changed. */
export const storedRows = (user: TestUser): Promise<Record<string, unknown>[]> =>
  execute(
    ['tasks', 'lists', 'journals', 'changes', 'idempotency_keys']
      .map((table) => `select '${table} ' || to_jsonb(x)::text as row from ${table} x where user_id = '${user.id}'`)
      .join(' union all '),
  ).then((rows) => rows.sort((a, b) => (String(a.row) < String(b.row) ? -1 : 1)));

/** Expects that an attempt fails in this way, and changes nothing. */
export async function expectRefused(user: TestUser, attempt: () => Promise<Response>, expected: number | string[]) {
  const before = await storedRows(user);
  const response = await attempt();
  if (typeof expected === 'number') expect(response.status, await response.text()).toBe(expected);
  else expect(await errorsOf(response)).toEqual(expected);
  expect(await storedRows(user)).toEqual(before);
}

const NIL = '00000000-0000-0000-0000-000000000000';

/**
 * Creates tasks at the end of a place by one statement, as a user with very many has them: as requests would, but without
 * entries in the journal.
 */
export async function insertTasks({ id: userId }: TestUser, count: number, place: Place = {}): Promise<void> {
  const [parent = 'null', list = 'null'] = [place.parent_id, place.list_id].map((id) => id && `'${id}'`);
  await execute(`insert into tasks (user_id, id, title, title_key, description_key, list_id, parent_id, position)
    select '${userId}', gen_random_uuid(), 'Task ' || i, 'task ' || i, '', ${list ?? 'null'}::uuid, ${parent ?? 'null'}::uuid, (
      (select coalesce(max(left(position, 10))::bigint, 4999999999) from tasks
        where user_id = '${userId}' and place = coalesce(${parent ?? 'null'}::uuid, ${list ?? 'null'}::uuid, '${NIL}')) + i)::text
    from generate_series(1, ${count}) i`);
  await execute(`insert into journals (user_id, seq, at, tasks) values ('${userId}', 1, now(), ${count})
    on conflict (user_id) do update set tasks = journals.tasks + ${count}`);
}

/** Whatever is against the rules of trees in the user's tasks, by one statement, which sees one moment. */
export const treeProblems = ({ id }: TestUser): Promise<Record<string, unknown>[]> =>
  execute(`with recursive own as materialized (select * from tasks where user_id = '${id}'), up as (
      select id, id as ancestor_id, parent_id, 1 as level from own
      union all
      select up.id, t.id, t.parent_id, level + 1 from up join tasks t on t.user_id = '${id}' and t.id = up.parent_id
      where level < 20
    )
    select 'cycle or too deep' as problem, id::text from up group by id having max(level) > 5
    union all select 'too many below', ancestor_id::text from up group by ancestor_id having count(*) > 1001
    union all select 'no parent', id::text from own where parent_id is not null and parent_id not in (select id from own)
    union all select 'other list', own.id::text from own
      join tasks parent on parent.user_id = '${id}' and parent.id = own.parent_id
      where own.list_id is distinct from parent.list_id
    union all select 'position', position from own group by list_id, parent_id, position having count(*) > 1
    union all select 'long position', id::text from own where length(position) > 60`);

/** An id of each kind that a user cannot use: of nothing, of something of another user's, and of something else of theirs. */
export async function foreignIds(other: TestUser): Promise<{ missing: string; task: string; list: string }> {
  return { missing: randomUUID(), task: (await createTask(other)).id, list: await createList(other) };
}
