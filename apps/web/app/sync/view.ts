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

/** The tasks by the task or list that they are directly in, `inbox` for neither, in the order of their positions. */
export function childrenOf(view: View): ReadonlyMap<string, readonly Row[]> {
  const known = CHILDREN.get(view);
  if (known) return known;
  const children = new Map<string, Row[]>();
  for (const row of view.tasks.values()) {
    const siblings = children.get(placeOf(row));
    if (siblings) siblings.push(row);
    else children.set(placeOf(row), [row]);
  }
  for (const siblings of children.values()) siblings.sort(byPosition);
  CHILDREN.set(view, children);
  return children;
}
const CHILDREN = new WeakMap<View, ReadonlyMap<string, readonly Row[]>>();

export const INBOX = 'inbox';

export function placeOf({ list_id, parent_id }: Pick<Task, 'list_id' | 'parent_id'>): string {
  return parent_id ?? list_id ?? INBOX;
}

/** Byte by byte, as the server compares them. */
export function byPosition(a: { readonly position: string }, b: { readonly position: string }): number {
  return a.position < b.position ? -1 : a.position > b.position ? 1 : 0;
}
