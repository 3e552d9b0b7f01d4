import type { TaskPatch } from '@taskward/api-core/contract';
import { type KeyboardEvent, useEffect, useEffectEvent, useRef } from 'react';
import type { Row } from './changes';
import { type Draft, Editor } from './editor';
import { type RowActions, TaskRow } from './row';

interface ListProps extends RowActions {
  readonly rows: readonly Row[];
  /** What is in an editor, by the id of its task. */
  readonly drafts: Readonly<Record<string, Draft>>;
  /** The task whose editor was closed last. */
  readonly edited: string | undefined;
  readonly isHeldBack: boolean;
  /** Stands in for a list that is on its way. */
  readonly isDimmed: boolean;
  readonly onSave: (draft: Draft, patch: TaskPatch) => void;
  readonly onClose: (id: string) => void;
  readonly onHide: (id: string, patch: TaskPatch) => void;
}

export function List({ rows, drafts, edited, isHeldBack, isDimmed, onSave, onClose, onHide, ...actions }: ListProps) {
  const onKeyDown = (event: KeyboardEvent<HTMLUListElement>) => {
    if (event.target instanceof HTMLElement && event.target.closest('form')) return;
    const item = document.activeElement?.closest('li');
    const row = rows.find(({ id }) => item?.id === `task-${id}`);
    const act = row && !row.isNew && keys[event.key];
    if (!item || !act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(item, row, actions);
  };
  const renderRow = (row: Row, draft: Draft | undefined) => {
    if (draft) {
      const onCancel = () => onClose(row.id);
      return <Editor draft={draft} onSave={(patch) => onSave(draft, patch)} {...{ onCancel, onHide }} />;
    }
    const isWaiting = isHeldBack && row.isPending === true;
    return <TaskRow row={row} isWaiting={isWaiting} takesFocus={edited === row.id} {...actions} />;
  };
  return (
    <ul
      aria-label="Tasks"
      className={`card divide-y divide-line overflow-hidden ${isDimmed ? 'opacity-70' : ''}`}
      onKeyDown={onKeyDown}
    >
      {rows.map((row) => (
        <li
          key={row.id}
          id={`task-${row.id}`}
          // Rows out of sight cost no layout and no paint, so that a long list stays light.
          className="[contain-intrinsic-size:auto_3.5rem] [content-visibility:auto] focus-within:bg-sunken/50"
        >
          {renderRow(row, drafts[row.id])}
        </li>
      ))}
    </ul>
  );
}

type KeyAction = (item: Element, row: Row, actions: RowActions) => void;

const focusIn = (item: Element | null) => item?.querySelector<HTMLElement>('input:enabled, button:enabled')?.focus();
const keys: Record<string, KeyAction | undefined> = {
  ArrowDown: (item) => focusIn(item.nextElementSibling),
  ArrowUp: (item) => focusIn(item.previousElementSibling),
  e: (_, row, { onEdit }) => onEdit(row),
  Delete: (_, row, { onDelete }) => onDelete(row),
};

interface MoreProps {
  readonly isLoading: boolean;
  readonly failure: string | undefined;
  readonly onMore: () => void;
}

/** Loads the next page before the end of this one is reached. The button is for who does not scroll. */
export function More({ isLoading, failure, onMore }: MoreProps) {
  const end = useRef<HTMLDivElement>(null);
  const load = useEffectEvent(onMore);
  useEffect(() => {
    if (isLoading || failure || !end.current) return;
    const watcher = new IntersectionObserver(([entry]) => entry?.isIntersecting && load(), { rootMargin: '800px' });
    watcher.observe(end.current);
    return () => watcher.disconnect();
  }, [isLoading, failure]);
  return (
    <div ref={end} className="flex flex-col items-center gap-3 py-4">
      {failure && (
        <p role="alert" className="text-danger">
          {failure}
        </p>
      )}
      <button type="button" className="button" disabled={isLoading} onClick={onMore}>
        {isLoading ? 'Loading…' : failure ? 'Try again' : 'Show more'}
      </button>
    </div>
  );
}

export function Skeleton() {
  return (
    <div className="card divide-y divide-line" aria-hidden="true" data-testid="skeleton">
      {['w-2/3', 'w-1/2', 'w-3/5', 'w-2/5', 'w-1/2'].map((width, index) => (
        <div key={index} className="flex items-center gap-4 p-5">
          <div className="size-5 rounded bg-sunken motion-safe:animate-pulse" />
          <div className={`h-4 rounded bg-sunken motion-safe:animate-pulse ${width}`} />
        </div>
      ))}
    </div>
  );
}
