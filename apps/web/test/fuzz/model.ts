import { foldText } from '@taskward/db/text';
import { type Fields, PRIORITIES, type Query } from './model-steps';

/** An in-memory model of the API, which predicts the response to each request. */

export interface Task extends Fields {
  id: string;
  user_id: string;
  list_id: null;
  parent_id: null;
  position: string;
  completed: boolean;
  completed_at: string | null;
  created_at: string;
  updated_at: string;
  version: number;
}

/** The versions in a header field: those of strong tags and those of weak ones. */
export interface Named {
  readonly any: boolean;
  readonly strong: readonly number[];
  readonly weak: readonly number[];
}

/** A request, in terms of the model. */
export interface ModelRequest {
  readonly op: 'list' | 'create' | 'get' | 'replace' | 'update' | 'complete' | 'remove';
  readonly isAuthenticated: boolean;
  readonly actor: string;
  readonly owner: string;
  readonly id?: string;
  readonly means: Partial<Fields> & { completed?: boolean };
  /** Such as `body /title`. */
  readonly errorPointers: readonly string[];
  readonly ifMatch?: Named | undefined;
  readonly ifNoneMatch?: Named | undefined;
  /** Null for a malformed key. */
  readonly key?: string | null | undefined;
  readonly query?: Query;
  /** The last task of the previous page. */
  readonly after?: Task | undefined;
}

type Draft = Omit<Task, 'completed_at' | 'created_at' | 'updated_at'>;
/** A response; undefined fields are absent from it. */
export interface Expected {
  readonly status: number;
  readonly problem?: string;
  readonly errorPointers?: readonly string[];
  readonly etag?: string;
  readonly location?: string;
  readonly isReplayed?: true;
  /** The task before, and the new one without its timestamps. */
  readonly write?: { readonly was?: Task | undefined; readonly draft: Draft };
  /** Exactly. */
  readonly body?: Task | { readonly data: readonly Task[]; readonly more: boolean };
}

const DEFAULTS: Omit<Fields, 'title'> = {
  description: null,
  status: 'todo',
  priority: 'none',
  due_date: null,
  tags: [],
};
const refuse = (status: number, problem: string, rest: Partial<Expected> = {}): Expected => ({
  status,
  problem,
  ...rest,
});
const etagOf = ({ version }: { version: number }) => `"${version}"`;
const byCodePoint = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

export class Model {
  private readonly tasks = new Map<string, Map<string, Task>>();
  /** Of tasks that were deleted, by owner and id: a task that comes back continues from there. */
  private readonly lastVersions = new Map<string, number>();
  private readonly storedResponses = new Map<string, { what: string; first: Expected }>();

  of(user: string): Map<string, Task> {
    const found = this.tasks.get(user) ?? new Map<string, Task>();
    this.tasks.set(user, found);
    return found;
  }

  /** The checks in the order of the server; then the stored tasks. */
  predict(request: ModelRequest): Expected {
    if (!request.isAuthenticated) return refuse(401, 'unauthorized');
    if (request.actor !== request.owner) return refuse(403, 'forbidden');
    if (request.errorPointers.length > 0)
      return refuse(422, 'validation', { errorPointers: [...request.errorPointers].sort() });
    if (request.op === 'list') return this.list(request);
    if (request.id === 'no uuid') return refuse(404, 'not_found');
    if (request.key === null && takesKey(request)) return refuse(400, 'malformed_header');
    const storedResponses = takesKey(request) ? this.storedResponses.get(keyOf(request)) : undefined;
    if (storedResponses?.what === whatOf(request)) return { ...storedResponses.first, isReplayed: true };
    if (storedResponses) return refuse(422, 'validation', { errorPointers: ['header /Idempotency-Key'] });
    const was = this.of(request.owner).get(request.id ?? '');
    if (!was && request.op !== 'create' && request.op !== 'replace') return refuse(404, 'not_found');
    const current = was ? { etag: etagOf(was) } : {};
    if (request.ifMatch && !names(request.ifMatch, was, 'strong')) return refuse(412, 'precondition_failed', current);
    if (request.ifNoneMatch && names(request.ifNoneMatch, was, 'weak')) {
      return request.op === 'get' ? { status: 304, ...current } : refuse(412, 'precondition_failed', current);
    }
    if (request.op === 'remove') return { status: 204 };
    if (request.op === 'get' && was) return { status: 200, ...current, body: was };
    const lastVersion = this.lastVersions.get(`${request.owner} ${request.id}`);
    return write(request, was, lastVersion, was?.position ?? this.end(request.owner));
  }

  /** The position after all tasks of the user. */
  private end(user: string): string {
    const positions = [...this.of(user).values()].map(({ position }) => Number(position));
    return String(Math.max(4_999_999_999, ...positions) + 1);
  }

