import { type ClipboardEvent, type FormEvent, type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { formatDue } from '../dates';
import { useReady } from '../ready';
import { NEW_TASK } from '../sync/drafts';
import { useValue } from '../value';
import type { NewTask } from './actions';
import { type Address, navigate } from './address';
import { type TaskApp, useStoreState, useTaskApp } from './context';
import { Chip } from './filters';
import { viewName } from './heading';
import { Icon } from './icons';
import { count, PRIORITY, quote } from './labels';
import { parseQuickAdd, splitLines, type Token } from './quick-add/parse';
import { isList, select, sortedLists } from './views';

const MAX_TITLE = 255;

/** The line that adds tasks. What it understands of the text is shown, and can be taken off. */
export function AddTask({ address, today }: { address: Address; today: string }) {
  const app = useTaskApp();
  const { store, actions, ui } = app;
  const { drafts, view, isComplete } = useStoreState();
  const field = useRef<HTMLInputElement>(null);
  const isReady = useReady();
  const [ignored, setIgnored] = useState<readonly string[]>([]);
  const parentId = useValue(ui.parent);
  const parent = parentId === undefined ? undefined : view.tasks.get(parentId);
  const draft = drafts.get(NEW_TASK);
  const text = draft && 'text' in draft ? draft.text : '';
  const lines = useMemo(() => splitLines(text), [text]);
  const parse = (line: string) =>
    parseQuickAdd(line, { today, locale: navigator.language, lists: sortedLists(view) }, ignored);
  const parsed = text === '' || lines.length > 1 ? undefined : parse(text);
  const problem = lines.length <= 1 && parsed && parsed.title.length > MAX_TITLE ? tooLong(parsed.title) : undefined;

  useEffect(() => ui.parent.set(undefined), [ui, address.view]);
  const isEmpty = isReady && isComplete && view.tasks.size === 0;
  useEffect(() => {
    // A keyboard on the screen would hide the page.
    const isFree = document.activeElement === document.body && window.matchMedia('(pointer: fine)').matches;
    if (isEmpty && isFree) field.current?.focus();
  }, [isEmpty]);

  const setText = (next: string) => {
    if (next === '') store.deleteDraft(NEW_TASK);
    else store.saveDraft({ id: NEW_TASK, text: next });
  };
  const add = (texts: readonly string[]) => {
    const tasks = texts.map((line): NewTask => {
      const { tokens: _, list_id, tags, ...fields } = parse(line);
      const allTags = [...new Set([...tags, ...address.tags])];
      const priority = fields.priority === 'none' ? address.priority : fields.priority;
      const due_date = fields.due_date ?? (address.view === 'today' && !address.q ? today : null);
      const list = list_id === undefined && isList(address, view) && address.view !== 'inbox' ? address.view : list_id;
      const place = parent ? { parent_id: parent.id } : { list_id: list ?? null };
      return { ...fields, due_date, tags: allTags, ...(priority && { priority }), ...place };
    });
    const ids = actions.add(tasks);
    setText('');
    setIgnored([]);
    field.current?.focus();
    tellIfHidden(app, ids[0], address, today);
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '' && !problem) add(lines.length > 1 ? lines : [text.trim()]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.nativeEvent.isComposing) return;
    if (parent) ui.parent.set(undefined);
    else field.current?.blur();
  };
  const onPaste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData.getData('text');
    if (splitLines(pasted).length < 2) return;
    // An input would join the lines.
    event.preventDefault();
    setText(text === '' ? pasted : `${text}\n${pasted}`);
  };

  return (
    <form
      method="post"
      data-print="hide"
      className="tall:max-lg:fixed max-lg:inset-x-0 max-lg:bottom-0 max-lg:z-10 max-lg:border-line max-lg:border-t max-lg:bg-surface max-lg:p-2 lg:mb-4"
      onSubmit={onSubmit}
    >
      <Chips {...{ tokens: parsed?.tokens ?? [], today }} onRemove={(token) => setIgnored([...ignored, token.text])} />
      {parent && (
        <div className="mb-2 flex">
          <Chip onRemove={() => ui.parent.set(undefined)}>Sub-task of {quote(parent.title)}</Chip>
        </div>
      )}
      {lines.length > 1 && <Lines {...{ lines }} onAll={() => add(lines)} onOne={() => add([lines.join(' ')])} />}
      <div className="flex gap-2">
        <input
          id="new-task"
          ref={field}
          dir="auto"
          className="field min-h-12 text-lg"
          aria-label="New task"
          aria-invalid={problem !== undefined}
          aria-describedby={problem && 'new-task-problem'}
          placeholder={parent ? 'Add a sub-task…' : placeholder(address, view.lists)}
          autoComplete="off"
          enterKeyHint="done"
          disabled={!isReady}
          value={lines.length > 1 ? lines.join(' · ') : text}
          onChange={({ target }) => setText(target.value)}
          onPaste={onPaste}
          onKeyDown={onKeyDown}
        />
        <button type="submit" className="button button-primary min-h-12" aria-label="Add" disabled={!isReady}>
          <Icon name="plus" />
          <span className="max-sm:hidden">Add</span>
        </button>
      </div>
      {problem && (
        <p id="new-task-problem" role="alert" className="mt-1 text-danger text-sm">
          {problem}
        </p>
      )}
    </form>
  );
}

function placeholder(address: Address, lists: ReadonlyMap<string, { name: string }>): string {
  if (address.view === 'today') return 'Add a task for today…';
  return lists.has(address.view) ? `Add a task to ${viewName({ view: address.view, q: '' }, lists)}…` : 'Add a task…';
}

function tooLong(title: string): string {
  return `Titles can have up to ${MAX_TITLE} characters. This one has ${title.length}.`;
}

function tellIfHidden({ store, messages }: TaskApp, id: string | undefined, address: Address, today: string): void {
  const { view } = store.getState();
  const task = view.tasks.get(id ?? '');
  const isShown = select(view, address, today).some(({ items }) => items.some(({ row }) => row.id === id));
  if (!task || isShown) return;
  const open = () => navigate({ view: task.list_id ?? 'all', q: '', tags: [], priority: undefined, sort: undefined });
  messages.link({ text: 'Show', open });
}

const KINDS: Record<Token['kind'], (token: Token, today: string) => string> = {
  due: ({ value }, today) => formatDue(value, today),
  priority: ({ value }) => `Priority: ${PRIORITY[value as keyof typeof PRIORITY]}`,
  tag: ({ value }) => `#${value}`,
  list: ({ text }) => `List: ${text.slice(1)}`,
};

interface ChipsProps {
  readonly tokens: readonly Token[];
  readonly today: string;
  readonly onRemove: (token: Token) => void;
}

function Chips({ tokens, today, onRemove }: ChipsProps) {
  if (tokens.length === 0) return null;
  return (
    <ul aria-label="Understood" className="mb-2 flex flex-wrap gap-2">
      {tokens.map((token) => (
        <li key={token.start}>
          <Chip onRemove={() => onRemove(token)}>{KINDS[token.kind](token, today)}</Chip>
        </li>
      ))}
    </ul>
  );
}

function Lines({ lines, onAll, onOne }: { lines: readonly string[]; onAll: () => void; onOne: () => void }) {
  return (
    <div className="mb-2 flex flex-wrap items-center gap-2" role="status">
      <span className="text-muted text-sm">You pasted {lines.length} lines.</span>
      <button type="button" className="button" onClick={onAll}>
        Add {count(lines.length, 'task')}
      </button>
      <button type="button" className="button" onClick={onOne}>
        Add as one task
      </button>
    </div>
  );
}
