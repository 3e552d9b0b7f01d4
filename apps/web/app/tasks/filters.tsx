import { useSearchParams } from 'next/navigation';
import { type ReactNode, useCallback, useEffect, useEffectEvent, useId, useRef, useState } from 'react';
import { PRIORITY, STATUS } from './labels';

/** The filters and the sort, as the address has them: by the names that the API gives them. */
export type Filters = Readonly<Partial<Record<FilterName, string>>>;
type FilterName = (typeof NAMES)[number];

const NAMES = ['q', 'status', 'priority', 'tag', 'due_after', 'due_before', 'sort'] as const;

const STATUSES = { '': 'All', 'todo,in_progress': 'Open', ...STATUS };
const PRIORITIES = { '': 'Any', high: PRIORITY.high, 'medium,high': 'Medium or high', low: PRIORITY.low, none: 'None' };
const SORTS = {
  '': 'Newest',
  created_at: 'Oldest',
  '-updated_at': 'Changed last',
  due_date: 'Due first',
  '-priority': 'Important',
  title: 'A to Z',
  '-title': 'Z to A',
};

function readFilters(params: Pick<URLSearchParams, 'get'>): Filters {
  return Object.fromEntries(NAMES.flatMap((name) => (params.get(name) ? [[name, params.get(name)]] : [])));
}

type Change = (filters: Filters) => Filters;

/** Kept in the address, too, so that a view can be reloaded, gone back to, and sent to somebody. */
export function useFilters(): [Filters, (change: Change, how?: 'typing') => void] {
  const params = useSearchParams();
  // Not read from the address each time: Next.js writes there a moment later, and of two quick changes the first would win.
  const [filters, show] = useState(() => readFilters(params));
  const latest = useRef(filters);
  useEffect(() => {
    const onPopState = () => {
      latest.current = readFilters(new URLSearchParams(window.location.search));
      show(latest.current);
    };
    window.addEventListener('popstate', onPopState);
    return () => window.removeEventListener('popstate', onPopState);
  }, []);
  const setFilters = useCallback((change: Change, how?: 'typing') => {
    latest.current = change(latest.current);
    show(latest.current);
    const url = `?${new URLSearchParams(latest.current as Record<string, string>)}`;
    // Not every letter is a step to go back to.
    if (how === 'typing') window.history.replaceState(null, '', url);
    else window.history.pushState(null, '', url);
  }, []);
  return [filters, setFilters];
}

/** The sort stays: it hides nothing. */
export function withoutFilters({ sort }: Filters): Filters {
  return sort ? { sort } : {};
}

const TYPING_MS = 300;

interface FilterBarProps {
  readonly filters: Filters;
  readonly onChange: (change: Change, how?: 'typing') => void;
}

export function FilterBar({ filters, onChange }: FilterBarProps) {
  const set = (name: FilterName, value: string, how?: 'typing') =>
    onChange(({ [name]: _, ...others }) => (value === '' ? others : { ...others, [name]: value }), how);
  const inside = [filters.priority, filters.tag, filters.due_after, filters.due_before].filter(Boolean).length;
  return (
    <search className="flex flex-wrap items-end gap-x-3 gap-y-2">
      <Typed name="q" label="Search" value={filters.q} onChange={set} className="grow basis-full sm:basis-56" />
      <Choice name="status" label="Show" options={STATUSES} value={filters.status} onChange={set} />
      <Choice name="sort" label="Sort" options={SORTS} value={filters.sort} onChange={set} />
      <details className="group open:basis-full">
        <summary className="button group-open:mb-2">
          More
          {inside > 0 && <span className="rounded-full bg-accent px-2 text-on-accent text-sm">{inside}</span>}
        </summary>
        <div className="card flex flex-wrap items-end gap-3 p-4">
          <Choice name="priority" label="Priority" options={PRIORITIES} value={filters.priority} onChange={set} />
          <Typed name="tag" label="Tag" value={filters.tag} onChange={set} className="w-36 grow sm:grow-0" />
          <Day name="due_after" label="Due from" value={filters.due_after} onChange={set} />
          <Day name="due_before" label="Due until" value={filters.due_before} onChange={set} />
        </div>
      </details>
    </search>
  );
}

interface InputProps {
  readonly name: FilterName;
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (name: FilterName, value: string, how?: 'typing') => void;
  readonly className?: string;
}

/** Text that is looked for when the typing pauses. */
function Typed({ name, label, value = '', onChange, className = '' }: InputProps) {
  const own = useId();
  // The shortcut looks for it.
  const id = name === 'q' ? 'search' : own;
  const [text, setText] = useState(value);
  const [sent, setSent] = useState(value);
  const [known, setKnown] = useState(value);
  if (value !== known) {
    setKnown(value);
    // Changed from outside, as by the back button.
    if (value !== sent) {
      setSent(value);
      setText(value);
    }
  }
  const send = useEffectEvent((words: string) => {
    setSent(words);
    onChange(name, words, 'typing');
  });
  useEffect(() => {
    const words = text.trim();
    if (words === sent) return;
    const timer = setTimeout(() => send(words), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, sent]);
  return (
    <Labelled id={id} label={label} className={className}>
      <input
        id={id}
        type="search"
        className="field"
        value={text}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
      />
    </Labelled>
  );
}

function Choice({ name, label, value = '', options, onChange }: InputProps & { options: Record<string, string> }) {
  const id = useId();
  const isKnown = value in options;
  return (
    <Labelled id={id} label={label} className="min-w-0 grow basis-24 sm:grow-0 sm:basis-auto">
      <select id={id} className="field" value={value} onChange={(event) => onChange(name, event.target.value)}>
        {Object.entries(options).map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
        {!isKnown && <option value={value}>{value}</option>}
      </select>
    </Labelled>
  );
}

function Day({ name, label, value = '', onChange }: InputProps) {
  const id = useId();
  return (
    <Labelled id={id} label={label}>
      <input
        id={id}
        type="date"
        max="9999-12-31"
        className="field"
        value={value}
        onChange={(event) => onChange(name, event.target.value)}
      />
    </Labelled>
  );
}

function Labelled(props: { id: string; label: string; className?: string; children: ReactNode }) {
  const { id, label, className, children } = props;
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block text-muted text-sm">
        {label}
      </label>
      {children}
    </div>
  );
}
