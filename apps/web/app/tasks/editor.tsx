import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import type { Draft, FieldChanges, Fields, TaskDraft } from '../sync/drafts';
import { differences, type Field } from '../sync/merge';
import type { Row } from '../sync/view';
import { useStoreState, useTaskApp } from './context';
import { FIELD_LABELS, PRIORITY, STATUS } from './labels';
import { Linked, splitLinks } from './linked';
import { TagField } from './tag-field';
import { sortedLists } from './views';

interface EditorProps {
  readonly row: Row;
  /** What was typed before. */
  readonly draft: Draft | undefined;
}

/** The form of a task. What is typed is stored as a draft with each letter; closing keeps it. */
export function Editor({ row, draft }: EditorProps) {
  const { store, actions, ui } = useTaskApp();
  const { view } = useStoreState();
  const { base, fields, errors = [] } = toTaskDraft(row, draft);
  const shown: Fields = { ...base, ...definedFields(fields) };
  const form = useRef<HTMLFormElement>(null);
  const change = (next: FieldChanges) => {
    const changed = differences(base, { ...fields, ...next });
    if (Object.keys(changed).length === 0) store.deleteDraft(row.id);
    else store.saveDraft({ id: row.id, base, fields: changed });
  };
  const close = () => {
    ui.edit(undefined);
    focusRowSoon(row.id);
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    const changed = tidy(base, fields);
    if (changed.title === '') return form.current?.querySelector('input')?.focus();
    actions.edit(base, changed);
    store.deleteDraft(row.id);
    close();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While a character is composed, these keys belong to the input method.
    if (event.nativeEvent.isComposing || event.defaultPrevented) return;
    if (event.key === 'Escape') close();
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
  };
  useEffect(() => {
    const first =
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]') ?? form.current?.querySelector('input');
    // The user may be typing elsewhere, where the task has come into view again.
    if (!document.activeElement?.matches('input, textarea, select')) first?.focus();
  }, []);

  const labelled = (field: Field, render: (props: ControlProps) => ReactNode) => (
    <Labelled field={field} errors={errors.filter(({ pointer }) => pointer.split('/').includes(field))}>
      {render}
    </Labelled>
  );
  return (
    <form ref={form} aria-label={`Edit ${base.title}`} className="p-3 sm:p-4" onSubmit={save} onKeyDown={onKeyDown}>
      <div className="grid gap-3 sm:grid-cols-2">
        {labelled('title', (props) => (
          <input
            {...props}
            dir="auto"
            required
            maxLength={255}
            autoComplete="off"
            value={shown.title}
            onChange={({ target }) => change({ title: target.value })}
          />
        ))}
        {labelled('description', (props) => (
          <textarea
            {...props}
            dir="auto"
            rows={2}
            className="field field-sizing-content max-h-96"
            maxLength={10_000}
            value={shown.description ?? ''}
            onChange={({ target }) => change({ description: target.value || null })}
          />
        ))}
        <Links text={shown.description ?? ''} />
        {labelled('due_date', (props) => (
          <input
            {...props}
            type="date"
            max="9999-12-31"
            defaultValue={shown.due_date ?? ''}
            onChange={({ target }) => change({ due_date: target.value || null })}
          />
        ))}
        {labelled('list_id', (props) => (
          <select
            {...props}
            value={shown.list_id ?? ''}
            onChange={({ target }) => change({ list_id: target.value || null })}
          >
            <option value="">Inbox</option>
            {sortedLists(view).map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        ))}
        {labelled('priority', (props) => (
          <Choice {...props} options={PRIORITY} value={shown.priority} onChoice={(priority) => change({ priority })} />
        ))}
        {labelled('status', (props) => (
          <Choice {...props} options={STATUS} value={shown.status} onChoice={(status) => change({ status })} />
        ))}
        {labelled('tags', (props) => (
          <TagField {...props} tags={shown.tags} onChange={(tags) => change({ tags })} />
        ))}
      </div>
      <div className="-mx-1 mt-3 flex flex-wrap gap-2 bg-surface p-1 tall:max-lg:sticky tall:max-lg:bottom-16">
        <button type="submit" className="button button-primary">
          Save
        </button>
        <button type="button" className="button" onClick={close}>
          Close
        </button>
        {Object.keys(fields).length > 0 && (
          <button
            type="button"
            className="button button-quiet"
            onClick={() => {
              store.deleteDraft(row.id);
              close();
            }}
          >
            Discard changes
          </button>
        )}
      </div>
    </form>
  );
}

/** What can be opened of a text that is being edited. */
function Links({ text }: { text: string }) {
  const links = splitLinks(text).filter(({ url }) => url);
  if (links.length === 0) return null;
  return (
    <ul aria-label="Links" className="flex flex-col sm:col-span-2">
      {links.map(({ text: link }, index) => (
        <li key={index} className="wrap-anywhere py-1 text-sm">
          <Linked text={link} />
        </li>
      ))}
    </ul>
  );
}

function toTaskDraft(row: Row, draft: Draft | undefined): Pick<TaskDraft, 'base' | 'fields' | 'errors'> {
  return draft && 'base' in draft ? draft : { base: row, fields: {} };
}

function definedFields(fields: FieldChanges): Partial<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** What the API will make of the texts, so that nothing is sent where only white space was typed. */
function tidy(base: Row, { title, description, ...others }: FieldChanges): FieldChanges {
  const texts = {
    ...(title !== undefined && { title: title.trim() }),
    ...(description !== undefined && { description: description?.trim() ? description : null }),
  };
  return differences(base, { ...texts, ...others });
}

/** The row is rendered when the editor is gone. */
function focusRowSoon(id: string): void {
  requestAnimationFrame(() => document.getElementById(`done-${id}`)?.focus());
}

interface ControlProps {
  readonly id: string;
  readonly name: Field;
  readonly className: string;
  readonly 'aria-invalid': boolean;
  readonly 'aria-describedby': string | undefined;
}

interface LabelledProps {
  readonly field: Field;
  readonly errors: readonly { readonly message: string }[];
  readonly children: (props: ControlProps) => ReactNode;
}

function Labelled({ field, errors, children }: LabelledProps) {
  const id = useId();
  const isWide = field === 'title' || field === 'description' || field === 'tags';
  const hasError = errors.length > 0;
  const props = { id, name: field, className: 'field', 'aria-invalid': hasError };
  return (
    <div className={`min-w-0 ${isWide ? 'sm:col-span-2' : ''}`}>
      <label htmlFor={id} className="mb-1 block text-muted text-sm">
        {FIELD_LABELS[field]}
      </label>
      {children({ ...props, 'aria-describedby': hasError ? `${id}-error` : undefined })}
      {hasError && (
        <p id={`${id}-error`} role="alert" className="mt-1 text-danger text-sm">
          {errors.map(({ message }) => message).join(' ')}
        </p>
      )}
    </div>
  );
}

interface ChoiceProps<T extends string> extends ControlProps {
  readonly options: Readonly<Record<T, string>>;
  readonly value: T;
  readonly onChoice: (value: T) => void;
}

function Choice<T extends string>({ options, value, onChoice, ...props }: ChoiceProps<T>) {
  return (
    // The options are those of the record.
    <select {...props} value={value} onChange={({ target }) => onChoice(target.value as T)}>
      {Object.entries<string>(options).map(([key, label]) => (
        <option key={key} value={key}>
          {label}
        </option>
      ))}
    </select>
  );
}
