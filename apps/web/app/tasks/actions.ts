import type { Task, TaskMove } from '@taskward/api-core/contract';
import { randomKey } from '@taskward/api-core/kit/client';
import { definedOf } from '../sync/apply';
import type { Change, Operation } from '../sync/changes';
import type { FieldChanges } from '../sync/drafts';
import { FIELDS } from '../sync/merge';
import type { Store } from '../sync/store';
import { childrenOf, type Row, type View } from '../sync/view';
import { count, FIELD_LABELS, quote } from './labels';
import type { Messages } from './messages';

export interface NewTask
  extends Partial<Pick<Task, 'description' | 'due_date' | 'priority' | 'tags' | 'list_id' | 'parent_id'>> {
  readonly title: string;
}

/** Operations of one batch. */
const MAX_BATCH = 100;

/** What a user can do. Everything shows at once, is sent later, and can be undone. */
export class Actions {
  constructor(
    private readonly store: Store,
    private readonly messages: Messages,
  ) {}

  /** @returns the ids of the tasks. */
  add(tasks: readonly NewTask[]): string[] {
    const operations = tasks.map(
      (body): Operation => ({ op: 'replaceTask', task_id: newId(), if_none_match: '*', body: definedOf(body) }),
    );
    const [first] = tasks;
    for (let i = 0; i < operations.length; i += MAX_BATCH) {
      const part = operations.slice(i, i + MAX_BATCH);
      const label = part.length === 1 ? `Added ${quote(first?.title ?? '')}` : `Added ${count(part.length, 'task')}`;
      // Only the parts of one paste are one message.
      this.#do(label, part, tasks.length > MAX_BATCH ? () => `Added ${count(tasks.length, 'task')}` : undefined);
    }
    return operations.map((operation) => ('task_id' in operation ? operation.task_id : ''));
  }

  /** @param seen the task as it was when the user began to edit it. */
  edit(seen: Row, fields: FieldChanges): void {
    const names = FIELDS.filter((field) => fields[field] !== undefined);
    if (names.length === 0) return;
    const what = names.map((field) => FIELD_LABELS[field].toLowerCase()).join(', ');
    const { list_id, status, ...body } = fields;
    const current = this.store.getState().view.tasks.get(seen.id);
    // A task that goes to another list is not below another task any more.
    const place = list_id === undefined ? {} : { list_id, ...(current?.parent_id && { parent_id: null }) };
    const operation: Operation = {
      op: 'updateTask',
      task_id: seen.id,
      if_match: seen.version,
      body: definedOf({ ...body, status, ...place }),
    };
    this.#do(`Changed ${what} of ${quote(seen.title)}`, [operation], undefined, seen);
  }

  complete({ id, title }: Row, completed: boolean): void {
    const verb = completed ? 'Completed' : 'Reopened';
    const operation: Operation = { op: 'completeTask', task_id: id, body: { completed } };
    const open = completed ? openBelow(this.store.getState().view, id) : 0;
    const others = open > 0 ? ` and ${count(open, 'sub-task')}` : '';
    this.#do(`${verb} ${quote(title)}${others}`, [operation], (n) => `${verb} ${count(n, 'task')}`);
  }

  remove({ id, title }: Row): void {
    const operation: Operation = { op: 'deleteTask', task_id: id };
    this.#do(`Deleted ${quote(title)}`, [operation], (n) => `Deleted ${count(n, 'task')}`);
    this.store.deleteDraft(id);
  }

  move({ id, title, list_id }: Row, body: TaskMove): void {
    const { lists } = this.store.getState().view;
    const list = body.list_id === undefined ? undefined : (lists.get(body.list_id ?? '')?.name ?? 'Inbox');
    const to = list === undefined || list_id === body.list_id ? '' : ` to ${quote(list)}`;
    this.#do(`Moved ${quote(title)}${to}`, [{ op: 'moveTask', task_id: id, body: definedOf(body) }]);
  }

  /** @returns the id of the list. */
  addList(name: string): string {
    const id = newId();
    this.#do(`Added list ${quote(name)}`, [{ op: 'replaceList', list_id: id, if_none_match: '*', body: { name } }]);
    return id;
  }

  renameList(id: string, name: string): void {
    this.#do(`Renamed list to ${quote(name)}`, [{ op: 'updateList', list_id: id, body: { name } }]);
  }

  moveList(id: string, after: string | null): void {
    this.#do('Moved list', [{ op: 'moveList', list_id: id, body: { after } }]);
  }

  /** @param tasks whether its tasks move to the inbox. */
  deleteList(id: string, name: string, tasks: 'keep' | 'delete'): void {
    const operation: Operation = { op: 'deleteList', list_id: id, ...(tasks === 'keep' && { body: { tasks } }) };
    this.#do(`Deleted list ${quote(name)}`, [operation]);
  }

  #do(label: string, operations: readonly Operation[], toText?: (n: number) => string, seen?: Task): Change {
    const change = this.store.change(label, operations, seen);
    this.messages.done(change, toText);
    return change;
  }
}

/** How many open tasks are below one, which are completed with it. */
function openBelow(view: View, id: string): number {
  const children = childrenOf(view, id);
  return children.reduce((sum, child) => sum + Number(!child.completed) + openBelow(view, child.id), 0);
}

/** A UUID, version 4; also over plain http, where pages have no `crypto.randomUUID`. */
function newId(): string {
  const hex = randomKey();
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
