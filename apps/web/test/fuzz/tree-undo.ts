import { ANY, type Entry, LISTS, type ListRow, placeOf, Refused, type TaskRow, type Tree } from './tree';

/** What undo does to lists and trees of tasks, by the rule of the documentation. */

/** A revision: its entries in their order, and everything before and after it. */
export interface Made {
  readonly entries: readonly Entry[];
  readonly before: Tree;
  readonly after: Tree;
}

type Row = Partial<TaskRow & ListRow>;
const rowOf = (tree: Tree, { type, id }: Pick<Entry, 'type' | 'id'>): Row | undefined =>
  type === 'task' ? tree.tasks.get(id) : tree.lists.get(id);

const FIELDS = ['title', 'status', 'completed_at', 'list_id', 'parent_id', 'name', 'position'] as const;
type Field = (typeof FIELDS)[number];
const differing = (one: Row | undefined, other: Row | undefined): Field[] =>
  FIELDS.filter((name) => one?.[name] !== other?.[name]);

/** What a revision did to a task or list, as a whole. */
interface Net extends Pick<Entry, 'type' | 'id'> {
  /** The index of its first entry. */
  readonly entry: number;
  readonly existed: boolean;
  readonly remained: boolean;
  readonly isUpdate: boolean;
}

function netsOf(entries: readonly Entry[]): Net[] {
  const keys = [...new Set(entries.map(({ type, id }) => `${type} ${id}`))];
  return keys.map((key) => {
    const own = entries.filter(({ type, id }) => `${type} ${id}` === key);
    const [first] = own as [Entry];
    return {
      type: first.type,
      id: first.id,
      entry: entries.indexOf(first),
      existed: first.op === 'updated' || first.op === 'deleted',
      remained: own.at(-1)?.op !== 'deleted',
      isUpdate: own.every(({ op }) => op === 'updated'),
    };
  });
}

/** The places of lists are one. */
const placeAt = ({ type }: Pick<Entry, 'type'>, row: Row): string =>
  type === 'list' ? LISTS : placeOf(row as TaskRow);

/** What stands where: its row as it shall be, and whether it came after the one whose position it had. */
interface Coming {
  readonly net: Net;
  readonly row: Row;
  readonly place: string;
}

/**
 * Undoes a revision in the tree. Codes are those of conflicts, after the index of the entry; none where the places that it would
 * put tasks back to do not take them, since which tasks these are is intricate.
 *
 * @throws {Refused} with part of it done.
 */
export function undo(tree: Tree, { entries, before, after }: Made): void {
  const nets = netsOf(entries).filter(({ existed, remained }) => existed || remained);
  const conflicts = nets.flatMap((net) => {
    const code = conflictOf(net, rowOf(tree, net), rowOf(before, net), rowOf(after, net));
    return code ? [`/entries/${net.entry} ${code}`] : [];
  });
  if (conflicts.length > 0) throw new Refused(409, conflicts);

  const wished = nets
    .filter(({ existed }) => existed)
    .flatMap((net): Coming[] => {
      const [present, was] = [rowOf(tree, net), rowOf(before, net) as Row];
      if (net.isUpdate && !present) return [];
      const changed = differing(was, rowOf(after, net));
      const row = net.isUpdate ? { ...present, ...Object.fromEntries(changed.map((name) => [name, was[name]])) } : was;
      return [{ net, row, place: placeAt(net, row) }];
    });
  const isComing = ({ net, row, place }: Coming) => {
    const present = net.remained ? rowOf(tree, net) : undefined;
    return !present || present.position !== row.position || placeAt(net, present) !== place;
  };
  const coming = wished.filter(isComing);
  const removed = nets.filter(({ existed }) => !existed);
  const spots = new Map(coming.map((one) => [one, spotOf(tree, one, coming, removed)]));

  for (const { net } of coming) {
    const present = rowOf(tree, net);
    if (present)
      tree.order.set(
        placeAt(net, present),
        tree.at(placeAt(net, present)).filter((id) => id !== net.id),
      );
  }
  for (const { type, id } of removed) {
    if (type === 'task') tree.deleteTask(id);
    else tree.removeList(id, tree.lists.get(id)?.version ?? 0);
  }
  const keys = new Map<string, string>();
  for (const [{ net, place }, { position }] of spots) sortIn(tree, net, place, position, keys);
  for (const one of wished) put(tree, one, spots.get(one)?.isExact === false);
  // Everything else stood where it can before.
  if ([...tree.tasks.keys()].some((id) => tree.faultsOf(id).length > 0)) throw new Refused(409);
}

function conflictOf(
  net: Net,
  present: Row | undefined,
  was: Row | undefined,
  made: Row | undefined,
): string | undefined {
  if (!net.remained) return present ? 'taken' : undefined;
  if (!net.isUpdate) return !present || differing(present, made).length > 0 ? 'changed' : undefined;
  return differing(was, made).some((name) => present?.[name] !== made?.[name]) ? 'changed' : undefined;
}

/** By which position it is sorted in, and whether it has exactly that. */
interface Spot {
  readonly position: string;
  readonly isExact: boolean;
}

function spotOf(tree: Tree, one: Coming, coming: readonly Coming[], removed: readonly Net[]): Spot {
  const position = one.row.position ?? '';
  const rivals = coming.filter(({ place, row }) => place === one.place && row.position === position);
  if (rivals.indexOf(one) > 0) return { position: END, isExact: false };
  const leaving = new Set([...coming.map(({ net }) => net), ...removed].map(({ id }) => id));
  const isTaken = tree
    .at(one.place)
    .some((id) => !leaving.has(id) && rowOf(tree, { type: one.net.type, id })?.position === position);
  return { position, isExact: !isTaken };
}

/** After every position. */
const END = '~';

/** Sorts it in: right after another one with its position, as only that is less or equal. */
function sortIn(tree: Tree, { id, type }: Net, place: string, position: string, keys: Map<string, string>): void {
  const siblings = tree.at(place);
  const keyOf = (other: string) => keys.get(other) ?? rowOf(tree, { type, id: other })?.position ?? '';
  const before = siblings.filter((other) => keyOf(other) <= position);
  keys.set(id, position);
  tree.order.set(place, siblings.toSpliced(before.length, 0, id));
}

function put(tree: Tree, { net, row }: Coming, isMovedAside: boolean): void {
  const { id, type } = net;
  const present = rowOf(tree, net);
  const next = isMovedAside ? { ...row, position: ANY } : row;
  if (present && differing(present, next).length === 0) return;
  const version = present?.version ?? tree.lastVersions.get(id) ?? 0;
  if (type === 'task') tree.setTask(id, { ...(next as TaskRow), version });
  else tree.setList(id, { ...(next as ListRow), version });
  if (present) return;
  const entry = tree.entries.pop() as Entry;
  tree.entries.push({ ...entry, op: 'restored' });
}
