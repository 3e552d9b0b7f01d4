import {
  draggable,
  dropTargetForElements,
  monitorForElements,
} from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import type { Store } from '../sync/store';
import { childrenOf, placeOf, type Row } from '../sync/view';
import type { Actions } from './actions';

interface Dragging {
  readonly actions: Actions;
  readonly store: Store;
  /** Whether rows can be dropped among rows; onto lists they always can. */
  readonly isSortable: boolean;
}

type Spot = 'above' | 'inside' | 'below';

/** Makes rows draggable, now and when others appear. Call the returned function to end it. */
export function watchDragging(dragging: Dragging): () => void {
  const cleanups = new Map<Element, () => void>();
  const update = () => {
    for (const [element, cleanUp] of cleanups) {
      if (element.isConnected) continue;
      cleanUp();
      cleanups.delete(element);
    }
    for (const element of document.querySelectorAll<HTMLElement>('[data-row], [data-view]')) {
      if (!cleanups.has(element)) cleanups.set(element, register(element, dragging));
    }
  };
  update();
  const observer = new MutationObserver(update);
  observer.observe(document.body, { childList: true, subtree: true });
  const stopMonitoring = monitorForElements({
    onDrop({ source, location }) {
      const [target] = location.current.dropTargets;
      if (target) drop(String(source.data.id), target.data, dragging);
    },
  });
  return () => {
    observer.disconnect();
    stopMonitoring();
    for (const cleanUp of cleanups.values()) cleanUp();
  };
}

function register(element: HTMLElement, { isSortable, store }: Dragging): () => void {
  const { row: id, view: place } = element.dataset;
  if (id === undefined) {
    const accepts = place === 'inbox' || store.getState().view.lists.has(place ?? '');
    return dropTargetForElements({
      element,
      canDrop: () => accepts,
      getData: () => ({ place }),
      onDragEnter: () => element.toggleAttribute('data-over', true),
      onDragLeave: () => element.removeAttribute('data-over'),
      onDrop: () => element.removeAttribute('data-over'),
    });
  }
  const stopDragging = draggable({ element, getInitialData: () => ({ id }) });
  if (!isSortable) return stopDragging;
  const mark = (spot: Spot | undefined) => {
    if (spot) element.dataset.drop = spot;
    else delete element.dataset.drop;
  };
  const stopDropping = dropTargetForElements({
    element,
    canDrop: ({ source }) => source.data.id !== id && !isBelow(store, id, String(source.data.id)),
    getData: ({ input }) => ({ id, spot: spotAt(element, input.clientY) }),
    onDrag: ({ self }) => mark(self.data.spot as Spot),
    onDragLeave: () => mark(undefined),
    onDrop: () => mark(undefined),
  });
  return () => {
    stopDragging();
    stopDropping();
  };
}

function spotAt(element: Element, y: number): Spot {
  const { top, height } = element.getBoundingClientRect();
  const share = (y - top) / height;
  return share < 0.3 ? 'above' : share > 0.7 ? 'below' : 'inside';
}

/** Whether a task is below another one, so that the other one cannot move to it. */
function isBelow(store: Store, id: string, ancestor: string): boolean {
  const { tasks } = store.getState().view;
  for (let task = tasks.get(id); task?.parent_id; task = tasks.get(task.parent_id)) {
    if (task.parent_id === ancestor) return true;
  }
  return false;
}

function drop(id: string, target: Record<string | symbol, unknown>, { actions, store }: Dragging): void {
  const { view } = store.getState();
  const row = view.tasks.get(id);
  if (!row) return;
  if (typeof target.place === 'string') {
    const list_id = target.place === 'inbox' ? null : target.place;
    if (row.list_id !== list_id || row.parent_id !== null) actions.move(row, { list_id });
    return;
  }
  const beside = view.tasks.get(String(target.id));
  if (!beside) return;
  const place = { list_id: beside.list_id, parent_id: beside.parent_id };
  const after = target.spot === 'below' ? beside.id : before(store, beside, id);
  actions.move(row, target.spot === 'inside' ? { parent_id: beside.id } : { ...place, after });
}

/** The id of the sibling before a task, null for the first. */
function before(store: Store, beside: Row, moved: string): string | null {
  const siblings = childrenOf(store.getState().view, placeOf(beside)).filter(({ id }) => id !== moved);
  return siblings[siblings.findIndex(({ id }) => id === beside.id) - 1]?.id ?? null;
}
