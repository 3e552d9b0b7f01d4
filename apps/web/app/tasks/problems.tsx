import type { ReactNode } from 'react';
import { definedOf } from '../sync/apply';
import type { Change } from '../sync/changes';
import { NEW_TASK, type TaskDraft } from '../sync/drafts';
import { updateOf } from '../sync/merge';
import { type TaskApp, useStoreState, useTaskApp } from './context';
import { quote } from './labels';
import { lazyPart } from './lazy-part';
import { parts } from './lazy-parts';

const ConflictDialog = lazyPart(parts.conflict);

/** What could not be saved, and what can be done about it. */
export function Problems() {
  const app = useTaskApp();
  const { changes, drafts, view, isComplete } = useStoreState();
  const refused = changes.filter(({ state }) => state === 'refused');
  const orphans = isComplete
    ? [...drafts.values()].filter((draft) => 'base' in draft && !view.tasks.has(draft.id))
    : [];
  const conflict = refused.find(({ refusal, tab }) => refusal?.kind === 'conflict' && tab === app.store.tab);
  return (
    <>
      {refused.length + orphans.length > 0 && (
        <ul aria-label="What couldn’t be saved" className="card mb-3 divide-y divide-line border-danger">
          {refused.map((change) => (
            <RefusedChange key={change.key} change={change} />
          ))}
          {orphans.map((draft) => 'base' in draft && <OrphanDraft key={draft.id} draft={draft} />)}
        </ul>
      )}
      {conflict && <ConflictDialog key={conflict.idempotencyKey} change={conflict} />}
    </>
  );
}

function RefusedChange({ change }: { change: Change }) {
  const app = useTaskApp();
  const { label, refusal } = change;
  const { kind = 'failed', errors = [], message } = refusal ?? {};
  const { text, act } = REMEDIES[kind];
  const reason = REASONS[kind] ?? (errors.map((error) => error.message).join(' ') || message);
  const discard = () => app.store.update({ put: [], removed: [change.key] });
  const remedy = () => {
    discard();
    act(change, app);
  };
  return (
    <Problem title={`Couldn’t save: ${label}.`} text={textOf(change)} onDiscard={discard} {...{ reason }}>
      <button type="button" className="button" onClick={remedy}>
        {text}
      </button>
    </Problem>
  );
}

/** Text in the editor of a task that was deleted elsewhere. */
function OrphanDraft({ draft: { id, base, fields } }: { draft: TaskDraft }) {
  const { store, actions } = useTaskApp();
  const discard = () => store.deleteDraft(id);
  const { title, description } = { ...base, ...definedOf(fields) };
  const add = () => {
    const { due_date, priority, tags, list_id } = { ...base, ...definedOf(fields) };
    discard();
    actions.add([{ title, description, due_date, priority, tags, list_id }]);
  };
  const text = [fields.title, fields.description].filter(Boolean).join('\n');
  return (
    <Problem title={`You were editing ${quote(base.title)}.`} reason={REASONS.gone} text={text} onDiscard={discard}>
      <button type="button" className="button" onClick={add}>
        {REMEDIES.gone.text}
      </button>
    </Problem>
  );
}

interface ProblemProps {
  readonly title: string;
  readonly reason: string | undefined;
  /** What the user typed. */
  readonly text: string;
  readonly onDiscard: () => void;
  /** A button that does something about it. */
  readonly children: ReactNode;
}

function Problem({ title, reason, text, onDiscard, children }: ProblemProps) {
  return (
    <li className="flex flex-wrap items-center gap-2 p-3">
      <div dir="auto" role="alert" className="wrap-anywhere min-w-0 grow basis-60">
        <p className="text-danger">
          <strong className="font-semibold">{title}</strong> {reason}
        </p>
        <p className="line-clamp-6 whitespace-pre-line text-sm">{text}</p>
      </div>
      {children}
      <button type="button" className="button button-quiet" onClick={onDiscard}>
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
