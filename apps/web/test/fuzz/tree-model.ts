/**
 * An in-memory model of lists and trees of tasks: what each write leaves, and why it is refused. The order of siblings is that
 * of `order`; positions are adopted from the server, which alone makes them.
 */

export interface TaskRow {
  readonly title: string;
  readonly status: 'todo' | 'in_progress' | 'done';
  readonly completed_at: string | null;
  readonly list_id: string | null;
  readonly parent_id: string | null;
  readonly position: string;
  readonly version: number;
}
export interface ListRow {
  readonly name: string;
  readonly position: string;
  readonly version: number;
}

/** A value that only the server determines. */
export const ANY = '?';
export const MAX_LEVELS = 5;
/** The places of lists, and of tasks of the inbox. */
export const LISTS = 'lists';
export const INBOX = 'inbox';

export interface Entry {
  readonly type: 'task' | 'list';
  readonly id: string;
  readonly op: 'created' | 'updated' | 'deleted' | 'restored';
  readonly version: number;
}

export interface Place {
  readonly list_id?: string | null;
  readonly parent_id?: string | null;
}
type TaskFields = Place & { readonly title?: string; readonly status?: TaskRow['status'] };
/** Undefined for the last, null for the first. */
type After = { readonly after?: string | null };

interface Conditions {
  readonly if_match?: number | '*';
  readonly if_none_match?: number | '*';
}
/** A write, as a batch has it. */
export type Write = Conditions &
  (
    | { readonly op: 'createTask' | 'replaceTask' | 'updateTask'; readonly task_id: string; readonly body: TaskFields }
    | { readonly op: 'completeTask'; readonly task_id: string; readonly body?: { readonly completed: boolean } }
    | { readonly op: 'moveTask'; readonly task_id: string; readonly body: Place & After }
    | { readonly op: 'deleteTask' | 'restoreTask'; readonly task_id: string }
    | {
        readonly op: 'createList' | 'replaceList' | 'updateList';
        readonly list_id: string;
        readonly body: { readonly name?: string };
      }
    | { readonly op: 'moveList'; readonly list_id: string; readonly body: After }
    | { readonly op: 'deleteList'; readonly list_id: string; readonly body?: { readonly tasks: 'keep' | 'delete' } }
  );

/** Why a write is refused: a status, and the codes of a 422. */
export class Refused {
  constructor(
    readonly status: number,
    readonly codes: readonly string[] = [],
  ) {}
}

export const placeOf = ({ list_id, parent_id }: Pick<TaskRow, 'list_id' | 'parent_id'>): string =>
  parent_id ?? list_id ?? INBOX;

export class Tree {
  /** Those that siblings stand in, by place. */
  readonly order: Map<string, readonly string[]>;
  /** What was written since the copy was made. */
  readonly entries: Entry[] = [];

  constructor(
    readonly tasks: Map<string, TaskRow> = new Map(),
    readonly lists: Map<string, ListRow> = new Map(),
    order: ReadonlyMap<string, readonly string[]> = new Map(),
    /** Tasks as they were deleted last. */
    readonly trash: Map<string, TaskRow> = new Map(),
    /** The last versions of tasks and lists that were deleted. */
    readonly lastVersions: Map<string, number> = new Map(),
  ) {
    this.order = new Map(order);
  }

  copy = (): Tree =>
    new Tree(new Map(this.tasks), new Map(this.lists), this.order, new Map(this.trash), new Map(this.lastVersions));

  at = (place: string): readonly string[] => this.order.get(place) ?? [];
  childrenOf = (id: string): string[] =>
    [...this.tasks].filter(([, { parent_id }]) => parent_id === id).map(([child]) => child);
  below = (id: string, depth = 0): string[] =>
    depth > MAX_LEVELS ? [] : this.childrenOf(id).flatMap((child) => [child, ...this.below(child, depth + 1)]);

