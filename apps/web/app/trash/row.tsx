import type { TrashedTask } from '@taskward/api-core/contract';
import { useState } from 'react';
import { formatMoment } from '../dates';

type Task = TrashedTask['task'];

export const rowIdOf = (id: string) => `trashed-${id}`;

interface RowProps {
  readonly item: TrashedTask;
  readonly onRestore: (task: Task) => Promise<void>;
  readonly onDelete: (task: Task) => void;
}

export function Row({ item: { task, deleted_at }, onRestore, onDelete }: RowProps) {
  const [isBusy, setBusy] = useState(false);
  const restore = async () => {
    if (isBusy) return;
    setBusy(true);
    await onRestore(task);
    setBusy(false);
  };
  return (
    <li id={rowIdOf(task.id)} tabIndex={-1} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 grow basis-60">
        <p dir="auto" className="wrap-anywhere">
          {task.title}
        </p>
        <p className="text-muted text-sm">
          Deleted <time dateTime={deleted_at}>{formatMoment(deleted_at)}</time>
          {task.parent_id !== null && ' · was a sub-task'}
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        <button type="button" className="button" aria-disabled={isBusy} onClick={restore}>
          {isBusy ? 'Restoring…' : 'Restore'}
          <span className="sr-only"> “{task.title}”</span>
        </button>
        <button type="button" className="button button-danger" onClick={() => onDelete(task)}>
          Delete forever…
          <span className="sr-only"> “{task.title}”</span>
        </button>
      </div>
    </li>
  );
}
