import { randomKey } from '@taskward/api-core/kit/client';
import { Modal } from '../modal';
import type { Change } from '../sync/changes';
import { conflicts, type Field, updateOf } from '../sync/merge';
import { useStoreState, useTaskApp } from './context';
import { viewName } from './heading';
import { FIELD_LABELS, inWords } from './labels';

/** The same field was changed here and elsewhere: the user chooses. Closing it goes back to the editor. */
export function ConflictDialog({ change }: { change: Change }) {
  const { store, ui } = useTaskApp();
  const { view } = useStoreState();
  const found = updateOf(change);
  const current = change.refusal?.current;
  if (!found || !current) return null;
  const { update, base } = found;
  const listName = (id: string | null) => viewName({ view: id ?? 'inbox', q: '' }, view.lists);
  const put = (fields: typeof update.body) => {
    const { refusal: _, ...rest } = change;
    const operations = [{ ...update, body: fields, if_match: current.version }];
    const next: Change = {
      ...rest,
      idempotencyKey: randomKey(),
      operations,
      before: { [base.id]: current },
      state: 'waiting',
    };
    const hasFields = Object.keys(fields).length > 0;
    store.update(hasFields ? { put: [next], removed: [] } : { put: [], removed: [change.key] });
  };
  const atStake = conflicts(base, update.body, current);
  const keepTheirs = () =>
    put(Object.fromEntries(Object.entries(update.body).filter(([field]) => !isOneOf(atStake, field))));
  const backToEditor = () => {
    store.saveDraft({ id: base.id, base: current, fields: update.body });
    store.update({ put: [], removed: [change.key] });
    ui.edit(base.id);
  };
  return (
    <Modal title="This task was changed elsewhere" onClose={backToEditor}>
      <p className="mt-2 text-muted">
        While you were editing it, another tab or device changed the same {atStake.length === 1 ? 'field' : 'fields'}.
        Nothing is overwritten until you choose.
      </p>
      {atStake.map((field) => (
        <section key={field} className="mt-4">
          <h3 className="font-medium">{FIELD_LABELS[field]}</h3>
          <div className="mt-1 grid gap-2 sm:grid-cols-2">
            <Version title="Yours" text={inWords(field, update.body[field] ?? null, listName)} />
            <Version title="Saved elsewhere" text={inWords(field, current[field], listName)} />
          </div>
        </section>
      ))}
      <div className="mt-6 flex flex-wrap justify-end gap-3">
        <button type="button" className="button button-quiet" onClick={backToEditor}>
          Back to editing
        </button>
        <button type="button" className="button" onClick={keepTheirs}>
          Keep theirs
        </button>
        <button type="button" className="button button-primary" onClick={() => put(update.body)}>
          Save mine
        </button>
      </div>
    </Modal>
  );
}

function Version({ title, text }: { title: string; text: string }) {
  return (
    <div className="rounded-lg border border-line p-3">
      <h4 className="text-muted text-sm">{title}</h4>
      <p dir="auto" className="wrap-anywhere max-h-60 overflow-y-auto whitespace-pre-line">
        {text}
      </p>
    </div>
  );
}

function isOneOf(fields: readonly Field[], name: string): boolean {
  return fields.some((field) => field === name);
}