  /**
   * Does what the write does, and returns the version after it; null where it deletes.
   *
   * @throws {Refused} with part of it done.
   */
  write(write: Write): number | null {
    switch (write.op) {
      case 'createTask':
      case 'replaceTask':
        return this.replaceTask(write, write.task_id, write.body);
      case 'updateTask':
        return this.updateTask(write, write.task_id, write.body);
      case 'completeTask': {
        const { status } = this.existing(this.tasks, write.task_id, write);
        const completed = write.body?.completed ?? status !== 'done';
        return this.change(write.task_id, { status: completed ? 'done' : status === 'done' ? 'todo' : status });
      }
      case 'moveTask':
        return this.moveTask(write, write.task_id, write.body);
      case 'deleteTask':
        this.existing(this.tasks, write.task_id, write);
        for (const id of [write.task_id, ...this.below(write.task_id)]) this.deleteTask(id);
        return null;
      case 'restoreTask':
        return this.restoreTask(write.task_id);
      case 'createList':
      case 'replaceList':
        if (!this.lists.has(write.list_id)) return this.createList(write, write.list_id, write.body.name ?? '');
        return this.rename(write, write.list_id, write.body.name);
      case 'updateList':
        return this.rename(write, write.list_id, write.body.name);
      case 'moveList': {
        const list = this.existing(this.lists, write.list_id, write);
        const next = insertAt(this.at(LISTS), write.list_id, write.body.after);
        if (!next) throw new Refused(422, ['no_sibling']);
        if (!isSame(next, this.at(LISTS))) this.setList(write.list_id, { ...list, position: ANY });
        this.order.set(LISTS, next);
        return this.lists.get(write.list_id)?.version ?? null;
      }
      case 'deleteList':
        return this.deleteList(write, write.list_id, write.body?.tasks === 'keep');
    }
  }

  /** The version of what a write is about. */
  versionOf = (id: string): number | undefined => (this.tasks.get(id) ?? this.lists.get(id))?.version;

  private existing<Row extends { version: number }>(
    rows: ReadonlyMap<string, Row>,
    id: string,
    conditions: Conditions,
  ): Row {
    const row = rows.get(id);
    if (!row) throw new Refused(404);
    const { if_match, if_none_match } = conditions;
    const names = (condition: number | '*') => condition === '*' || condition === row.version;
    if (if_match !== undefined && !names(if_match)) throw new Refused(412);
    if (if_none_match !== undefined && names(if_none_match)) throw new Refused(412);
    return row;
  }

  private replaceTask(conditions: Conditions, id: string, body: TaskFields): number {
    const { title = '', status = 'todo', parent_id = null } = body;
    const list_id = body.list_id === undefined ? this.listOf(parent_id) : body.list_id;
    if (this.tasks.has(id)) {
      this.existing(this.tasks, id, conditions);
      this.change(id, { title, status, list_id, parent_id });
    } else {
      if (conditions.if_match !== undefined) throw new Refused(412);
      const completed_at = status === 'done' ? ANY : null;
      this.insertTask(id, 'created', { title, status, completed_at, list_id, parent_id, position: ANY });
    }
    this.check(id);
    return this.tasks.get(id)?.version ?? 0;
  }

  private updateTask(conditions: Conditions, id: string, { title, status, ...place }: TaskFields): number {
    const old = this.existing(this.tasks, id, conditions);
    const parent_id = place.parent_id === undefined ? old.parent_id : place.parent_id;
    const list_id =
      place.list_id !== undefined ? place.list_id : place.parent_id ? this.listOf(place.parent_id) : old.list_id;
    this.change(id, { title: title ?? old.title, status: status ?? old.status, parent_id, list_id });
    this.check(id);
    return this.tasks.get(id)?.version ?? 0;
  }

  /** Where a move puts a task. */
  goalOf(id: string, place: Place): Pick<TaskRow, 'list_id' | 'parent_id'> {
    const old = this.tasks.get(id);
    const parent_id =
      (place.parent_id !== undefined ? place.parent_id : place.list_id === undefined && old?.parent_id) || null;
    const list_id =
      place.list_id !== undefined
        ? place.list_id
        : place.parent_id
          ? this.listOf(place.parent_id)
          : (old?.list_id ?? null);
    return { list_id, parent_id };
  }

