import type { KeyboardEvent } from 'react';
import { useEffect, useMemo, useRef } from 'react';
import { childrenOf, placeOf, type Row, type View } from '../sync/view';
import { useValue } from '../value';
import { type TaskApp, useStoreState, useTaskApp } from './context';
import { keyOf, letterShortcuts } from './shortcuts';
import type { Group } from './views';

type KeyAction = (row: Row, app: TaskApp) => void;

const KEYS: Record<string, KeyAction> = {
  ArrowDown: ({ id }) => focusBeside(id, 1),
  ArrowUp: ({ id }) => focusBeside(id, -1),
  Delete: (row, { actions }) => actions.remove(row),
};

const LETTERS: Record<string, KeyAction> = {
  j: ({ id }) => focusBeside(id, 1),
  k: ({ id }) => focusBeside(id, -1),
  x: (row, { actions }) => actions.complete(row, !row.completed),
  e: ({ id }, { ui }) => ui.edit(id),
  d: ({ id }, { ui }) => ui.menu.set({ id, section: 'due' }),
  p: ({ id }, { ui }) => ui.menu.set({ id, section: 'priority' }),
  l: ({ id }, { ui }) => ui.menu.set({ id, section: 'list' }),
  u: (_, { messages }) => messages.undoLast(),
};

/** The keyboard in the list: which row has the focus, what its keys do, and where the focus goes when it disappears. */
export function useRowKeys(groups: readonly Group[], isSortable: boolean) {
  const app = useTaskApp();
  const { view } = useStoreState();
  const focused = useValue(app.ui.focused);
  const ids = useMemo(() => groups.flatMap(({ items }) => items.map(({ row }) => row.id)), [groups]);
  const activeId = focused !== undefined && ids.includes(focused) ? focused : ids[0];
  useKeptFocus(ids, focused);

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const { target } = event;
    if (!(target instanceof HTMLElement) || target.closest('form') || event.nativeEvent.isComposing) return;
    const row = view.tasks.get(target.closest<HTMLElement>('[data-row]')?.dataset.row ?? '');
    if (!row || event.ctrlKey || event.metaKey) return;
    const move = event.altKey && isSortable ? MOVES[event.key] : undefined;
    const act = event.altKey
      ? move && (() => move(row, app, view))
      : (KEYS[event.key] ?? (letterShortcuts.get() ? LETTERS[keyOf(event)] : undefined));
    if (!act) return;
    event.preventDefault();
    act(row, app);
  };
  return { onKeyDown, activeId };
}

/** When the row with the focus disappears, the one at its place gets it. */
function useKeptFocus(ids: readonly string[], focused: string | undefined): void {
  const before = useRef(ids);
  useEffect(() => {
    const was = before.current;
    before.current = ids;
    if (focused === undefined || ids.includes(focused) || !was.includes(focused)) return;
    // Unless the user has gone on to something else.
    if (document.activeElement !== document.body) return;
    const index = was.indexOf(focused);
    const next = [...was.slice(index), ...was.slice(0, index).reverse()].find((id) => ids.includes(id));
    focusRow(next);
  }, [ids, focused]);
}

function focusRow(id: string | undefined): void {
  const target = id === undefined ? document.getElementById('tasks') : document.getElementById(`done-${id}`);
  target?.focus();
}

function focusBeside(id: string, step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('#tasks [data-row]')].filter(
    (row) => row.offsetParent !== null,
  );
  const index = rows.findIndex((row) => row.dataset.row === id);
  rows[index + step]?.querySelector<HTMLElement>('input')?.focus();
}

type MoveAction = (row: Row, app: TaskApp, view: View) => void;

/** With Alt: up, down, below the task before it, out of its parent. */
export const MOVES: Record<string, MoveAction> = {
  ArrowUp(row, { actions }, view) {
    const { before } = neighboursOf(row, view);
    if (before.length > 0) actions.move(row, { after: before.at(-2)?.id ?? null });
  },
  ArrowDown(row, { actions }, view) {
    const { after } = neighboursOf(row, view);
    if (after[0]) actions.move(row, { after: after[0].id });
  },
  ArrowRight(row, { actions }, view) {
    const parent = neighboursOf(row, view).before.at(-1);
    if (parent) actions.move(row, { parent_id: parent.id });
  },
  ArrowLeft(row, { actions }, view) {
    const parent = row.parent_id === null ? undefined : view.tasks.get(row.parent_id);
    if (parent) actions.move(row, { parent_id: parent.parent_id, list_id: parent.list_id, after: parent.id });
  },
};

/** Open siblings: those are what the user sees around it. */
function neighboursOf(row: Row, view: View): { before: readonly Row[]; after: readonly Row[] } {
  const siblings = childrenOf(view, placeOf(row)).filter(({ completed, id }) => !completed || id === row.id);
  const index = siblings.findIndex(({ id }) => id === row.id);
  return { before: siblings.slice(0, index), after: siblings.slice(index + 1) };
}