  /** Stores the task of the response, with its id and timestamps. */
  settle(request: ModelRequest, expected: Expected, now: Task | undefined): void {
    if (expected.status >= 300 || expected.isReplayed) return;
    if (request.op === 'remove') {
      const { id = '', owner } = request;
      this.lastVersions.set(`${owner} ${id}`, this.of(owner).get(id)?.version ?? 0);
      this.of(owner).delete(id);
    }
    if (!expected.write || !now) return;
    this.of(request.owner).set(now.id, now);
    const { status, etag } = expected;
    const location = locationOf(request, now, status);
    const first = { status, etag: etag ?? etagOf(now), body: now, ...location };
    if (takesKey(request) && request.key) this.storedResponses.set(keyOf(request), { what: whatOf(request), first });
  }

  private list({ owner, query = {} as Query, after }: ModelRequest): Expected {
    const compare = comparison(query.sort ?? '-created_at');
    const all = [...this.of(owner).values()]
      .filter((task) => matchesQuery(task, query) && (!after || compare(task, after) > 0))
      .sort(compare);
    const limit = query.limit ?? 50;
    return { status: 200, body: { data: all.slice(0, limit), more: all.length > limit } };
  }
}

function write(
  { op, id = '', owner, means }: ModelRequest,
  was: Task | undefined,
  lastVersion = 0,
  position = '',
): Expected {
  const { completed, ...given } = means;
  const start = op === 'create' || op === 'replace' || !was ? { title: '', ...DEFAULTS } : fieldsOf(was);
  const fields: Fields = { ...start, ...given, tags: [...(given.tags ?? start.tags)].sort(byCodePoint) };
  if (op === 'complete') fields.status = completing(fields.status, completed);
  const isChanged = !was || JSON.stringify(fieldsOf(was)) !== JSON.stringify(fieldsOf(fields));
  const version = (was?.version ?? lastVersion) + (isChanged ? 1 : 0);
  const place = { list_id: null, parent_id: null, position };
  const draft = { id, user_id: owner, ...fieldsOf(fields), ...place, completed: fields.status === 'done', version };
  const status = was ? 200 : 201;
  return { status, etag: etagOf(draft), write: { was, draft } };
}

function completing(status: Fields['status'], completed = status !== 'done'): Fields['status'] {
  if (completed) return 'done';
  return status === 'done' ? 'todo' : status;
}

function fieldsOf({ title, description, status, priority, due_date, tags }: Fields): Fields {
  return { title, description, status, priority, due_date, tags };
}

export function locationOf(request: ModelRequest, { id }: { id: string }, status: number) {
  return status === 201 ? { location: `/api/${request.owner}/tasks/${id}` } : {};
}

const takesKey = ({ op, key }: ModelRequest) => key !== undefined && ['create', 'update', 'complete'].includes(op);
const keyOf = ({ owner, key }: ModelRequest) => `${owner} ${key}`;
/** The identity of a request under a key: its path and the meaning of its body. */
const whatOf = ({ op, id, means }: ModelRequest) => {
  const all = op === 'create' ? { ...DEFAULTS, ...means } : means;
  return JSON.stringify([op, id, Object.entries(all).sort(([a], [b]) => byCodePoint(a, b))]);
};

function names(named: Named, task: Task | undefined, comparison: 'strong' | 'weak'): boolean {
  if (!task) return false;
  const versions = comparison === 'strong' ? named.strong : [...named.strong, ...named.weak];
  return named.any || versions.includes(task.version);
}

function matchesQuery(task: Task, query: Query): boolean {
  const text = foldText(`${task.title}\n${task.description ?? ''}`);
  return (
    (query.status?.includes(task.status) ?? true) &&
    (query.priority?.includes(task.priority) ?? true) &&
    (query.tag?.every((tag) => task.tags.includes(tag)) ?? true) &&
    (query.due_before === undefined || (task.due_date !== null && task.due_date <= query.due_before)) &&
    (query.due_after === undefined || (task.due_date !== null && task.due_date >= query.due_after)) &&
    (query.completed === undefined || task.completed === query.completed) &&
    (query.q?.every((word) => text.includes(foldText(word))) ?? true)
  );
}

/** Ties by id; without a due date last either way. */
function comparison(sort: string): (a: Task, b: Task) => number {
  const direction = sort.startsWith('-') ? -1 : 1;
  const key = sort.replace('-', '') as 'created_at' | 'updated_at' | 'due_date' | 'priority' | 'title';
  const textOf = (task: Task) => {
    if (key === 'priority') return `${PRIORITIES.indexOf(task.priority)}`;
    if (key === 'title') return foldText(task.title);
    return task[key] ?? '';
  };
  return (a, b) => {
    const undated = key === 'due_date' ? Number(a.due_date === null) - Number(b.due_date === null) : 0;
    return undated || direction * (byCodePoint(textOf(a), textOf(b)) || byCodePoint(a.id, b.id));
  };
}