  private moveTask(conditions: Conditions, id: string, { after, ...place }: Place & After): number {
    const old = this.existing(this.tasks, id, conditions);
    const goal = this.goalOf(id, place);
    const siblings = this.at(placeOf(goal));
    const next = insertAt(siblings, id, after);
    if (!next) {
      const noParent = goal.parent_id !== null && !this.tasks.has(goal.parent_id) ? ['no_parent'] : [];
      const noList = goal.list_id !== null && !this.lists.has(goal.list_id) ? ['no_list'] : [];
      throw new Refused(422, [...noParent, ...noList, 'no_sibling']);
    }
    const isMoved = placeOf(goal) !== placeOf(old) || !isSame(next, siblings);
    this.change(id, { ...goal, ...(isMoved && { position: ANY }) });
    this.order.set(placeOf(goal), next);
    this.check(id);
    return this.tasks.get(id)?.version ?? 0;
  }

  private restoreTask(id: string): number {
    const image = this.trash.get(id);
    if (!image || this.tasks.has(id)) throw new Refused(404);
    const parent =
      image.parent_id !== null && this.levelOf(image.parent_id) < MAX_LEVELS
        ? this.tasks.get(image.parent_id)
        : undefined;
    const list_id = parent
      ? parent.list_id
      : image.list_id !== null && this.lists.has(image.list_id)
        ? image.list_id
        : null;
    const goal = { list_id, parent_id: parent ? image.parent_id : null };
    const siblings = this.at(placeOf(goal));
    const positions = siblings.map((sibling) => this.tasks.get(sibling)?.position ?? '');
    const isFree = placeOf(goal) === placeOf(image) && !positions.includes(image.position);
    const { version: _, ...fields } = image;
    this.insertTask(id, 'restored', { ...fields, ...goal, position: isFree ? image.position : ANY });
    if (isFree)
      this.order.set(
        placeOf(goal),
        siblings.toSpliced(positions.filter((position) => position < image.position).length, 0, id),
      );
    return this.tasks.get(id)?.version ?? 0;
  }

  private createList(conditions: Conditions, id: string, name: string): number {
    if (conditions.if_match !== undefined) throw new Refused(412);
    const version = (this.lastVersions.get(id) ?? 0) + 1;
    this.lists.set(id, { name, position: ANY, version });
    this.order.set(LISTS, [...this.at(LISTS), id]);
    this.entries.push({ type: 'list', id, op: 'created', version });
    return version;
  }

  private rename(conditions: Conditions, id: string, name: string | undefined): number {
    const list = this.existing(this.lists, id, conditions);
    if (name !== undefined && name !== list.name) this.setList(id, { ...list, name });
    return this.lists.get(id)?.version ?? 0;
  }

  private deleteList(conditions: Conditions, id: string, isKept: boolean): null {
    const { version } = this.existing(this.lists, id, conditions);
    const top = this.at(id);
    for (const [task, row] of [...this.tasks].filter(([, { list_id }]) => list_id === id)) {
      if (isKept) this.setTask(task, { ...row, list_id: null, ...(row.parent_id === null && { position: ANY }) });
      else this.deleteTask(task);
    }
    if (isKept) this.order.set(INBOX, [...this.at(INBOX), ...top]);
    this.order.delete(id);
    this.removeList(id, version);
    return null;
  }

  removeList(id: string, version: number): void {
    this.lists.delete(id);
    this.order.set(
      LISTS,
      this.at(LISTS).filter((other) => other !== id),
    );
    this.lastVersions.set(id, version);
    this.entries.push({ type: 'list', id, op: 'deleted', version });
  }

  deleteTask(id: string): void {
    const row = this.tasks.get(id);
    if (!row) return;
    this.tasks.delete(id);
    this.leave(id, row);
    this.trash.set(id, row);
    this.lastVersions.set(id, row.version);
    this.entries.push({ type: 'task', id, op: 'deleted', version: row.version });
  }

  insertTask(id: string, op: Entry['op'], row: Omit<TaskRow, 'version'>): void {
    const version = (this.lastVersions.get(id) ?? 0) + 1;
    this.tasks.set(id, { ...row, version });
    this.order.set(placeOf(row), [...this.at(placeOf(row)), id]);
    this.entries.push({ type: 'task', id, op, version });
  }

