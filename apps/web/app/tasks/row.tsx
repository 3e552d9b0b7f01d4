import { memo, useEffect, useRef } from 'react';
import { formatDue, today } from '../dates';
import type { Row } from './changes';
import { PRIORITY, STATUS } from './labels';

export interface RowActions {
  readonly onComplete: (row: Row, completed: boolean) => void;
  readonly onEdit: (row: Row) => void;
  readonly onDelete: (row: Row) => void;
  readonly onTag: (tag: string) => void;
}

interface TaskRowProps extends RowActions {
  readonly row: Row;
  /** Has to wait for the API to be back. */
  readonly isWaiting: boolean;
  /** Was in the editor just now, so that the focus comes back to it. */
  readonly takesFocus: boolean;
}

export const TaskRow = memo(function TaskRow(props: TaskRowProps) {
  const { row, isWaiting, takesFocus, onComplete, onEdit, onDelete, onTag } = props;
  const { title, description, completed, isNew = false } = row;
  const edit = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // Unless the person has gone on to something else.
    if (takesFocus && document.activeElement === document.body) edit.current?.focus();
  }, [takesFocus]);
  return (
    <div className="flex items-start gap-1 py-1.5 pr-2 pl-3">
      <label className="p-2.5">
        <input
          type="checkbox"
          id={`done-${row.id}`}
          className="block size-5 accent-accent"
          aria-label={`Done: ${title}`}
          checked={completed}
          disabled={isNew}
          onChange={(event) => onComplete(row, event.target.checked)}
        />
      </label>
      <div className="min-w-0 grow py-2">
        <button
          type="button"
          ref={edit}
          className={`-mx-1 block max-w-full rounded px-1 text-left ${completed ? 'text-muted line-through' : ''}`}
          aria-label={`Edit ${title}`}
          disabled={isNew}
          onClick={() => onEdit(row)}
        >
          <span className="wrap-anywhere">{title}</span>
        </button>
        {description && <p className="line-clamp-1 break-words text-muted text-sm">{description}</p>}
        <Facts row={row} isWaiting={isWaiting} onTag={onTag} />
      </div>
      <button
        type="button"
        className="button button-quiet text-muted"
        aria-label={`Delete ${title}`}
        disabled={isNew}
        onClick={() => onDelete(row)}
      >
        ✕
      </button>
    </div>
  );
});

function Facts({ row, isWaiting, onTag }: { row: Row; isWaiting: boolean; onTag: (tag: string) => void }) {
  const { status, priority, due_date: due, tags, completed } = row;
  const isOverdue = due !== null && !completed && due < today();
  const hasFacts = isWaiting || status === 'in_progress' || priority !== 'none' || due !== null || tags.length > 0;
  if (!hasFacts) return null;
  return (
    <div className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-muted text-sm">
      {isWaiting && <span className="text-warn">Not sent yet</span>}
      {status === 'in_progress' && <span className="text-accent">{STATUS.in_progress}</span>}
      {priority !== 'none' && (
        <span className={priority === 'high' ? 'font-medium text-danger' : ''}>{PRIORITY[priority]} priority</span>
      )}
      {due !== null && (
        <time dateTime={due} className={isOverdue ? 'font-medium text-danger' : ''}>
          {isOverdue ? `Overdue, ${formatDue(due)}` : `Due ${formatDue(due)}`}
        </time>
      )}
      {tags.map((tag) => (
        <button
          key={tag}
          type="button"
          className="wrap-anywhere rounded-full bg-sunken px-2.5 py-0.5 text-left hover:text-ink"
          aria-label={`Show only ${tag}`}
          onClick={() => onTag(tag)}
        >
          #{tag}
        </button>
      ))}
    </div>
  );
}
