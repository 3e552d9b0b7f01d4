import type { List, Task } from '@taskward/api-core/contract';
import type { Change, Images, Operation, OperationOf } from './changes';
import { positionBetween } from './position';
import { byPosition, placeOf, type Row, type View } from './view';

/** A view that is being changed. It remembers what it replaced. */
export class Edit {
  readonly #tasks: Map<string, Row>;
  readonly #lists: Map<string, List>;
  readonly #before = new Map<string, Task | List | null>();

  constructor(
    { tasks, lists }: View,
    readonly userId: string,
  ) {
    this.#tasks = new Map(tasks);
    this.#lists = new Map(lists);
  }

  /** The result. The edit must not be used any more. */
  view(): View {
    return { tasks: this.#tasks, lists: this.#lists };
  }

  /** What was replaced, null where there was nothing. */
  before(): Images {
    return Object.fromEntries(this.#before);
  }

  task(id: string): Row | undefined {
    return this.#tasks.get(id);
  }

  list(id: string): List | undefined {
    return this.#lists.get(id);
  }

  setTask(task: Task): void {
    this.#remember(task.id, this.#tasks.get(task.id));
    this.#tasks.set(task.id, { ...task, isPending: true });
  }

  setList(list: List): void {
    this.#remember(list.id, this.#lists.get(list.id));
    this.#lists.set(list.id, list);
  }

  delete(id: string): void {
    this.#remember(id, this.#tasks.get(id) ?? this.#lists.get(id));
    this.#tasks.delete(id);
    this.#lists.delete(id);
  }

  restore(images: Images): void {
    for (const [id, image] of Object.entries(images)) {
      if (image === null) this.delete(id);
      else if ('title' in image) this.setTask(image);
      else this.setList(image);
    }
  }

  setVersion(id: string, version: number): void {
    const task = this.#tasks.get(id);
    if (task) this.#tasks.set(id, { ...task, version });
    const list = this.#lists.get(id);
    if (list) this.#lists.set(id, { ...list, version });
  }

  /** In the order of their positions. */
  lists(): List[] {
    return [...this.#lists.values()].sort(byPosition);
  }

  /** The tasks in a task or a list, in the order of their positions. */
  tasksIn(place: string): Row[] {
    return [...this.#tasks.values()].filter((task) => placeOf(task) === place).sort(byPosition);
  }

  /** All tasks below one, on all levels. */
  below(id: string): Row[] {
    const found: Row[] = [];
    let parents = new Set([id]);
    while (parents.size > 0) {
      const level = [...this.#tasks.values()].filter(({ parent_id }) => parent_id !== null && parents.has(parent_id));
      found.push(...level);
      parents = new Set(level.map((task) => task.id));
    }
    return found;
  }

  #remember(id: string, image: Row | List | undefined): void {
    if (!this.#before.has(id)) this.#before.set(id, image ?? null);
  }
}

/** Does to a view what the API will do. Where the API will refuse, nothing. */
export function applyOperations(edit: Edit, { operations, at }: Pick<Change, 'operations' | 'at'>): void {
  const now = new Date(at).toISOString();
  for (const operation of operations) apply(edit, operation, now);
}

function apply<Op extends Operation['op']>(edit: Edit, operation: OperationOf<Op>, now: string): void {
  // The key of the table and the operation are of the same `Op`, which TypeScript cannot see in an indexed union.
  const write = WRITES[operation.op as Op] as (edit: Edit, operation: OperationOf<Op>, now: string) => void;
  write(edit, operation, now);
}

const WRITES: { [Op in Operation['op']]: (edit: Edit, operation: OperationOf<Op>, now: string) => void } = {
  replaceTask(edit, { task_id: id, body }, now) {
    const parent = body.parent_id ? edit.task(body.parent_id) : undefined;
    const place = { list_id: body.list_id ?? parent?.list_id ?? null, parent_id: body.parent_id ?? null };
    const known = edit.task(id);
    const isPlaced = known !== undefined && placeOf(known) === placeOf(place);
    const status = body.status ?? 'todo';
    edit.setTask({
      id,
      user_id: edit.userId,
      title: body.title.trim(),
      description: body.description ?? null,
      status,
      completed: status === 'done',
      priority: body.priority ?? 'none',
      due_date: body.due_date ?? null,
      tags: [...(body.tags ?? [])].sort(),
      ...place,
      position: isPlaced ? known.position : endOf(edit, place),
      completed_at: status === 'done' ? (known?.completed_at ?? now) : null,
      created_at: known?.created_at ?? now,
      updated_at: now,
      version: known?.version ?? 0,
    });
  },

  updateTask(edit, { task_id: id, body }, now) {
    const task = edit.task(id);
    if (!task) return;
    const { list_id, parent_id, status, ...fields } = body;
    edit.setTask({ ...task, ...definedOf(fields), updated_at: now });
    if (list_id !== undefined || parent_id !== undefined) moveTo(edit, id, { list_id, parent_id });
    if (status !== undefined && status !== task.status) setStatus(edit, id, status, now);
  },

  completeTask(edit, { task_id: id, body }, now) {
    const task = edit.task(id);
    const completed = body?.completed ?? true;
    if (task && task.completed !== completed) setStatus(edit, id, completed ? 'done' : 'todo', now);
  },

  moveTask(edit, { task_id: id, body = {} }) {
    moveTo(edit, id, body);
  },

  deleteTask(edit, { task_id: id }) {
    for (const child of edit.below(id)) edit.delete(child.id);
    if (edit.task(id)) edit.delete(id);
  },

  replaceList(edit, { list_id: id, body }, now) {
    const known = edit.list(id);
    const position = known?.position ?? positionBetween(edit.lists().at(-1)?.position, undefined);
    const times = { created_at: known?.created_at ?? now, updated_at: now };
    const version = known?.version ?? 0;
    edit.setList({ id, user_id: edit.userId, name: body.name.trim(), position, ...times, version });
  },

  updateList(edit, { list_id: id, body }, now) {
    const list = edit.list(id);
    if (list) edit.setList({ ...list, ...definedOf(body), updated_at: now });
  },

  moveList(edit, { list_id: id, body }) {
    const list = edit.list(id);
    const others = edit.lists().filter((one) => one.id !== id);
    if (list) edit.setList({ ...list, position: spotIn(others, body?.after) });
  },

  deleteList(edit, { list_id: id, body }, now) {
    for (const task of edit.tasksIn(id)) {
      if (body?.tasks === 'keep') moveTo(edit, task.id, { list_id: null });
      else WRITES.deleteTask(edit, { op: 'deleteTask', task_id: task.id }, now);
    }
    edit.delete(id);
  },
};

/** Completing completes what is open below; reopening reopens the task alone. */
function setStatus(edit: Edit, id: string, status: Task['status'], now: string): void {
  const completed = status === 'done';
  const open = completed ? edit.below(id).filter((child) => !child.completed) : [];
  for (const task of [edit.task(id), ...open]) {
    const completed_at = completed ? now : null;
    if (task) edit.setTask({ ...task, status, completed, completed_at, updated_at: now });
  }
}

interface Move {
  readonly list_id?: string | null | undefined;
  readonly parent_id?: string | null | undefined;
  /** An id, null for the first place, undefined for the last. */
  readonly after?: string | null | undefined;
}

function moveTo(edit: Edit, id: string, { list_id, parent_id, after }: Move): void {
  const task = edit.task(id);
  if (!task) return;
  const isElsewhere = list_id !== undefined || parent_id !== undefined;
  const parent = isElsewhere ? (parent_id ?? null) : task.parent_id;
  const list = parent === null ? (list_id === undefined ? task.list_id : list_id) : edit.task(parent)?.list_id;
  const place = { parent_id: parent, list_id: list ?? null };
  const siblings = edit.tasksIn(placeOf(place)).filter((one) => one.id !== id);
  edit.setTask({ ...task, ...place, position: spotIn(siblings, after) });
  if (place.list_id === task.list_id) return;
  for (const child of edit.below(id)) edit.setTask({ ...child, list_id: place.list_id });
}

function endOf(edit: Edit, place: Pick<Task, 'list_id' | 'parent_id'>): string {
  return spotIn(edit.tasksIn(placeOf(place)), undefined);
}

/** The position after one of the others, before all, or after all. */
function spotIn(others: readonly { id: string; position: string }[], after: Move['after']): string {
  const index = after === undefined ? others.length - 1 : others.findIndex(({ id }) => id === after);
  return positionBetween(others[index]?.position, others[index + 1]?.position);
}

export function definedOf<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  // `Object.fromEntries` forgets the names of the fields.
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
