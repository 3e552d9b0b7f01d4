/** As the server compares positions, byte by byte: they are digits. */
const byPosition = (a: Positioned, b: Positioned) => (a.position < b.position ? -1 : Number(a.position > b.position));

interface Positioned {
  readonly id: string;
  readonly position: string;
}

interface PlacedTask extends Positioned {
  readonly list_id: string | null;
  readonly parent_id: string | null;
}

/** The lists in their order. */
export function sortLists<L extends Positioned>(lists: readonly L[]): L[] {
  return [...lists].sort(byPosition);
}

/**
 * The tasks of the inbox and of each list in their order, each followed by what is below it. Leaves out tasks whose parent is
 * not among them, and those that are below themselves.
 *
 * @param lists in their order.
 */
export function sortTasks<T extends PlacedTask>(lists: readonly { readonly id: string }[], tasks: readonly T[]): T[] {
  const tops = new Map<string | null, T[]>([[null, []], ...lists.map(({ id }): [string, T[]] => [id, []])]);
  const children = new Map<string, T[]>();
  for (const task of [...tasks].sort(byPosition)) {
    const [places, place] =
      task.parent_id === null ? ([tops, task.list_id] as const) : ([children, task.parent_id] as const);
    const siblings = places.get(place as string);
    if (siblings) siblings.push(task);
    else places.set(place as string, [task]);
  }
  const sorted: T[] = [];
  // A stack, since a file may nest deeper than calls can.
  const stack = [...tops.values()].flat().reverse();
  for (let task = stack.pop(); task; task = stack.pop()) {
    sorted.push(task);
    stack.push(...(children.get(task.id) ?? []).reverse());
  }
  return sorted;
}
