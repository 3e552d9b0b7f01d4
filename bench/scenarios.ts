import { type LoadRequest, runLoad, send } from './load';
import { type BenchUser, BIG } from './seed';

export interface Scenario {
  readonly name: string;
  /** Returns the next request. */
  readonly next: () => LoadRequest;
  /** Creates the data that so many requests need. */
  readonly prepare?: (count: number) => Promise<void>;
}

const DEEP_PAGE = 1_000;

function inTurn<T>(all: readonly T[]): () => T {
  let i = 0;
  return () => all[i++ % all.length] as T;
}

/** Requests of this user to create a task, and to list one page. */
export function createTask({ tasks: path, headers }: BenchUser): LoadRequest {
  return { method: 'POST', path, headers, body: '{"title":"Task of the load"}', status: 201 };
}
export function listTasks({ tasks, headers }: BenchUser, query = ''): LoadRequest {
  return { method: 'GET', path: `${tasks}?limit=20${query}`, headers, status: 200 };
}

/**
 * The measured scenarios: every operation and, with a user who has many tasks, every sort and filter and pages of that
 * list.
 */
export async function scenariosOf(port: number, users: readonly BenchUser[], big?: BenchUser): Promise<Scenario[]> {
  const page = async ({ tasks, headers }: BenchUser, query: string) => {
    const { status, body } = await send({ port }, { method: 'GET', path: `${tasks}?${query}`, headers });
    if (status !== 200) throw new Error(body);
    return JSON.parse(body) as { data: { id: string }[]; next_cursor: string };
  };
  const pages = await Promise.all(users.map((user) => page(user, 'limit=100')));
  const all = pages.flatMap(({ data }, i) =>
    data.map(({ id }) => ({ path: `${users[i]?.tasks}/${id}`, headers: users[i]?.headers ?? {} })),
  );
  const someone = inTurn(users);
  const some = inTurn(all);
  let count = 0;
  const create = () => createTask(someone());
  const list = (name: string, query: string, who = someone): Scenario => ({
    name,
    next: () => listTasks(who(), query),
  });

  const deletable: Pick<LoadRequest, 'path' | 'headers'>[] = [];
  const prepareDeletions = async (many: number) => {
    for (let i = deletable.length; i < many; i++) {
      const loadRequest = create();
      const { body } = await send({ port }, loadRequest);
      deletable.push({ path: `${loadRequest.path}/${JSON.parse(body).id}`, headers: loadRequest.headers ?? {} });
    }
  };
  const operations: Scenario[] = [
    list('GET list(20)', ''),
    { name: 'GET one', next: () => ({ ...some(), method: 'GET', status: 200 }) },
    { name: 'POST', next: create },
    {
      name: 'PATCH',
      next: () => ({ ...some(), method: 'PATCH', body: `{"title":"Changed ${count++} times"}`, status: 200 }),
    },
    { name: 'PATCH /complete', next: () => toggle(some()) },
    {
      name: 'DELETE',
      prepare: prepareDeletions,
      next: () => ({ path: '/', ...deletable.pop(), method: 'DELETE', status: 204 }),
    },
  ];
  if (!big) return operations;
  let deep = await page(big, 'limit=20');
  for (let i = 1; i < DEEP_PAGE; i++) deep = await page(big, `limit=20&cursor=${deep.next_cursor}`);
  return [
    ...operations,
    ...['updated_at', 'due_date', '-due_date', 'priority', 'title'].map((sort) =>
      list(`sort=${sort}`, `&sort=${sort}`),
    ),
    ...['status=todo', 'priority=high', 'tag=rare', 'due_before=2026-01-10', 'completed=true', 'q=about'].map(
      (filter) => list(filter, `&${filter}`),
    ),
    list(`user with ${BIG} tasks: page 1`, '', () => big),
    list(`user with ${BIG} tasks: page ${DEEP_PAGE}`, `&cursor=${deep.next_cursor}`, () => big),
    list(`user with ${BIG} tasks: tag=rare`, '&tag=rare', () => big),
    list(`user with ${BIG} tasks: due_before`, '&due_before=2026-01-10&sort=due_date', () => big),
  ];
}

/** Toggles a task; requests rotate over many tasks, so that they seldom lock the same one. */
function toggle({ path, headers }: Pick<LoadRequest, 'path' | 'headers'>): LoadRequest {
  return { path: `${path}/complete`, ...(headers && { headers }), method: 'PATCH', status: 200 };
}

/** Sends them without measuring, until the server has compiled what it needs. */
export async function warmUp(port: number, connections: number, scenario: Scenario, requests: number): Promise<void> {
  await scenario.prepare?.(requests);
  await runLoad(port, connections, requests, scenario.next);
}
