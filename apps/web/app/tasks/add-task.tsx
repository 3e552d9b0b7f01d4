import { type FormEvent, useState } from 'react';
import { useReady } from '../ready';
import type { FieldFault } from './editor';

/** A task that the API would not make. */
export interface Refused {
  readonly title: string;
  readonly message: string;
  readonly faults: readonly FieldFault[];
}

export function AddTask({ refused, onAdd }: { refused: Refused | undefined; onAdd: (title: string) => void }) {
  const isReady = useReady();
  const [title, setTitle] = useState('');
  const [known, setKnown] = useState(refused);
  if (refused !== known) {
    setKnown(refused);
    // Given back to mend, unless the person is at the next one already.
    if (refused && title === '') setTitle(refused.title);
  }
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (title.trim() === '') return;
    onAdd(title.trim());
    setTitle('');
  };
  return (
    <form method="post" className="mb-6" onSubmit={onSubmit}>
      <div className="flex gap-2">
        <input
          id="new-task"
          className="field min-h-12 text-lg"
          aria-label="New task"
          aria-invalid={refused !== undefined}
          aria-describedby={refused && 'new-task-fault'}
          placeholder="What is to be done?"
          autoComplete="off"
          enterKeyHint="done"
          disabled={!isReady}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
        />
        <button type="submit" className="button button-primary min-h-12" disabled={!isReady}>
          Add
        </button>
      </div>
      {refused && (
        <p id="new-task-fault" role="alert" className="wrap-anywhere mt-1 line-clamp-4 text-danger text-sm">
          “{refused.title.length > 60 ? `${refused.title.slice(0, 60)}…` : refused.title}” was not added:{' '}
          {refused.faults.map(({ message }) => message).join(' ') || refused.message}
        </p>
      )}
    </form>
  );
}
