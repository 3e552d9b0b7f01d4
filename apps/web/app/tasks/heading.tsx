import { type FormEvent, useId } from 'react';
import { type Address, navigate } from './address';
import { useStoreState, useTaskApp } from './context';
import { Icon } from './icons';
import { count } from './labels';
import { type Counts, type Group, isList } from './views';

const NAMES: Record<string, string> = {
  today: 'Today',
  upcoming: 'Upcoming',
  all: 'All tasks',
  done: 'Done',
  inbox: 'Inbox',
};

export function viewName({ view: name, q }: Pick<Address, 'view' | 'q'>, lists: ReadonlyMap<string, { name: string }>) {
  if (q) return 'Search';
  return NAMES[name] ?? lists.get(name)?.name ?? 'List not found';
}

interface HeadingProps {
  readonly address: Address;
  readonly counts: Counts;
  readonly groups: readonly Group[];
}

/** What is shown, how many, and the search. Stays at the top of a phone. */
export function Heading({ address, counts, groups }: HeadingProps) {
  const { ui } = useTaskApp();
  const { view, isComplete } = useStoreState();
  const name = viewName(address, view.lists);
  return (
    <div className="top-0 z-10 tall:sticky -mx-3 mb-2 flex flex-wrap items-center gap-x-2 bg-canvas px-3 py-1.5 sm:-mx-6 sm:px-6 lg:static lg:mb-4">
      <button
        type="button"
        className="button button-quiet lg:hidden"
        aria-label="Views and lists"
        data-print="hide"
        onClick={() => ui.dialog.set('sidebar')}
      >
        <Icon name="menu" />
      </button>
      <div className="min-w-0 grow basis-40">
        <h1 dir="auto" className="truncate font-semibold text-xl lg:text-3xl lg:tracking-tight">
          {name}
        </h1>
        <p role="status" className="text-muted text-sm empty:hidden">
          {isComplete ? summarize(address, counts, groups) : ''}
        </p>
      </div>
      <Search address={address} />
      {isList(address, view) && address.view !== 'inbox' && (
        <button
          type="button"
          className="button button-quiet"
          aria-label={`Rename or delete ${name}`}
          data-print="hide"
          onClick={() => ui.dialog.set('edit-list')}
        >
          <Icon name="more" />
        </button>
      )}
    </div>
  );
}

function summarize({ view, q }: Address, counts: Counts, groups: readonly Group[]): string {
  const shown = groups.reduce((sum, { items }) => sum + items.length, 0);
  if (q) return shown === 0 ? 'No matching tasks' : count(shown, 'task');
  if (view === 'today') {
    const overdue = counts.overdue > 0 ? `, ${counts.overdue} overdue` : '';
    return `${formatDay()} · ${count(counts.today, 'task')}${overdue}`;
  }
  if (view === 'done') return count(counts.done, 'task');
  const open = groups.flatMap(({ items }) => items).filter(({ row }) => !row.completed).length;
  return `${count(open, 'open task')}`;
}

function formatDay(): string {
  return new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' }).format(new Date());
}

function Search({ address }: { address: Address }) {
  const id = useId();
  const submit = (event: FormEvent) => event.preventDefault();
  return (
    <search className="min-w-11 focus-within:basis-full sm:focus-within:basis-56" data-print="hide">
      <form className="relative" onSubmit={submit}>
        <label htmlFor="search" className="pointer-events-none absolute inset-y-0 left-3 flex items-center text-muted">
          <Icon name="search" />
          <span className="sr-only">Search</span>
        </label>
        <input
          id="search"
          name={id}
          type="search"
          dir="auto"
          autoComplete="off"
          enterKeyHint="search"
          className="field w-11 cursor-pointer pl-10 not-placeholder-shown:w-full focus:w-full focus:cursor-text sm:w-56 sm:cursor-text"
          placeholder="Search"
          value={address.q}
          onChange={({ target }) => navigate({ q: target.value }, { replace: address.q !== '' })}
        />
      </form>
    </search>
  );
}

/** The heading of a group. */
export function groupName(key: string, format: (date: string) => string): string | undefined {
  if (key === 'tasks') return undefined;
  if (key === 'overdue') return 'Overdue';
  if (key === 'today') return 'Today';
  if (key === 'done') return 'Done';
  return format(key);
}