  /** Changes fields of a task where they differ: another place is at its end, and what is below goes along and is completed. */
  private change(id: string, fields: Partial<TaskRow>): number {
    const old = this.tasks.get(id) as TaskRow;
    const next = { ...old, ...fields };
    if (next.status !== old.status) {
      if (next.status === 'done') Object.assign(next, { completed_at: ANY });
      else Object.assign(next, { completed_at: null });
    }
    const isElsewhere = placeOf(next) !== placeOf(old);
    if (isElsewhere) {
      Object.assign(next, { position: ANY });
      this.leave(id, old);
      this.order.set(placeOf(next), [...this.at(placeOf(next)), id]);
    }
    const isChanged = (Object.keys(next) as (keyof TaskRow)[]).some((name) => next[name] !== old[name]);
    if (!isChanged) return old.version;
    const below = this.below(id);
    this.setTask(id, next);
    const completes = next.status === 'done' && old.status !== 'done';
    for (const child of new Set(below)) {
      const row = this.tasks.get(child);
      if (!row || child === id) continue;
      const isCompleted = completes && row.status !== 'done';
      const changed = {
        ...row,
        list_id: next.list_id,
        ...(isCompleted && { status: 'done' as const, completed_at: ANY }),
      };
      if (isCompleted || row.list_id !== next.list_id) this.setTask(child, changed);
    }
    return old.version + 1;
  }

  setTask(id: string, row: TaskRow): void {
    this.tasks.set(id, { ...row, version: row.version + 1 });
    this.entries.push({ type: 'task', id, op: 'updated', version: row.version + 1 });
  }

  setList(id: string, row: ListRow): void {
    this.lists.set(id, { ...row, version: row.version + 1 });
    this.entries.push({ type: 'list', id, op: 'updated', version: row.version + 1 });
  }

  leave(id: string, row: TaskRow): void {
    this.order.set(
      placeOf(row),
      this.at(placeOf(row)).filter((other) => other !== id),
    );
  }

  private listOf = (parent: string | null): string | null =>
    parent === null ? null : (this.tasks.get(parent)?.list_id ?? null);

  private levelOf = (id: string): number => this.ancestorsOf(id).length + 1;
  private ancestorsOf(id: string): string[] {
    const ancestors: string[] = [];
    let parent = this.tasks.get(id)?.parent_id ?? null;
    for (
      ;
      parent !== null && this.tasks.has(parent) && ancestors.length < MAX_LEVELS;
      parent = this.tasks.get(parent)?.parent_id ?? null
    ) {
      ancestors.push(parent);
    }
    return ancestors;
  }

  /** Why a task cannot stand where it does. */
  faultsOf(id: string): string[] {
    const { list_id, parent_id } = this.tasks.get(id) as TaskRow;
    const parent = parent_id === null ? undefined : this.tasks.get(parent_id);
    const ancestors = this.ancestorsOf(id);
    const heightOf = (task: string): number => 1 + Math.max(0, ...this.childrenOf(task).map(heightOf));
    const isCycle = ancestors.includes(id);
    const isTooDeep = !isCycle && ancestors.length + heightOf(id) > MAX_LEVELS;
    return [
      ...(parent_id !== null && !parent ? ['no_parent'] : []),
      ...(list_id !== null && !this.lists.has(list_id) ? ['no_list'] : []),
      ...(parent && parent.list_id !== list_id ? ['other_list'] : []),
      ...(isCycle ? ['cycle'] : isTooDeep ? ['too_deep'] : []),
    ];
  }

  private check(id: string): void {
    const faults = this.faultsOf(id);
    if (faults.length > 0) throw new Refused(422, faults);
  }
}

/** The siblings with one of them, or another one, at a spot; undefined where none stands there to come after. */
function insertAt(siblings: readonly string[], id: string, after: string | null | undefined): string[] | undefined {
  const others = siblings.filter((other) => other !== id);
  if (after === undefined) return [...others, id];
  if (after === null) return [id, ...others];
  const at = others.indexOf(after);
  return at === -1 ? undefined : others.toSpliced(at + 1, 0, id);
}

const isSame = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((id, i) => id === b[i]);
