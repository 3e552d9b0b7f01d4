import type { KeyboardEvent } from 'react';
import { useStoreState, useTaskApp } from './context';
import { sortedLists } from './views';

/** Alt and an arrow move the list that has the focus. */
export function useListKeys() {
  const { actions } = useTaskApp();
  const { view } = useStoreState();
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const id = event.target instanceof Element ? event.target.closest('li')?.dataset.list : undefined;
    if (!step || !id || !event.altKey) return;
    event.preventDefault();
    const ids = sortedLists(view).map((list) => list.id);
    const to = ids.indexOf(id) + step;
    const others = ids.filter((other) => other !== id);
    if (to >= 0 && to < ids.length) actions.moveList(id, others[to - 1] ?? null);
  };
  return { onKeyDown };
}
