import type { List, Task } from '@taskward/api-core/contract';

/** A task as it will be when all changes have been sent. */
export interface Row extends Task {
  readonly isPending?: boolean;
}

/** What the user sees: the copy of the server's data with all changes on top. It is replaced as a whole, never modified. */
export interface View {
  readonly tasks: ReadonlyMap<string, Row>;
  readonly lists: ReadonlyMap<string, List>;
}

/** The tasks directly in a task, a list or `inbox`, in the order of their positions. */
export function childrenOf(view: View, place: string): Row[] {
  return [...(byPlace(view).get(place) ?? [])].sort(byPosition);
}

function byPlace(view: View): ReadonlyMap<string, readonly Row[]> {
  const known = PLACES.get(view);
  if (known) return known;
  const places = new Map<string, Row[]>();
  for (const row of view.tasks.values()) {
    const siblings = places.get(placeOf(row));
    if (siblings) siblings.push(row);
    else places.set(placeOf(row), [row]);
  }
  PLACES.set(view, places);
  return places;
}
const PLACES = new WeakMap<View, ReadonlyMap<string, readonly Row[]>>();

export const INBOX = 'inbox';

export function placeOf({ list_id, parent_id }: Pick<Task, 'list_id' | 'parent_id'>): string {
  return parent_id ?? list_id ?? INBOX;
}

/** Byte by byte, as the server compares them. */
export function byPosition(a: { readonly position: string }, b: { readonly position: string }): number {
  return a.position < b.position ? -1 : a.position > b.position ? 1 : 0;
}
