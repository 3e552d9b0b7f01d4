import { type LoadRequest, send } from './load';
import type { BenchUser } from './seed';

/** Requests of one kind. */
export interface Scenario {
  readonly name: string;
  /** Returns the next request. */
  readonly next: () => LoadRequest;
}

const DEEP_PAGE = 1_000;

export const constant: Scenario = {
  name: '`GET`, nothing else',
  next: () => ({ method: 'GET', path: '/api/constant', status: 200 }),
};

/** The request of a list, with path parameter, query and token. */
export const constantLikeList = (user: BenchUser): Scenario => ({
  name: 'with the path, query and token of a list',
  next: () => listTasks(user),
});

/** Requests of this user to create a task, and to list one page. */
export function createTask({ tasks: path, headers }: BenchUser): LoadRequest {
  return { method: 'POST', path, headers, body: '{"title":"Task of the load"}', status: 201 };
}
export function listTasks({ tasks, headers }: BenchUser, query = ''): LoadRequest {
  return { method: 'GET', path: `${tasks}?limit=20${query}`, headers, status: 200 };
}

interface Page {
  readonly data: readonly { readonly id: string }[];
  readonly next_cursor: string | null;
}

async function fetchPage(port: number, { tasks, headers }: BenchUser, query: string): Promise<Page> {
  const { status, body } = await send({ port }, { method: 'GET', path: `${tasks}?${query}`, headers });
  if (status !== 200) throw new Error(body);
  return JSON.parse(body);
}

/**
 * The operations, on a server where these users have their first tasks only. `DELETE` deletes what `POST` has created, so
 * both have to be requested equally often, and the tables do not grow.
 */
export async function operationsOf(port: number, users: readonly BenchUser[]): Promise<Scenario[]> {
  const pages = await Promise.all(users.map((user) => fetchPage(port, user, 'limit=100')));
  const tasks = pages.flatMap(({ data }, i) =>
    data.map(({ id }) => ({ path: `${users[i]?.tasks}/${id}`, headers: users[i]?.headers ?? {} })),
  );
  const created: Pick<LoadRequest, 'path' | 'headers'>[] = [];
  const someone = inTurn(users);
  // Many tasks in turn, so that concurrent requests seldom lock the same one.
  const some = inTurn(tasks);
  let count = 0;
  return [
    { name: '`GET` one', next: () => ({ ...some(), method: 'GET', status: 200 }) },
    { name: '`GET` list(20)', next: () => listTasks(someone()) },
    {
      name: '`POST`',
      next: () => {
        const { path, headers = {}, ...request } = createTask(someone());
        const onBody = (body: string) => created.push({ path: `${path}/${JSON.parse(body).id}`, headers });
        return { ...request, path, headers, onBody };
      },
    },
    {
      name: '`PATCH`',
      next: () => ({ ...some(), method: 'PATCH', body: `{"title":"Changed ${count++} times"}`, status: 200 }),
    },
    {
      name: '`PATCH /complete`',
      next: () => {
        const { path, headers } = some();
        const { 'Content-Type': _, ...withoutBody } = headers;
        return { path: `${path}/complete`, headers: withoutBody, method: 'PATCH', status: 200 };
      },
    },
    {
      name: '`DELETE`',
      next: () => {
        const { path, headers } = created.shift() ?? { path: '/' };
        const { 'Content-Type': _, ...withoutBody } = headers ?? {};
        return { path, headers: withoutBody, method: 'DELETE', status: 204 };
      },
    },
  ];
}

export interface LongList {
  readonly name: string;
  readonly big: Scenario;
  /** The same of the user with few tasks. */
  readonly small: Scenario;
  /** How many tasks are in the response. */
  readonly tasks: { readonly big: number; readonly small: number };
}

/** Lists of a user with many tasks, and the same of a user with few. */
export async function longListsOf(port: number, big: BenchUser, small: BenchUser): Promise<LongList[]> {
  const cursorOf = async (user: BenchUser, pages: number) => {
    let cursor = '';
    for (let i = 1; i < pages; i++)
      cursor = `&cursor=${(await fetchPage(port, user, `limit=20${cursor}`)).next_cursor}`;
    return cursor;
  };
  const longList = async (name: string, bigQuery: string, smallQuery = bigQuery): Promise<LongList> => {
    const [bigPage, smallPage] = await Promise.all([
      fetchPage(port, big, `limit=20${bigQuery}`),
      fetchPage(port, small, `limit=20${smallQuery}`),
    ]);
    return {
      name,
      big: { name, next: () => listTasks(big, bigQuery) },
      small: { name, next: () => listTasks(small, smallQuery) },
      tasks: { big: bigPage.data.length, small: smallPage.data.length },
    };
  };
  return [
    await longList('page 1', ''),
    await longList(`page ${DEEP_PAGE} (page 2)`, await cursorOf(big, DEEP_PAGE), await cursorOf(small, 2)),
    await longList('`tag=rare`', '&tag=rare'),
    await longList('`due_before`, by due date', '&due_before=2026-01-10&sort=due_date'),
  ];
}

function inTurn<T>(all: readonly T[]): () => T {
  let i = 0;
  return () => all[i++ % all.length] as T;
}
