import type { MouseEvent, ReactNode } from 'react';
import { SignOut } from '../sign-out';
import { type Address, navigate } from './address';
import { useStoreState, useTaskApp } from './context';
import { Icon, type IconName } from './icons';
import { useListKeys } from './list-keys';
import { type Counts, sortedLists } from './views';

interface SidebarProps {
  readonly address: Address;
  readonly counts: Counts;
  readonly className?: string;
  /** Called when the user has chosen something. */
  readonly onLeave?: () => void;
}

/** The views and the lists, with their numbers of open tasks. */
export function Sidebar({ address, counts, className = '', onLeave }: SidebarProps) {
  const { ui, email } = useTaskApp();
  const { view } = useStoreState();
  const { onKeyDown } = useListKeys();
  const link = (name: string, label: string, icon: IconName, n: number | undefined) => (
    <ViewLink key={name} {...{ name, label, icon, onLeave }} n={n} isCurrent={address.view === name && !address.q} />
  );
  return (
    <nav
      aria-label="Views and lists"
      data-print="hide"
      className={`flex flex-col gap-1 lg:sticky lg:top-0 lg:h-dvh lg:overflow-y-auto lg:border-line lg:border-r lg:bg-surface lg:p-3 ${className}`}
    >
      <a href="/tasks" className="mb-2 flex items-center gap-2 rounded-md px-3 py-2 font-semibold max-lg:hidden">
        <Logo />
        Taskward
      </a>
      {link('today', 'Today', 'today', counts.today)}
      {link('upcoming', 'Upcoming', 'upcoming', counts.upcoming)}
      {link('all', 'All tasks', 'all', counts.all)}
      {link('done', 'Done', 'done', undefined)}
      <h2 className="mt-4 px-3 font-semibold text-muted text-sm">Lists</h2>
      {link('inbox', 'Inbox', 'inbox', counts.lists.get('inbox') ?? 0)}
      <ul onKeyDown={onKeyDown}>
        {sortedLists(view).map(({ id, name }) => (
          <li key={id} data-list={id}>
            {link(id, name, 'list', counts.lists.get(id) ?? 0)}
          </li>
        ))}
      </ul>
      <button
        type="button"
        className="button button-quiet justify-start px-3"
        onClick={() => ui.dialog.set('new-list')}
      >
        <Icon name="plus" />
        New list
      </button>
      <div className="mt-auto flex flex-col border-line border-t pt-3">
        <PageLink href="/history" icon="history">
          History
        </PageLink>
        <PageLink href="/trash" icon="trash">
          Trash
        </PageLink>
        <button type="button" className="button button-quiet justify-start px-3" onClick={() => ui.dialog.set('help')}>
          <Icon name="keyboard" />
          Shortcuts
        </button>
        <PageLink href="/account" icon="account">
          <span className="truncate">{email}</span>
        </PageLink>
        <SignOut className="justify-start px-3" icon={<Icon name="sign-out" />} />
      </div>
    </nav>
  );
}

interface ViewLinkProps {
  readonly name: string;
  readonly label: string;
  readonly icon: IconName;
  readonly n: number | undefined;
  readonly isCurrent: boolean;
  readonly onLeave: (() => void) | undefined;
}

function ViewLink({ name, label, icon, n, isCurrent, onLeave }: ViewLinkProps) {
  const onClick = (event: MouseEvent) => {
    // A new tab or window is the browser's.
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate({ view: name, q: '', tags: [], priority: undefined, sort: undefined });
    onLeave?.();
  };
  return (
    <a
      href={`/tasks?view=${name}`}
      data-view={name}
      aria-current={isCurrent ? 'page' : undefined}
      className="flex min-h-10 items-center gap-3 rounded-lg border border-transparent px-3 hover:bg-sunken aria-[current]:border-line aria-[current]:bg-sunken aria-[current]:font-medium pointer-coarse:min-h-11"
      onClick={onClick}
    >
      <Icon name={icon} className={`size-5 ${isCurrent ? 'text-accent' : 'text-muted'}`} />
      <span dir="auto" className="min-w-0 grow truncate">
        {label}
      </span>
      {n !== undefined && n > 0 && (
        <span className="text-muted text-sm tabular-nums">
          {n}
          <span className="sr-only"> open</span>
        </span>
      )}
    </a>
  );
}

function PageLink({ href, icon, children }: { href: string; icon: IconName; children: ReactNode }) {
  return (
    <a href={href} className="button button-quiet min-w-0 justify-start px-3">
      <Icon name={icon} />
      {children}
    </a>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" className="size-7" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="#0f766e" />
      <path d="m9 16.5 5 5 9.5-11" fill="none" stroke="#fff" strokeWidth="3.5" strokeLinecap="round" />
    </svg>
  );
}
