/**
 * Lists and trees of tasks in memory. The order of siblings is that of `order`; positions are adopted from the server, which
 * alone makes them.
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

  /** The version of what a write is about. */
  versionOf = (id: string): number | undefined => (this.tasks.get(id) ?? this.lists.get(id))?.version;

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

  listOf = (parent: string | null): string | null =>
    parent === null ? null : (this.tasks.get(parent)?.list_id ?? null);

  levelOf = (id: string): number => this.ancestorsOf(id).length + 1;
  ancestorsOf(id: string): string[] {
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
}
