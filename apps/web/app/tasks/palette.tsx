import { foldText } from '@taskward/db/text';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { Modal } from '../modal';
import { applyTheme } from '../theme';
import { navigate } from './address';
import { type TaskApp, useStoreState, useTaskApp } from './context';
import { sortedLists } from './views';

interface Command {
  readonly key: string;
  readonly text: string;
  readonly detail: string;
  readonly run: () => void;
}

const MAX_SHOWN = 12;

/** Finds tasks, lists, views and commands by a few letters. */
export function Palette({ onClose }: { onClose: () => void }) {
  const app = useTaskApp();
  const { view } = useStoreState();
  const [text, setText] = useState('');
  const [index, setIndex] = useState(0);
  const listId = useId();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const found = search([...commandsOf(app, sortedLists(view)), ...tasksOf(app)], text);
  const run = (command: Command | undefined) => {
    flushSync(onClose);
    // It was given the focus back: the editor takes it only from where nobody is typing.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    command?.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setIndex((index + step + found.length) % Math.max(found.length, 1));
    if (event.key === 'Enter') run(found[index]);
    if (step || event.key === 'Enter') event.preventDefault();
  };
  return (
    <Modal title="Go to…" onClose={onClose}>
      <input
        dir="auto"
        ref={field}
        role="combobox"
        aria-label="Search tasks and commands"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={found[index] && `${listId}-${index}`}
        autoComplete="off"
        className="field mt-3"
        placeholder="A task, a list, or a command"
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          setIndex(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={listId} role="listbox" aria-label="Results" className="mt-3">
        {found.map((command, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keyboard, by `aria-activedescendant`.
          // biome-ignore lint/a11y/useFocusableInteractive: as above.
          <div
            key={command.key}
            id={`${listId}-${i}`}
            role="option"
            aria-selected={i === index}
            className="flex min-h-11 cursor-pointer items-center gap-3 rounded-lg border border-transparent px-3 aria-selected:border-accent aria-selected:bg-sunken"
            onClick={() => run(command)}
          >
            <span dir="auto" className="min-w-0 grow truncate">
              {command.text}
            </span>
            <span className="text-muted text-sm">{command.detail}</span>
          </div>
        ))}
        {found.length === 0 && <p className="p-3 text-muted">Nothing found</p>}
      </div>
    </Modal>
  );
}

function search(commands: readonly Command[], text: string): Command[] {
  const words = foldText(text).split(/\s+/).filter(Boolean);
  const matches = ({ text }: Command) => {
    const folded = foldText(text);
    return words.every((word) => folded.includes(word));
  };
  const found: Command[] = [];
  for (const command of commands) {
    if (matches(command)) found.push(command);
    if (found.length === MAX_SHOWN) break;
  }
  return found;
}

function commandsOf({ ui, messages }: TaskApp, lists: readonly { id: string; name: string }[]): Command[] {
  const goTo = (view: string) => () => navigate({ view, q: '', tags: [], priority: undefined, sort: undefined });
  const open = (path: string) => () => window.location.assign(path);
  const view = (name: string, text: string) => ({ key: name, text, detail: 'View', run: goTo(name) });
  const command = (text: string, run: () => void) => ({ key: text, text, detail: 'Command', run });
  return [
    view('today', 'Today'),
    view('upcoming', 'Upcoming'),
    view('all', 'All tasks'),
    view('done', 'Done'),
    view('inbox', 'Inbox'),
    ...lists.map(({ id, name }) => ({ key: id, text: name, detail: 'List', run: goTo(id) })),
    command('New task', () => document.getElementById('new-task')?.focus()),
    command('New list', () => ui.dialog.set('new-list')),
    command('Undo', () => messages.undoLast()),
    command('Redo', () => messages.redoLast()),
    command('History', open('/history')),
    command('Trash', open('/trash')),
    command('Account', open('/account')),
    command('Light theme', () => applyTheme('light')),
    command('Dark theme', () => applyTheme('dark')),
    command('System theme', () => applyTheme('system')),
    command('Keyboard shortcuts', () => ui.dialog.set('help')),
  ];
}

function* tasksIn({ store, ui }: TaskApp): Generator<Command> {
  const { tasks } = store.getState().view;
  for (const { id, title, completed, list_id } of tasks.values()) {
    const run = () => {
      navigate({
        view: completed ? 'done' : (list_id ?? 'inbox'),
        q: '',
        tags: [],
        priority: undefined,
        sort: undefined,
      });
      ui.edit(id);
    };
    yield { key: id, text: title, detail: completed ? 'Done' : 'Task', run };
  }
}

function tasksOf(app: TaskApp): Command[] {
  return [...tasksIn(app)];
}
