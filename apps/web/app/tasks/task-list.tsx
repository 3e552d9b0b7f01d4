import { type ReactNode, useEffect, useEffectEvent, useRef, useState } from 'react';
import type { Draft } from '../sync/drafts';
import { useValue } from '../value';
import { type Address, hasFilters } from './address';
import { useObstacle } from './banner';
import { useDateFormat } from './clock';
import { useStoreState, useTaskApp } from './context';
import { groupName } from './heading';
import { Icon } from './icons';
import { count } from './labels';
import { lazyPart } from './lazy-part';
import { parts } from './lazy-parts';
import { TaskRow } from './row';
import { useRowKeys } from './row-keys';
import { Skeleton } from './skeleton';
import { type Group, isManual, type ListItem, relativesOf } from './views';

const Editor = lazyPart(parts.editor);

/** Rows beyond these are rendered when the user comes near. */
const STEP = 50;

interface TaskListProps {
  readonly address: Address;
  readonly groups: readonly Group[];
  readonly today: string;
}

export function TaskList({ address, groups, today }: TaskListProps) {
  const { view, drafts, isComplete, isLoaded } = useStoreState();
  const { ui } = useTaskApp();
  const edited = useValue(ui.edited);
  const hasObstacle = useObstacle() !== undefined;
  const [limit, setLimit] = useState(STEP);
  const format = useDateFormat(today);
  const isSortable = isManual(address, view);
  const { onKeyDown, activeId } = useRowKeys(groups, isSortable);
  useDragging(isSortable);
  const total = groups.reduce((sum, { items }) => sum + items.length, 0);
  const isShown = groups.some(({ items }) => items.some(({ row }) => row.id === edited));
  const hidden = edited === undefined || isShown ? undefined : view.tasks.get(edited);
  let left = limit;
  return (
    <div id="tasks" tabIndex={-1} className="outline-none">
      {hidden && (
        <div className="card mb-4">
          <Editor row={hidden} draft={drafts.get(hidden.id)} />
        </div>
      )}
      {total === 0 && (isComplete || isLoaded ? <Empty address={address} isComplete={isComplete} /> : <Skeleton />)}
      {groups.map(({ key, items }) => {
        const shown = items.slice(0, Math.max(left, 0));
        left -= shown.length;
        if (shown.length === 0) return null;
        return (
          <GroupOfTasks
            key={key}
            name={groupName(key, format)}
            total={items.length}
            isFolded={key === 'done' && !address.q}
          >
            <ul
              aria-label={groupName(key, format) ?? 'Tasks'}
              className="card divide-y divide-line overflow-clip"
              onKeyDown={onKeyDown}
            >
              {shown.map((item) => (
                <Item
                  key={item.row.id}
                  {...{ item, today }}
                  {...relativesOf(view, item)}
                  draft={drafts.get(item.row.id)}
                  listName={nameOfOther(item.row.list_id, address.view, view.lists)}
                  isActive={item.row.id === activeId}
                  isEdited={item.row.id === edited}
                  isHeldBack={hasObstacle && item.row.isPending === true}
                />
              ))}
            </ul>
          </GroupOfTasks>
        );
      })}
      {total > limit && <More onMore={() => setLimit(limit + STEP)} shown={limit} total={total} />}
    </div>
  );
}

/** The name of a list that the view is not of. */
function nameOfOther(id: string | null, viewName: string, lists: ReadonlyMap<string, { name: string }>) {
  return id === null || id === viewName ? undefined : lists.get(id)?.name;
}

interface ItemProps {
  readonly item: ListItem;
  readonly done: number;
  readonly total: number;
  readonly parentTitle: string | undefined;
  readonly draft: Draft | undefined;
  readonly listName: string | undefined;
  readonly today: string;
  readonly isActive: boolean;
  readonly isEdited: boolean;
  readonly isHeldBack: boolean;
}

