import { lazy, Suspense } from 'react';
import { definedOf } from '../sync/apply';
import type { Change } from '../sync/changes';
import { NEW_TASK } from '../sync/drafts';
import { updateOf } from '../sync/merge';
import { type TaskApp, useStoreState, useTaskApp } from './context';
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
  const app = useTaskApp();
  const { label, refusal } = change;
  const { kind = 'failed', errors = [], message } = refusal ?? {};
  const { text, act } = REMEDIES[kind];
  const discard = () => app.store.update({ put: [], removed: [change.key] });
  return (
    <li className="flex flex-wrap items-center gap-2 p-3" role="alert">
      <div dir="auto" className="wrap-anywhere min-w-0 grow basis-60">
        <p className="text-danger">
          <strong className="font-semibold">Couldn’t save: {label}.</strong>{' '}
          {REASONS[kind] ?? (errors.map((error) => error.message).join(' ') || message)}
        </p>
        <p className="line-clamp-6 whitespace-pre-line text-sm">{textOf(change)}</p>
      </div>
      <button
        type="button"
        className="button"
        onClick={() => {
          discard();
          act(change, app);
        }}
      >
        {text}
      </button>
      <button type="button" className="button button-quiet" onClick={discard}>
        Discard
      </button>
    </li>
  );
}

type Kind = NonNullable<Change['refusal']>['kind'];

const REASONS: Partial<Record<Kind, string>> = {
  conflict: 'It was changed on another device.',
  gone: 'The task was deleted on another device.',
};

/** What the user can do about a refused change, which is removed first. */
const REMEDIES: Record<Kind, { text: string; act: (change: Change, app: TaskApp) => void }> = {
  conflict: { text: 'Edit', act: edit },
  invalid: { text: 'Edit', act: edit },
  gone: { text: 'Add as a new task', act: addAgain },
  failed: {
    text: 'Try again',
    act: ({ refusal: _, ...change }, { store }) =>
      store.update({ put: [{ ...change, state: 'waiting' }], removed: [] }),
  },
};

/** Opens the form, or the line that adds tasks, with what was typed. */
function edit(change: Change, { store, ui }: TaskApp): void {
  const found = updateOf(change);
  if (found) {
    const { update, base } = found;
    const { current = base, errors = [] } = change.refusal ?? {};
    store.saveDraft({ id: base.id, base: current, fields: update.body, errors });
    ui.edit(base.id);
  } else {
    store.saveDraft({ id: NEW_TASK, text: textOf(change) });
    document.getElementById('new-task')?.focus();
  }
}

function addAgain(change: Change, { actions }: TaskApp): void {
  const found = updateOf(change);
  if (!found) return;
  const { title, description, due_date, priority, tags, list_id } = { ...found.base, ...definedOf(found.update.body) };
  actions.add([{ title, description, due_date, priority, tags, list_id }]);
}

/** What the user typed. */
function textOf({ operations }: Change): string {
  const texts = operations.flatMap((operation) => {
    const body: object = 'body' in operation ? (operation.body ?? {}) : {};
    return Object.entries(body).filter(([name]) => ['title', 'description', 'name'].includes(name));
  });
  return texts.map(([, text]) => text).join('\n');
}
