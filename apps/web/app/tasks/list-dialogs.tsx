import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { Modal } from '../modal';
import { childrenOf } from '../sync/view';
import { navigate } from './address';
import { useStoreState, useTaskApp } from './context';
import { count } from './labels';

export function NewList({ onClose }: { onClose: () => void }) {
  const { actions } = useTaskApp();
  const add = (name: string) => {
    navigate({ view: actions.addList(name), q: '', tags: [], priority: undefined, sort: undefined });
    flushSync(onClose);
    document.getElementById('new-task')?.focus();
  };
  return (
    <Modal title="New list" onClose={onClose}>
      <NameForm name="" button="Add list" onSubmit={add} onClose={onClose} />
    </Modal>
  );
}

export function EditList({ id, onClose }: { id: string; onClose: () => void }) {
  const { actions } = useTaskApp();
  const { view } = useStoreState();
  const list = view.lists.get(id);
  if (!list) return null;
  const tasks = childrenOf(view, id).length;
  const remove = (what: 'keep' | 'delete') => {
    actions.deleteList(id, list.name, what);
    navigate({ view: what === 'keep' ? 'inbox' : 'all' });
    flushSync(onClose);
    document.getElementById('tasks')?.focus();
  };
  const rename = (name: string) => {
    if (name !== list.name) actions.renameList(id, name);
    onClose();
  };
  return (
    <Modal title="Edit list" onClose={onClose}>
      <NameForm name={list.name} button="Rename" onSubmit={rename} onClose={onClose} />
      <h3 className="mt-6 font-semibold">Delete this list</h3>
      <div className="mt-2 flex flex-wrap gap-3">
        {tasks > 0 && (
          <button type="button" className="button whitespace-normal" onClick={() => remove('keep')}>
            Move {count(tasks, 'task')} to the inbox, and delete
          </button>
        )}
        <button type="button" className="button button-danger" onClick={() => remove('delete')}>
          {tasks > 0 ? `Delete with ${count(tasks, 'task')}` : 'Delete list'}
        </button>
      </div>
    </Modal>
  );
}

interface NameFormProps {
  readonly name: string;
  readonly button: string;
  readonly onSubmit: (name: string) => void;
  readonly onClose: () => void;
}

function NameForm({ name, button, onSubmit, onClose }: NameFormProps) {
  const id = useId();
  const [text, setText] = useState(name);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '') onSubmit(text.trim());
  };
  return (
    <form className="mt-4" onSubmit={submit}>
      <label htmlFor={id} className="mb-1 block text-muted text-sm">
        Name
      </label>
      <input
        id={id}
        dir="auto"
        ref={field}
        required
        maxLength={255}
        autoComplete="off"
        className="field"
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      <div className="mt-4 flex gap-3">
        <button type="submit" className="button button-primary">
          {button}
        </button>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
}
