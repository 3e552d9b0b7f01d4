import { useEffect, useRef } from 'react';
import { type Counts, countsOf } from './data-counts';
import type { Plan } from './data-plan';

/** What an import will do, before it does it. */
export function PlanView({ plan, onImport, onCancel }: { plan: Plan; onImport: () => void; onCancel: () => void }) {
  const { file, existing } = plan;
  const added: Counts = { lists: file.lists - existing.lists, tasks: file.tasks - existing.tasks };
  const heading = useRef<HTMLParagraphElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const isNothing = plan.steps.length === 0;
  return (
    <div className="rounded-lg border border-line bg-sunken px-4 py-3">
      <p ref={heading} tabIndex={-1} className="font-medium outline-none">
        This file has {countsOf(file)}.
      </p>
      {existing.lists + existing.tasks > 0 && (
        <p className="mt-1">{isNothing ? 'All of it exists already.' : existingText(existing)}</p>
      )}
      {!isNothing && (
        <p className="mt-1 text-muted">
          New tasks keep their order, sub-tasks and status; they count as created now. You can undo the import in your
          history.
        </p>
      )}
      <div className="mt-3 flex flex-wrap gap-2">
        {!isNothing && (
          <button type="button" className="button button-primary" onClick={onImport}>
            Import {countsOf(added)}
          </button>
        )}
        <button type="button" className="button" onClick={onCancel}>
          {isNothing ? 'Close' : 'Cancel'}
        </button>
      </div>
    </div>
  );
}

function existingText(existing: Counts): string {
  const isOne = existing.lists + existing.tasks === 1;
  return `${countsOf(existing)} already ${isOne ? 'exists and stays as it is' : 'exist and stay as they are'}.`;
}
