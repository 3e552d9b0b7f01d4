import type { Task, TaskPatch } from '@taskward/api-core/contract';
import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef } from 'react';
import type { Row } from './changes';
import { FIELDS, type Field, isSame, PRIORITY, STATUS } from './labels';

/** A fault of a request body, as the API names it. */
export interface FieldFault {
  readonly pointer: string;
  readonly message: string;
}

/** A task being edited: as the person saw it, and what was typed before a filter hid it or the API refused it. */
export interface Draft {
  readonly task: Row;
  readonly patch?: TaskPatch;
  readonly faults?: readonly FieldFault[];
}

interface EditorProps {
  readonly draft: Draft;
  /** With the fields that differ, or none. */
  readonly onSave: (patch: TaskPatch) => void;
  readonly onCancel: () => void;
  /** With what was typed, when the editor is no longer shown. */
  readonly onHide: (id: string, patch: TaskPatch) => void;
}

export function Editor({ draft: { task, patch, faults = [] }, onSave, onCancel, onHide }: EditorProps) {
  const shown = Object.assign({}, task, patch);
  const form = useRef<HTMLFormElement>(null);

  // Shown again after a filter hid it, it leaves the focus where the person is.
  const takesFocus = patch === undefined || faults.length > 0;
  useEffect(() => {
    const { current } = form;
    const first = current?.querySelector<HTMLElement>('[aria-invalid="true"]') ?? current?.querySelector('input');
    if (takesFocus) first?.focus();
  }, [takesFocus]);

  useLayoutEffect(() => {
    const { current } = form;
    if (!current) return;
    const read = () => toPatch(task, new FormData(current));
    const ask = (event: BeforeUnloadEvent) => {
      if (Object.keys(read()).length > 0) event.preventDefault();
    };
    window.addEventListener('beforeunload', ask);
    return () => {
      window.removeEventListener('beforeunload', ask);
      onHide(task.id, read());
    };
  }, [task, onHide]);

  const save = (event: FormEvent) => {
    event.preventDefault();
    if (form.current) onSave(toPatch(task, new FormData(form.current)));
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // These keys are the input method's, while it composes a character.
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') onCancel();
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
  };

  const inputs: Record<Field, (props: InputProps) => ReactNode> = {
    title: (props) => <input {...props} required defaultValue={shown.title} autoComplete="off" />,
    description: (props) => <textarea {...props} rows={3} defaultValue={shown.description ?? ''} />,
    status: (props) => <Choice {...props} options={STATUS} value={shown.status} />,
    priority: (props) => <Choice {...props} options={PRIORITY} value={shown.priority} />,
    due_date: (props) => <input {...props} type="date" max="9999-12-31" defaultValue={shown.due_date ?? ''} />,
    tags: (props) => (
      <input {...props} defaultValue={shown.tags.join(', ')} placeholder="home, garden" autoComplete="off" />
    ),
  };

  return (
    <form ref={form} aria-label={`Edit ${task.title}`} className="p-4" onSubmit={save} onKeyDown={onKeyDown}>
      <div className="grid gap-4 sm:grid-cols-3">
        {(Object.keys(FIELDS) as Field[]).map((field) => (
          <Labelled key={field} field={field} faults={faults.filter(({ pointer }) => pointer.split('/')[1] === field)}>
            {inputs[field]}
          </Labelled>
        ))}
      </div>
      <div className="mt-4 flex flex-wrap gap-3">
        <button type="submit" className="button button-primary">
          Save
        </button>
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}

interface InputProps {
  readonly id: string;
  readonly name: Field;
  readonly className: string;
  readonly 'aria-invalid': boolean;
  readonly 'aria-describedby': string | undefined;
}

function Labelled(props: { field: Field; faults: readonly FieldFault[]; children: (props: InputProps) => ReactNode }) {
  const { field, faults, children } = props;
  const id = useId();
  const isWide = field === 'title' || field === 'description' || field === 'tags';
  const hasFault = faults.length > 0;
  const describedBy = hasFault ? `${id}-fault` : undefined;
  return (
    <div className={isWide ? 'sm:col-span-3' : ''}>
      <label htmlFor={id} className="mb-1 block text-muted text-sm">
        {FIELDS[field]}
        {field === 'tags' && ', with commas between them'}
      </label>
      {children({ id, name: field, className: 'field', 'aria-invalid': hasFault, 'aria-describedby': describedBy })}
      {hasFault && (
        <p id={`${id}-fault`} className="mt-1 text-danger text-sm">
          {faults.map(({ message }) => message).join(' ')}
        </p>
      )}
    </div>
  );
}

function Choice({ options, value, ...props }: InputProps & { options: Record<string, string>; value: string }) {
  return (
    <select {...props} defaultValue={value}>
      {Object.entries(options).map(([key, label]) => (
        <option key={key} value={key}>
          {label}
        </option>
      ))}
    </select>
  );
}

/** What the form says, where that is not what the task has. */
function toPatch(task: Task, form: FormData): TaskPatch {
  const text = (name: Field) => String(form.get(name) ?? '').trim();
  const tags = text('tags')
    .split(',')
    .map((tag) => tag.trim().toLowerCase())
    .filter((tag) => tag !== '');
  const said: Required<Pick<TaskPatch, Field>> = {
    title: text('title'),
    description: text('description') || null,
    status: text('status') as Task['status'],
    priority: text('priority') as Task['priority'],
    due_date: text('due_date') || null,
    tags: [...new Set(tags)].sort(),
  };
  return Object.fromEntries(Object.entries(said).filter(([field, value]) => !isSame(value, task[field as Field])));
}
