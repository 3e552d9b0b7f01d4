import { lazy, Suspense } from 'react';
import type { Change } from '../sync/changes';
import { NEW_TASK } from '../sync/drafts';
import { updateOf } from '../sync/merge';
import { useStoreState, useTaskApp } from './context';
import { parts } from './lazy-parts';

const ConflictDialog = lazy(parts.conflict);

/** Changes that the API has refused, and what can be done about them. */
export function Problems() {
  const { store } = useTaskApp();
  const { changes } = useStoreState();
  const refused = changes.filter(({ state }) => state === 'refused');
  const conflict = refused.find(({ refusal, tab }) => refusal?.kind === 'conflict' && tab === store.tab);
  return (
    <>
      {refused.length > 0 && (
        <ul aria-label="Changes that couldn’t be saved" className="card mb-3 divide-y divide-line border-danger">
          {refused.map((change) => (
            <Problem key={change.key} change={change} />
          ))}
        </ul>
      )}
      {conflict && (
        <Suspense>
          <ConflictDialog key={conflict.key} change={conflict} />
        </Suspense>
      )}
    </>
  );
}

function Problem({ change }: { change: Change }) {
  const { store, ui } = useTaskApp();
  const { label, refusal, operations } = change;
  const messages = refusal?.errors.map(({ message }) => message).join(' ') || refusal?.message;
  const discard = () => store.update({ put: [], removed: [change.key] });
  const edit = () => {
    const found = updateOf(change);
    const [operation] = operations;
    if (found) {
      const { update, base } = found;
      store.saveDraft({
        id: base.id,
        base: refusal?.current ?? base,
        fields: update.body,
        errors: refusal?.errors ?? [],
      });
      ui.edit(base.id);
    } else if (operation?.op === 'replaceTask') {
      store.saveDraft({
        id: NEW_TASK,
        text: operations
          .map((one) => ('body' in one && one.body && 'title' in one.body ? one.body.title : ''))
          .join('\n'),
      });
      document.getElementById('new-task')?.focus();
    }
    discard();
  };
  const retry = () => store.update({ put: [{ ...change, state: 'waiting' }], removed: [] });
  return (
    <li className="flex flex-wrap items-center gap-2 p-3" role="alert">
      <p dir="auto" className="wrap-anywhere line-clamp-4 min-w-0 grow basis-60 text-danger">
        <strong className="font-semibold">Couldn’t save: {label}.</strong> {explain(change, messages)}
      </p>
      <button type="button" className="button" onClick={refusal?.kind === 'failed' ? retry : edit}>
        {refusal?.kind === 'failed' ? 'Try again' : 'Edit'}
      </button>
      <button type="button" className="button button-quiet" onClick={discard}>
        Discard
      </button>
    </li>
  );
}

function explain({ refusal }: Change, messages: string | undefined): string {
  if (refusal?.kind === 'conflict') return 'It was changed on another device.';
  if (refusal?.kind === 'gone') return 'The task was deleted on another device.';
  return messages ?? '';
}
