import { type ReactNode, useEffect, useRef } from 'react';
import { addDays, formatDue, nextWeek } from '../dates';
import { Modal } from '../modal';
import type { FieldChanges } from '../sync/drafts';
import { useStoreState, useTaskApp } from './context';
import { PRIORITY } from './labels';
import { MOVES } from './row-keys';
import type { MenuSection } from './ui';
import { sortedLists } from './views';

interface RowMenuProps {
  readonly id: string;
  readonly section: MenuSection;
  readonly today: string;
  readonly onClose: () => void;
}

const MOVE_NAMES = { ArrowUp: 'Move up', ArrowDown: 'Move down', ArrowRight: 'Make a sub-task', ArrowLeft: 'Move out' };

/** Everything that takes one step from a row: each choice is a change, and closes the menu. */
export function RowMenu({ id, section, today, onClose }: RowMenuProps) {
  const app = useTaskApp();
  const { actions, ui } = app;
  const { view } = useStoreState();
  const content = useRef<HTMLDivElement>(null);
  useEffect(() => {
    content.current
      ?.querySelector<HTMLElement>(`[data-section="${section}"] button, [data-section="${section}"] select`)
      ?.focus();
  }, [section]);
  const row = view.tasks.get(id);
  if (!row) return null;
  const run = (act: () => void) => () => {
    onClose();
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
          <input
            type="date"
            aria-label="Another date"
            className="field w-auto"
            max="9999-12-31"
            defaultValue={row.due_date ?? ''}
            onKeyDown={(event) => event.key === 'Enter' && edit({ due_date: event.currentTarget.value || null })()}
            onBlur={({ target }) => target.value && target.value !== row.due_date && edit({ due_date: target.value })()}
          />
        </Section>
        <Section name="priority" title="Priority">
          {(['high', 'medium', 'low', 'none'] as const).map((priority) => (
            <Option key={priority} isChosen={row.priority === priority} onClick={edit({ priority })}>
              {PRIORITY[priority]}
            </Option>
          ))}
        </Section>
        <Section name="list" title="List">
          <select
            aria-label="List"
            className="field w-auto max-w-full"
            value={row.list_id ?? ''}
            onChange={({ target }) => run(() => actions.move(row, { list_id: target.value || null }))()}
          >
            <option value="">Inbox</option>
            {sortedLists(view).map((list) => (
              <option key={list.id} value={list.id}>
                {list.name}
              </option>
            ))}
          </select>
        </Section>
        <Section name="actions" title="Actions">
          <Option onClick={run(() => addBelow(ui.parent.set, id))}>Add a sub-task</Option>
          {Object.entries(MOVE_NAMES).map(([key, label]) => (
            <Option key={key} onClick={run(() => MOVES[key]?.(row, app, view))}>
              {label}
            </Option>
          ))}
          <Option onClick={run(() => ui.edit(id))}>Edit</Option>
          <button type="button" className="button button-danger" onClick={run(() => actions.remove(row))}>
            Delete
          </button>
        </Section>
      </div>
    </Modal>
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
      className="button aria-pressed:border-accent aria-pressed:text-accent"
      aria-pressed={isChosen}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
