import { useMemo, useSyncExternalStore } from 'react';

export const SORTS = {
  due: 'Due date',
  priority: 'Priority',
  newest: 'Newest',
  updated: 'Recently updated',
  title: 'A to Z',
} as const;
export type Sort = keyof typeof SORTS;
const PRIORITIES = ['none', 'low', 'medium', 'high'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** What the page shows, as its URL says, so that it can be reloaded, bookmarked and gone back to. */
export interface Address {
  /** One of the built-in views, or the id of a list. */
  readonly view: string;
  readonly q: string;
  readonly tags: readonly string[];
  readonly priority: Priority | undefined;
  /** Undefined: the order of the view. */
  readonly sort: Sort | undefined;
}

const DEFAULT_VIEW = 'all';

export function parseAddress(search: string): Address {
  const params = new URLSearchParams(search);
  const oneOf = <T extends string>(values: readonly T[], name: string) =>
    values.find((value) => value === params.get(name));
  return {
    view: params.get('view') || DEFAULT_VIEW,
    q: params.get('q') ?? '',
    tags: params.getAll('tag').filter(Boolean),
    priority: oneOf(PRIORITIES, 'priority'),
    sort: oneOf(Object.keys(SORTS) as Sort[], 'sort'),
  };
}

export function toSearch({ view, q, tags, priority, sort }: Address): string {
  const params = new URLSearchParams();
  if (view !== DEFAULT_VIEW) params.set('view', view);
  if (q) params.set('q', q);
  for (const tag of tags) params.append('tag', tag);
  if (priority) params.set('priority', priority);
  if (sort) params.set('sort', sort);
  return `?${params}`.replace(/\?$/, '');
}

export function hasFilters({ q, tags, priority }: Address): boolean {
  return q !== '' || tags.length > 0 || priority !== undefined;
}

const listeners = new Set<() => void>();

export function useAddress(serverSearch: string): Address {
  const search = useSyncExternalStore(
    subscribe,
    () => window.location.search,
    () => serverSearch,
  );
  return useMemo(() => parseAddress(search), [search]);
}

/** `replace` is for typing: not every letter is a step to go back to. */
export function navigate(change: Partial<Address>, { replace = false } = {}): void {
  const url = `/tasks${toSearch({ ...parseAddress(window.location.search), ...change })}`;
  writeHistory(replace ? 'replaceState' : 'pushState', url);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  // Without state, so that Next.js does not ask the server for this page when the user goes back to it.
  if (listeners.size === 0) writeHistory('replaceState', window.location.href);
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

/** The browser's own method: Next.js replaces that of `window.history`, to add its state. */
function writeHistory(method: 'pushState' | 'replaceState', url: string): void {
  History.prototype[method].call(window.history, null, '', url);
}
