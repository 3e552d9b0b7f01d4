import { ANY, INBOX, LISTS, MAX_LEVELS, placeOf, Refused, type TaskRow, type Tree } from './tree';

/** A model of the writes of lists and trees of tasks: what each leaves, and why it is refused. */

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

/**
 * Does what the write does, and returns the version after it; null where it deletes.
 *
 * @throws {Refused} with part of it done.
 */
export function apply(tree: Tree, write: Write): number | null {
  switch (write.op) {
    case 'createTask':
    case 'replaceTask':
      return replaceTask(tree, write, write.task_id, write.body);
    case 'updateTask':
      return updateTask(tree, write, write.task_id, write.body);
    case 'completeTask': {
      const { status } = existing(tree.tasks, write.task_id, write);
      const completed = write.body?.completed ?? status !== 'done';
      return change(tree, write.task_id, { status: completed ? 'done' : status === 'done' ? 'todo' : status });
    }
    case 'moveTask':
      return moveTask(tree, write, write.task_id, write.body);
    case 'deleteTask':
      existing(tree.tasks, write.task_id, write);
      for (const id of [write.task_id, ...tree.below(write.task_id)]) tree.deleteTask(id);
      return null;
    case 'restoreTask':
      return restoreTask(tree, write.task_id);
    case 'createList':
    case 'replaceList':
      if (!tree.lists.has(write.list_id)) return createList(tree, write, write.list_id, write.body.name ?? '');
      return rename(tree, write, write.list_id, write.body.name);
    case 'updateList':
      return rename(tree, write, write.list_id, write.body.name);
    case 'moveList': {
      const list = existing(tree.lists, write.list_id, write);
      const next = insertAt(tree.at(LISTS), write.list_id, write.body.after);
      if (!next) throw new Refused(422, ['no_sibling']);
      if (!isSame(next, tree.at(LISTS))) tree.setList(write.list_id, { ...list, position: ANY });
      tree.order.set(LISTS, next);
      return tree.lists.get(write.list_id)?.version ?? null;
    }
    case 'deleteList':
      return deleteList(tree, write, write.list_id, write.body?.tasks === 'keep');
  }
}

