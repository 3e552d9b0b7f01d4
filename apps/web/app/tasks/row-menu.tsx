import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { addDays, formatDue, nextWeek } from '../dates';
import { Modal } from '../modal';
import type { FieldChanges } from '../sync/drafts';
import type { Address } from './address';
import { useStoreState, useTaskApp } from './context';
import { PRIORITY } from './labels';
import { MOVES } from './row-keys';
import type { MenuSection } from './ui';
import { isManual, sortedLists } from './views';

interface RowMenuProps {
  readonly id: string;
  readonly section: MenuSection;
  readonly address: Address;
  readonly today: string;
  readonly onClose: () => void;
}

const MOVE_NAMES = { ArrowUp: 'Move up', ArrowDown: 'Move down', ArrowRight: 'Make a sub-task', ArrowLeft: 'Move out' };

/** Everything that takes one step from a row: each choice is a change, and closes the menu. */
export function RowMenu({ id, section, address, today, onClose }: RowMenuProps) {
  const app = useTaskApp();
  const { actions, ui } = app;
  const { view } = useStoreState();
  const content = useRef<HTMLDivElement>(null);
  useEffect(() => {
    content.current?.querySelector<HTMLElement>(`[data-section="${section}"] button`)?.focus();
  }, [section]);
  const row = view.tasks.get(id);
  if (!row) return null;
  const run = (act: () => void) => () => {
    // The closed menu gives the focus back before the action may move it.
    flushSync(onClose);
    act();
  };
  const edit = (fields: FieldChanges) => run(() => actions.edit(row, fields));
  const due = {
    [today]: 'Today',
    [addDays(today, 1)]: 'Tomorrow',
    [nextWeek(today)]: `Next week (${formatDue(nextWeek(today), today)})`,
  };
  return (
    <Modal title={row.title} onClose={onClose}>
      <div ref={content} className="mt-3 flex flex-col gap-4">
        <Section name="due" title="Due date">
          {Object.entries(due).map(([date, label]) => (
            <Option key={date} isChosen={row.due_date === date} onClick={edit({ due_date: date })}>
              {label}
            </Option>
          ))}
          <Option isChosen={row.due_date === null} onClick={edit({ due_date: null })}>
            None
          </Option>
          <AnotherDate date={row.due_date} onDate={(due_date) => edit({ due_date })()} />
        </Section>
        <Section name="priority" title="Priority">
          {(['high', 'medium', 'low', 'none'] as const).map((priority) => (
            <Option key={priority} isChosen={row.priority === priority} onClick={edit({ priority })}>
              {PRIORITY[priority]}
            </Option>
          ))}
        </Section>
        <Section name="list" title="List">
          {[{ id: null, name: 'Inbox' }, ...sortedLists(view)].map(({ id: list_id, name }) => (
            <Option
              key={list_id}
              isChosen={row.list_id === list_id}
              onClick={run(() => row.list_id !== list_id && actions.move(row, { list_id }))}
            >
              <span dir="auto" className="truncate">
                {name}
              </span>
            </Option>
          ))}
        </Section>
        <Section name="actions" title="Actions">
          <Option onClick={run(() => addBelow(ui.parent.set, id))}>Add a sub-task</Option>
          {isManual(address, view) &&
            Object.entries(MOVE_NAMES).map(([key, label]) => (
              <Option key={key} onClick={run(() => MOVES[key]?.(row, app, view))}>
                {label}
              </Option>
            ))}
          <Option onClick={run(() => ui.edit(id))}>Edit</Option>
          <button type="button" className="button button-danger" onClick={run(() => actions.remove(row))}>
            Delete
          </button>
        </Section>
        <button type="button" className="button self-end" onClick={onClose}>
          Close
        </button>
      </div>
    </Modal>
  );
}

function AnotherDate({ date, onDate }: { date: string | null; onDate: (date: string) => void }) {
  const [chosen, setChosen] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (chosen) onDate(chosen);
  };
  return (
    <form className="flex gap-2" onSubmit={submit}>
      <input
        type="date"
        aria-label="Another date"
        className="field w-auto"
        max="9999-12-31"
        defaultValue={date ?? ''}
        onChange={({ target }) => setChosen(target.value)}
      />
      {chosen && chosen !== date && (
        <button type="submit" className="button button-primary">
          Set date
        </button>
      )}
    </form>
  );
}

function addBelow(setParent: (id: string) => void, id: string): void {
  setParent(id);
  document.getElementById('new-task')?.focus();
}

function Section({ name, title, children }: { name: string; title: string; children: ReactNode }) {
  return (
    <section data-section={name} aria-label={title}>
      <h3 className="mb-1.5 text-muted text-sm">{title}</h3>
      <div className="flex flex-wrap gap-2">{children}</div>
    </section>
  );
}

interface OptionProps {
  readonly isChosen?: boolean;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

function Option({ isChosen, onClick, children }: OptionProps) {
  return (
    <button
      type="button"
      className="button max-w-full aria-pressed:border-accent aria-pressed:text-accent"
      aria-pressed={isChosen}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
