'use client';

import {
  keepPreviousData,
  notifyManager,
  QueryClient,
  QueryClientProvider,
  useInfiniteQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type { Client } from '@taskward/api-core/client';
import type { Task, TaskPatch } from '@taskward/api-core/contract';
import { type OperationSpec, ProblemError, randomKey } from '@taskward/api-core/kit/client';
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useEffectEvent, useState } from 'react';
import { Header } from '../header';
import { Modal } from '../modal';
import { SignOut } from '../sign-out';
import { AddTask, type Refused } from './add-task';
import { type Connection, connect, tryAgainIn } from './api';
import { Banner } from './banner';
import { type Change, type Pages, put, type Row, remove, TASKS, toRows, useChanges } from './changes';
import { type Conflict, ConflictDialog, fieldsAtStake } from './conflict';
import { setObstacle, useObstacle, watchConnection } from './connection';
import type { Draft } from './editor';
import { FilterBar, useFilters, withoutFilters } from './filters';
import { Help } from './help';
import { List, More, Skeleton } from './list';
import { useShortcuts } from './shortcuts';
import { type Toast, Toasts } from './toasts';

interface TasksProps {
  readonly plans: readonly OperationSpec[];
  readonly userId: string;
  readonly email: string;
}

// What the person does shows in the same frame.
notifyManager.setScheduler(queueMicrotask);

const SignInForm = lazy(async () => ({ default: (await import('../(account)/sign-in/form')).SignInForm }));

const REFRESHED_PAGES = 4;

function createCache(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: (_, error) => tryAgainIn(error) !== undefined,
        retryDelay: (_, error) => tryAgainIn(error) ?? 0,
        staleTime: 5_000,
        // Who has scrolled far would wait for all pages; a change made on an old version is refused anyway.
        refetchOnWindowFocus: ({ state }) => ((state.data as Pages | undefined)?.pages?.length ?? 0) <= REFRESHED_PAGES,
      },
    },
  });
}

export function Tasks({ plans, userId, email }: TasksProps) {
  const [cache] = useState(createCache);
  const [connection] = useState(() => connect(plans, userId));
  useEffect(watchConnection, []);
  return (
    <QueryClientProvider client={cache}>
      <TaskList connection={connection} userId={userId} email={email} />
    </QueryClientProvider>
  );
}