function existing<Row extends { version: number }>(
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

function replaceTask(tree: Tree, conditions: Conditions, id: string, body: TaskFields): number {
  const { title = '', status = 'todo', parent_id = null } = body;
  const list_id = body.list_id === undefined ? tree.listOf(parent_id) : body.list_id;
  if (tree.tasks.has(id)) {
    existing(tree.tasks, id, conditions);
    change(tree, id, { title, status, list_id, parent_id });
  } else {
    if (conditions.if_match !== undefined) throw new Refused(412);
    const completed_at = status === 'done' ? ANY : null;
    tree.insertTask(id, 'created', { title, status, completed_at, list_id, parent_id, position: ANY });
  }
  check(tree, id);
  return tree.tasks.get(id)?.version ?? 0;
}

function updateTask(tree: Tree, conditions: Conditions, id: string, { title, status, ...place }: TaskFields): number {
  const old = existing(tree.tasks, id, conditions);
  const parent_id = place.parent_id === undefined ? old.parent_id : place.parent_id;
  const list_id =
    place.list_id !== undefined ? place.list_id : place.parent_id ? tree.listOf(place.parent_id) : old.list_id;
  change(tree, id, { title: title ?? old.title, status: status ?? old.status, parent_id, list_id });
  check(tree, id);
  return tree.tasks.get(id)?.version ?? 0;
}

/** Where a move puts a task. */
export function goalOf(tree: Tree, id: string, place: Place): Pick<TaskRow, 'list_id' | 'parent_id'> {
  const old = tree.tasks.get(id);
  const parent_id =
    (place.parent_id !== undefined ? place.parent_id : place.list_id === undefined && old?.parent_id) || null;
  const list_id =
    place.list_id !== undefined
      ? place.list_id
      : place.parent_id
        ? tree.listOf(place.parent_id)
        : (old?.list_id ?? null);
  return { list_id, parent_id };
}

function moveTask(tree: Tree, conditions: Conditions, id: string, { after, ...place }: Place & After): number {
  const old = existing(tree.tasks, id, conditions);
  const goal = goalOf(tree, id, place);
  const siblings = tree.at(placeOf(goal));
  const next = insertAt(siblings, id, after);
  if (!next) {
    const noParent = goal.parent_id !== null && !tree.tasks.has(goal.parent_id) ? ['no_parent'] : [];
    const noList = goal.list_id !== null && !tree.lists.has(goal.list_id) ? ['no_list'] : [];
    throw new Refused(422, [...noParent, ...noList, 'no_sibling']);
  }
  const isMoved = placeOf(goal) !== placeOf(old) || !isSame(next, siblings);
  change(tree, id, { ...goal, ...(isMoved && { position: ANY }) });
  tree.order.set(placeOf(goal), next);
  check(tree, id);
  return tree.tasks.get(id)?.version ?? 0;
}

function restoreTask(tree: Tree, id: string): number {
  const image = tree.trash.get(id);
  if (!image || tree.tasks.has(id)) throw new Refused(404);
  const parent =
    image.parent_id !== null && tree.levelOf(image.parent_id) < MAX_LEVELS
      ? tree.tasks.get(image.parent_id)
      : undefined;
  const list_id = parent
    ? parent.list_id
    : image.list_id !== null && tree.lists.has(image.list_id)
      ? image.list_id
      : null;
  const goal = { list_id, parent_id: parent ? image.parent_id : null };
  const siblings = tree.at(placeOf(goal));
  const positions = siblings.map((sibling) => tree.tasks.get(sibling)?.position ?? '');
  const isFree = placeOf(goal) === placeOf(image) && !positions.includes(image.position);
  const { version: _, ...fields } = image;
  tree.insertTask(id, 'restored', { ...fields, ...goal, position: isFree ? image.position : ANY });
  if (isFree)
    tree.order.set(
      placeOf(goal),
      siblings.toSpliced(positions.filter((position) => position < image.position).length, 0, id),
    );
  return tree.tasks.get(id)?.version ?? 0;
}

function createList(tree: Tree, conditions: Conditions, id: string, name: string): number {
  if (conditions.if_match !== undefined) throw new Refused(412);
  const version = (tree.lastVersions.get(id) ?? 0) + 1;
  tree.lists.set(id, { name, position: ANY, version });
  tree.order.set(LISTS, [...tree.at(LISTS), id]);
  tree.entries.push({ type: 'list', id, op: 'created', version });
  return version;
}

function rename(tree: Tree, conditions: Conditions, id: string, name: string | undefined): number {
  const list = existing(tree.lists, id, conditions);
  if (name !== undefined && name !== list.name) tree.setList(id, { ...list, name });
  return tree.lists.get(id)?.version ?? 0;
}

function deleteList(tree: Tree, conditions: Conditions, id: string, isKept: boolean): null {
  const { version } = existing(tree.lists, id, conditions);
  const top = tree.at(id);
  for (const [task, row] of [...tree.tasks].filter(([, { list_id }]) => list_id === id)) {
    if (isKept) tree.setTask(task, { ...row, list_id: null, ...(row.parent_id === null && { position: ANY }) });
    else tree.deleteTask(task);
  }
  if (isKept) tree.order.set(INBOX, [...tree.at(INBOX), ...top]);
  tree.order.delete(id);
  tree.removeList(id, version);
  return null;
}

/** Changes fields of a task where they differ: another place is at its end, and what is below goes along and is completed. */
function change(tree: Tree, id: string, fields: Partial<TaskRow>): number {
  const old = tree.tasks.get(id) as TaskRow;
  const next = { ...old, ...fields };
  if (next.status !== old.status) {
    if (next.status === 'done') Object.assign(next, { completed_at: ANY });
    else Object.assign(next, { completed_at: null });
  }
  const isElsewhere = placeOf(next) !== placeOf(old);
  if (isElsewhere) {
    Object.assign(next, { position: ANY });
    tree.leave(id, old);
    tree.order.set(placeOf(next), [...tree.at(placeOf(next)), id]);
  }
  // In a batch, one unknown position can follow another.
  const isChanged =
    fields.position === ANY || (Object.keys(next) as (keyof TaskRow)[]).some((name) => next[name] !== old[name]);
  if (!isChanged) return old.version;
  const below = tree.below(id);
  tree.setTask(id, next);
  const completes = next.status === 'done' && old.status !== 'done';
  for (const child of new Set(below)) {
    const row = tree.tasks.get(child);
    if (!row || child === id) continue;
    const isCompleted = completes && row.status !== 'done';
    const changed = {
      ...row,
      list_id: next.list_id,
      ...(isCompleted && { status: 'done' as const, completed_at: ANY }),
    };
    if (isCompleted || row.list_id !== next.list_id) tree.setTask(child, changed);
  }
  return old.version + 1;
}

function check(tree: Tree, id: string): void {
  const faults = tree.faultsOf(id);
  if (faults.length > 0) throw new Refused(422, faults);
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