function Item({ item: { row, level }, draft, isEdited, ...props }: ItemProps) {
  return (
    <li
      data-row={row.id}
      // Rows out of sight cost no layout and no paint.
      className={`[contain-intrinsic-size:auto_3.5rem] ${isEdited ? '' : '[content-visibility:auto]'}`}
    >
      {isEdited ? (
        <Editor row={row} draft={draft} />
      ) : (
        <TaskRow {...{ row, level, ...props }} hasDraft={draft !== undefined} />
      )}
    </li>
  );
}

interface GroupProps {
  readonly name: string | undefined;
  readonly total: number;
  /** Whether the user has to open it. */
  readonly isFolded: boolean;
  readonly children: ReactNode;
}

function GroupOfTasks({ name, total, isFolded, children }: GroupProps) {
  if (name === undefined) return children;
  if (isFolded) {
    return (
      <details className="group mt-6">
        <summary className="mb-2 flex min-h-11 items-center gap-2 px-2 font-semibold text-muted">
          <Icon name="chevron" className="size-4 group-open:rotate-90" />
          {name} <span className="font-normal text-sm">{count(total, 'task')}</span>
        </summary>
        {children}
      </details>
    );
  }
  return (
    <section className="mt-5 first:mt-0">
      <h2 className={`mb-1.5 px-2 font-semibold text-sm ${name === 'Overdue' ? 'text-danger' : 'text-muted'}`}>
        {name} <span className="font-normal">{total}</span>
      </h2>
      {children}
    </section>
  );
}

/** Loads what makes rows draggable, once there is something to drag. */
function useDragging(isSortable: boolean): void {
  const { actions, store } = useTaskApp();
  useEffect(() => {
    let stop: (() => void) | undefined;
    let isOver = false;
    const start = ({ watchDragging }: Awaited<ReturnType<typeof parts.drag>>) => {
      if (!isOver) stop = watchDragging({ actions, store, isSortable });
    };
    // Without it, tasks are moved by their menu and the keyboard.
    parts.drag().then(start, (error) => console.warn('Tasks cannot be dragged.', error));
    return () => {
      isOver = true;
      stop?.();
    };
  }, [actions, store, isSortable]);
}

function More({ onMore, shown, total }: { onMore: () => void; shown: number; total: number }) {
  const end = useRef<HTMLDivElement>(null);
  const load = useEffectEvent(onMore);
  useEffect(() => {
    if (!end.current || shown >= total) return;
    const watcher = new IntersectionObserver(([entry]) => entry?.isIntersecting && load(), { rootMargin: '800px' });
    watcher.observe(end.current);
    return () => watcher.disconnect();
  }, [shown, total]);
  return (
    <div ref={end} className="flex justify-center py-4" data-print="hide">
      <button type="button" className="button" onClick={onMore}>
        Show more
      </button>
    </div>
  );
}

const EMPTY: Record<string, readonly [string, string]> = {
  today: ['Nothing due today', 'Add a task with “today”, or look at what is upcoming.'],
  upcoming: ['Nothing planned', 'Give a task a date: “Call Ada friday”.'],
  done: ['Nothing done yet', 'Completed tasks appear here.'],
  all: ['No tasks yet', 'Add your first one: try “Water the plants tomorrow #home !high”.'],
};

function hintFor({ tags, priority }: Address, isComplete: boolean): string {
  if (!isComplete) return 'Your tasks are still loading.';
  return tags.length > 0 || priority ? 'Try fewer filters.' : 'Try another word.';
}

function Empty({ address, isComplete }: { address: Address; isComplete: boolean }) {
  const isFiltered = hasFilters(address);
  const { view } = useStoreState();
  const [title, text] = isFiltered
    ? ['No matching tasks', hintFor(address, isComplete)]
    : address.view === 'all' && view.tasks.size > 0
      ? ['All done', 'Nothing is open.']
      : (EMPTY[address.view] ?? ['No tasks in this list', 'Add one, or drag tasks here.']);
  return (
    <div className="card flex flex-col items-center gap-1 px-6 py-12 text-center text-muted">
      <Icon name="done" className="mb-2 size-10 text-accent" />
      <h2 className="font-semibold text-ink text-lg">{title}</h2>
      <p>{text}</p>
    </div>
  );
}
