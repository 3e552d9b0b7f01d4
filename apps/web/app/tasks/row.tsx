import { memo, type ReactNode } from 'react';
import type { Row } from '../sync/view';
import { navigate, parseAddress } from './address';
import { useDateFormat } from './clock';
import { useTaskApp } from './context';
import { Icon } from './icons';
import { PRIORITY, STATUS } from './labels';
import { Linked } from './linked';
import { isOverdue } from './views';

interface TaskRowProps {
  readonly row: Row;
  readonly level: number;
  readonly parentTitle: string | undefined;
  readonly listName: string | undefined;
  /** Of the sub-tasks directly below. */
  readonly done: number;
  readonly total: number;
  readonly today: string;
  /** The one row of the list whose controls are in the tab order. */
  readonly isActive: boolean;
  readonly isHeldBack: boolean;
  readonly hasDraft: boolean;
}

const INDENT = ['', 'pl-6', 'pl-12', 'pl-16', 'pl-20'];

export const TaskRow = memo(function TaskRow(props: TaskRowProps) {
  const { row, level, isActive } = props;
  const { actions, ui } = useTaskApp();
  const { id, title, description, completed } = row;
  const tabIndex = isActive ? 0 : -1;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a larger target for the pointer; the button inside does the same.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the button inside has the keyboard.
    <div
      className={`group flex items-start hover:bg-sunken/60 focus-within:bg-sunken/60 ${INDENT[level] ?? 'pl-20'}`}
      onClick={(event) => {
        const isControl = event.target instanceof Element && event.target.closest('a, button, label, input');
        // Selecting text is not opening.
        if (!isControl && !window.getSelection()?.toString()) ui.edit(id);
      }}
    >
      <span
        data-grip
        className="-mr-2 cursor-grab self-stretch py-4 pl-1 text-muted opacity-0 group-hover:opacity-100 pointer-coarse:hidden print:hidden"
        aria-hidden="true"
      >
        <Icon name="grip" className="size-4" />
      </span>
      <label className="flex size-11 shrink-0 items-center justify-center">
        <input
          type="checkbox"
          id={`done-${id}`}
          className={`task-check priority-${row.priority}`}
          aria-label={completed ? `Mark as not done: ${title}` : `Mark as done: ${title}`}
          tabIndex={tabIndex}
          checked={completed}
          onFocus={() => ui.focused.set(id)}
          onChange={(event) => actions.complete(row, event.target.checked)}
        />
      </label>
      <div className="min-w-0 grow py-2.5">
        <button
          type="button"
          className={`block max-w-full text-left ${completed ? 'text-muted line-through' : ''}`}
          aria-label={`Edit ${title}`}
          tabIndex={tabIndex}
          onFocus={() => ui.focused.set(id)}
          onClick={() => ui.edit(id)}
        >
          <span dir="auto" className="wrap-anywhere">
            {title}
          </span>
        </button>
        {description && (
          <p dir="auto" className="line-clamp-2 break-words text-muted text-sm print:line-clamp-none">
            <Linked text={description} tabIndex={tabIndex} />
          </p>
        )}
        <Facts {...props} />
      </div>
      <button
        type="button"
        className="flex size-11 shrink-0 items-center justify-center rounded-lg text-muted hover:text-ink print:hidden"
        aria-label={`Due date, priority, list and more: ${title}`}
        aria-haspopup="dialog"
        tabIndex={tabIndex}
        onFocus={() => ui.focused.set(id)}
        onClick={() => ui.menu.set({ id, section: 'due' })}
      >
        <Icon name="more" />
      </button>
    </div>
  );
});

function Facts({ row, parentTitle, listName, done, total, today, isActive, isHeldBack, hasDraft }: TaskRowProps) {
  const { ui } = useTaskApp();
  const format = useDateFormat(today);
  const { id, status, priority, due_date: due, tags } = row;
  const open = (section: 'due' | 'priority' | 'list') => () => ui.menu.set({ id, section });
  const fact = (key: string, content: ReactNode) => <span key={key}>{content}</span>;
  const facts = [
    isHeldBack && fact('sync', <span className="text-warn">Waiting to sync</span>),
    hasDraft && fact('draft', <span className="text-warn">Unsaved changes</span>),
    status === 'in_progress' && fact('status', <span className="text-accent">{STATUS.in_progress}</span>),
    due !== null && (
      <FactButton key="due" label={`Due date of ${row.title}`} isActive={isActive} onClick={open('due')}>
        <Icon name="calendar" className="size-4" />
        <time dateTime={due} className={isOverdue(row, today) ? 'font-medium text-danger' : ''}>
          {isOverdue(row, today) ? `Overdue: ${format(due)}` : format(due)}
        </time>
      </FactButton>
    ),
    priority !== 'none' && (
      <FactButton key="priority" label={`Priority of ${row.title}`} isActive={isActive} onClick={open('priority')}>
        <Icon name="flag" className={`size-4 ${priority === 'high' ? 'text-danger' : ''}`} />
        {PRIORITY[priority]}
      </FactButton>
    ),
    total > 0 && fact('subtasks', `${done}/${total} sub-tasks`),
    parentTitle !== undefined && fact('parent', <span dir="auto">in {parentTitle}</span>),
    listName !== undefined && fact('list', <span dir="auto">{listName}</span>),
    ...tags.map((tag) => (
      <FactButton key={`#${tag}`} label={`Show only #${tag}`} isActive={isActive} onClick={() => addTag(tag)}>
        <span dir="auto">#{tag}</span>
      </FactButton>
    )),
  ].filter(Boolean);
  if (facts.length === 0) return null;
  return <div className="flex flex-wrap items-center gap-x-3 text-muted text-sm">{facts}</div>;
}

function addTag(tag: string): void {
  const { tags } = parseAddress(window.location.search);
  if (!tags.includes(tag)) navigate({ tags: [...tags, tag] });
}

interface FactButtonProps {
  readonly label: string;
  readonly isActive: boolean;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

/** Where fingers are, too small to aim at: there it is a part of the row, which opens the editor. */
function FactButton({ label, isActive, onClick, children }: FactButtonProps) {
  return (
    <button
      type="button"
      title={label}
      className="wrap-anywhere flex min-h-6 items-center gap-1 rounded text-left hover:text-ink pointer-coarse:pointer-events-none"
      tabIndex={isActive ? 0 : -1}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