function TaskList({ connection, userId, email }: Omit<TasksProps, 'plans'> & { connection: Connection }) {
  const { client, keepToken } = connection;
  const cache = useQueryClient();
  const obstacle = useObstacle();
  const [filters, setFilters] = useFilters();
  const [drafts, setDrafts] = useState<Readonly<Record<string, Draft>>>({});
  const [edited, setEdited] = useState<string>();
  const [conflicts, setConflicts] = useState<readonly Conflict[]>([]);
  const [deleted, setDeleted] = useState<readonly string[]>([]);
  const [refused, setRefused] = useState<Refused>();
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const [isHelpOpen, setHelpOpen] = useState(false);

  const tell = useCallback(
    (toast: Omit<Toast, 'id'>) => setToasts((all) => [...all, { ...toast, id: randomKey() }]),
    [],
  );

  const onFailure = (change: Change, error: Error) =>
    report(change, error).catch((reason: Error) =>
      tell({ text: `A change is lost. ${reason.message}`, isFailure: true }),
    );

  const report = async (change: Change, error: Error) => {
    const { status = 0, errors: faults = [] } = error instanceof ProblemError ? error : {};
    if (change.kind === 'create') return setRefused({ title: change.title, faults, message: error.message });
    const { task } = change;
    setDeleted((all) => all.filter((id) => id !== task.id));
    if (status === 422 && change.kind === 'update') {
      return setDrafts((all) => ({ ...all, [task.id]: { task, patch: change.patch, faults } }));
    }
    const current = status === 412 ? await readTask(task.id) : undefined;
    if (current && change.kind !== 'complete') {
      put(cache, current);
      const conflict = { change, current };
      if (fieldsAtStake(conflict).length > 0) setConflicts((all) => [...all, conflict]);
    } else if (status === 404 || status === 412) {
      remove(cache, task.id);
      tell({ text: `“${task.title}” was deleted elsewhere.`, isFailure: true });
    } else {
      tell({ text: `“${task.title}” is as it was. ${error.message}`, isFailure: true });
    }
  };

  /** The task as it is now; undefined where it is gone. */
  const readTask = (id: string): Promise<Task | undefined> => {
    const params = { user_id: userId, task_id: id };
    const queryFn = async () => (await client.getTask({ params })).body;
    return cache.fetchQuery({ queryKey: ['task', id], queryFn, staleTime: 0 }).catch((error) => {
      if (error instanceof ProblemError && error.status === 404) return undefined;
      throw error;
    });
  };

  const { change, pending, sendAll } = useChanges(connection, userId, onFailure);
  const list = useInfiniteQuery({
    queryKey: [...TASKS, filters],
    queryFn: async ({ pageParam: cursor, signal }) => {
      // The API is the judge of what the address says.
      const query = { ...filters, cursor } as ListQuery;
      return (await client.listTasks({ params: { user_id: userId }, query, signal })).body;
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor: next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  });
  const rows = toRows(list.data?.pages ?? [], pending, userId).filter(({ id }) => !deleted.includes(id));

  const onAdd = (title: string) => {
    setRefused(undefined);
    change({ kind: 'create', key: randomKey(), title });
  };

  const onComplete = useCallback(
    (task: Row, completed: boolean) => change({ kind: 'complete', key: randomKey(), task, completed }),
    [change],
  );

  const onEdit = useCallback((task: Row) => setDrafts((all) => ({ ...all, [task.id]: { task } })), []);

  const onClose = (id: string) => {
    setDrafts(({ [id]: _, ...others }) => others);
    setEdited(id);
  };

  const onHide = useCallback(
    (id: string, patch: TaskPatch) =>
      setDrafts(({ [id]: draft, ...others }) => (draft ? { ...others, [id]: { ...draft, patch } } : others)),
    [],
  );

  const onSave = ({ task }: Draft, patch: TaskPatch) => {
    onClose(task.id);
    if (Object.keys(patch).length > 0) change({ kind: 'update', key: randomKey(), task, patch });
  };

  const onDelete = useCallback(
    (task: Row) => {
      focusNextTo(task.id);
      setDeleted((all) => [...all, task.id]);
      tell({
        text: `Deleted “${task.title}”.`,
        undo: () => setDeleted((all) => all.filter((id) => id !== task.id)),
        onEnd: () => change({ kind: 'delete', task }),
      });
    },
    [change, tell],
  );

  const onTag = useCallback((tag: string) => setFilters((now) => ({ ...now, tag })), [setFilters]);

  const onChoice = (conflict: Conflict, isMine: boolean) => {
    setConflicts((all) => all.filter((one) => one !== conflict));
    const { change: lost, current: task } = conflict;
    if (!isMine) return;
    if (lost.kind === 'update') return change({ ...lost, key: randomKey(), task });
    setDeleted((all) => [...all, task.id]);
    change({ ...lost, task });
  };

  const onToastClose = ({ id }: Toast) => setToasts((all) => all.filter((one) => one.id !== id));
  const lastUndo = toasts.findLast(({ undo }) => undo);
  useShortcuts({
    n: () => document.getElementById('new-task')?.focus(),
    '/': () => document.getElementById('search')?.focus(),
    '?': () => setHelpOpen(true),
    u: () => {
      if (!lastUndo) return;
      onToastClose(lastUndo);
      lastUndo.undo?.();
    },
  });

  const hasHiddenText = Object.values(drafts).some(({ patch = {} }) => Object.keys(patch).length > 0);
  useLeaving(pending.length > 0 || hasHiddenText, () => {
    for (const { onEnd } of toasts) onEnd?.();
    setToasts([]);
    sendAll();
  });
  // As the page is left, there is no time to fetch one.
  useEffect(() => (pending.length > 0 || lastUndo ? keepToken() : undefined), [pending.length, lastUndo, keepToken]);

  const isFiltered = Object.keys(withoutFilters(filters)).length < Object.keys(filters).length;
  const [conflict] = conflicts;
  return (
    <>
      <Header wide>
        <button
          type="button"
          className="button button-quiet"
          aria-label="Keyboard help"
          onClick={() => setHelpOpen(true)}
        >
          ?
        </button>
        <a href="/account" className="button button-quiet">
          Account
        </a>
        <SignOut />
      </Header>
      <main className="mx-auto w-full max-w-4xl px-4 py-6 pb-28 sm:px-6">
        <h1 className="sr-only">Tasks</h1>
        <Banner obstacle={obstacle} waiting={pending.length} />
        <AddTask refused={refused} onAdd={onAdd} />
        <FilterBar filters={filters} onChange={setFilters} />
        <div className="mt-4 mb-2 flex min-h-10 items-center justify-between gap-4 text-muted text-sm">
          <p role="status">
            {list.data && inTotal(rows, list.hasNextPage)}
            {list.isRefetchError && ` as they were a while ago. ${explain(list.error)}`}
          </p>
          {isFiltered && (
            <button type="button" className="button" onClick={() => setFilters(withoutFilters)}>
              Clear filters
            </button>
          )}
        </div>
        {list.isPending && !list.isError && <Skeleton />}
        {list.isError && !list.data && (
          <Note title="The list cannot be shown">
            <p role="alert">{explain(list.error)}</p>
            <button type="button" className="button" onClick={() => setFilters(() => ({}))}>
              Show all tasks
            </button>
            <button type="button" className="button" onClick={() => list.refetch()}>
              Try again
            </button>
          </Note>
        )}
        {list.data && rows.length === 0 && !list.hasNextPage && <Empty isFiltered={isFiltered} />}
        {rows.length > 0 && (
          <List
            rows={rows}
            drafts={drafts}
            edited={edited}
            isHeldBack={obstacle !== undefined}
            isDimmed={list.isPlaceholderData}
            {...{ onComplete, onEdit, onDelete, onTag, onSave, onClose, onHide }}
          />
        )}
        {list.hasNextPage && (
          <More
            isLoading={list.isFetchingNextPage}
            failure={list.isFetchNextPageError ? explain(list.error) : undefined}
            onMore={() => list.fetchNextPage()}
          />
        )}
      </main>
      <Toasts toasts={toasts} onClose={onToastClose} />
      {isHelpOpen && <Help onClose={() => setHelpOpen(false)} />}
      {conflict && obstacle !== 'signed-out' && (
        <ConflictDialog
          key={conflict.current.id}
          conflict={conflict}
          onMine={() => onChoice(conflict, true)}
          onTheirs={() => onChoice(conflict, false)}
        />
      )}
      {obstacle === 'signed-out' && (
        <Modal title="Sign in again">
          <p className="mt-2 mb-4 text-muted">
            Your session has ended, here or elsewhere. Sign in, and you go on where you were.
          </p>
          <Suspense>
            <SignInForm email={email} onDone={() => setObstacle(undefined)} />
          </Suspense>
        </Modal>
      )}
    </>
  );
}

type ListQuery = NonNullable<Parameters<Client['listTasks']>[0]['query']>;

/** The row itself will be gone. */
function focusNextTo(id: string): void {
  const item = document.getElementById(`task-${id}`);
  const next = item?.nextElementSibling ?? item?.previousElementSibling;
  const target = next?.querySelector<HTMLElement>('input:enabled') ?? document.getElementById('new-task');
  target?.focus();
}

/** Asks before changes are lost with the page, and does at once what was only waiting for an undo. */
function useLeaving(hasUnsaved: boolean, onLeave: () => void): void {
  const leave = useEffectEvent(onLeave);
  useEffect(() => {
    const onPageHide = () => leave();
    window.addEventListener('pagehide', onPageHide);
    return () => window.removeEventListener('pagehide', onPageHide);
  }, []);
  useEffect(() => {
    if (!hasUnsaved) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [hasUnsaved]);
}

function inTotal(rows: readonly Row[], hasMore: boolean): string {
  if (rows.length === 0) return '';
  const done = rows.filter(({ completed }) => completed).length;
  const count = new Intl.NumberFormat().format(rows.length);
  if (hasMore) return `The first ${count} tasks`;
  return `${count} ${rows.length === 1 ? 'task' : 'tasks'}${done > 0 ? `, ${done} done` : ''}`;
}

function explain(error: Error): string {
  const faults = error instanceof ProblemError ? error.errors : [];
  if (faults.length === 0) return error.message;
  return faults.map(({ pointer, message }) => `${pointer.slice(1)}: ${message}`).join(' ');
}

function Empty({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Note title="No task matches">Change the filters, or clear them.</Note>;
  return <Note title="Nothing to do yet">Type your first task above and press Enter.</Note>;
}

function Note({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="card flex flex-col items-center gap-3 px-6 py-14 text-center text-muted">
      <h2 className="font-semibold text-ink text-lg">{title}</h2>
      {children}
    </div>
  );
}
