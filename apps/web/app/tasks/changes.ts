import {
  type InfiniteData,
  type QueryClient,
  useMutation,
  useMutationState,
  useQueryClient,
} from '@tanstack/react-query';
import type { Client } from '@taskward/api-core/client';
import type { Task, TaskPage, TaskPatch } from '@taskward/api-core/contract';
import { ProblemError } from '@taskward/api-core/kit/client';
import { useState } from 'react';
import { type Connection, tryAgainIn } from './api';

/** A change on its way. `task` is what the person saw; `key` makes sure that it happens once, however often it is sent. */
export type Change =
  | { readonly kind: 'create'; readonly key: string; readonly title: string }
  | { readonly kind: 'update'; readonly key: string; readonly task: Task; readonly patch: TaskPatch }
  | { readonly kind: 'complete'; readonly key: string; readonly task: Task; readonly completed: boolean }
  | { readonly kind: 'delete'; readonly task: Task };

/** A task as it will be when all changes have arrived. */
export interface Row extends Task {
  /** Not known to the API yet, so nothing can be done with it. */
  readonly isNew?: true;
  readonly isPending?: true;
}

export type Pages = InfiniteData<TaskPage, string | undefined>;

const CHANGE = ['change'];
export const TASKS = ['tasks'];

/** What the API made of the changes of this page, as far as later changes have to know. */
interface Done {
  /** The version that one of our own changes made of a version: what the person saw, but for what the person did. */
  readonly versions: Map<string, number>;
  /** The id of a created task by the key it was created with. */
  readonly ids: Map<string, string>;
}

/**
 * Sends changes, one after the other, in the order they were made; across outages, for as long as the page is open.
 * `onFailure` hears of those that the API has refused. `sendAll` is for when the page is left: it sends each pending
 * change at once.
 */
export function useChanges(
  { client, lastClient }: Connection,
  userId: string,
  onFailure: (change: Change, error: Error) => unknown,
) {
  const cache = useQueryClient();
  const [done] = useState<Done>(() => ({ versions: new Map(), ids: new Map() }));

  const { mutate } = useMutation<Task | undefined, Error, Change>({
    mutationKey: CHANGE,
    scope: { id: 'changes' },
    mutationFn: async (change) => {
      const task = await send(client, userId, change, done.versions);
      if (task) note(done, change, task);
      return task;
    },
    retry: (_, error) => tryAgainIn(error) !== undefined,
    retryDelay: (_, error) => tryAgainIn(error) ?? 0,
    onSuccess: async (task, change) => {
      const wasFetching = cache.isFetching({ queryKey: TASKS }) > 0;
      await cache.cancelQueries({ queryKey: TASKS });
      if (task && change.kind === 'create') putOnTop(cache, task);
      else if (task) put(cache, task);
      else remove(cache, idOf(change));
      // What was on its way may have been read before the change.
      if (wasFetching) void cache.invalidateQueries({ queryKey: TASKS });
    },
    onError: (error, change) => onFailure(change, error),
  });

  const pending = useMutationState({
    filters: { mutationKey: CHANGE, status: 'pending' },
    select: ({ state }) => state.variables as Change,
  });
  const unsent = pending.filter((one) => one.kind !== 'create' || !done.ids.has(one.key));

  const sendAll = () => {
    // Asked of the cache: the last changes may have been made in this very moment, and not be rendered.
    for (const { state } of cache.getMutationCache().findAll({ mutationKey: CHANGE, status: 'pending' })) {
      // Its key, or a DELETE's nature, makes a second one harmless; of a failure, nobody is there to be told.
      send(lastClient, userId, state.variables as Change, done.versions).catch(() => {});
    }
  };
  return { change: mutate, pending: unsent, sendAll };
}

async function send(
  client: Client,
  userId: string,
  change: Change,
  versions: Done['versions'],
): Promise<Task | undefined> {
  if (change.kind === 'create') {
    const { key: idempotencyKey, title } = change;
    return (await client.createTask({ params: { user_id: userId }, body: { title }, idempotencyKey })).body;
  }
  const { task } = change;
  const params = { user_id: userId, task_id: task.id };
  const ifMatch = versions.get(`${task.id} ${task.version}`) ?? task.version;
  if (change.kind === 'update') {
    const { key: idempotencyKey, patch: body } = change;
    return (await client.updateTask({ params, body, ifMatch, idempotencyKey })).body;
  }
  if (change.kind === 'complete') {
    // Done is done, whatever else has changed: no version is asked for.
    const { key: idempotencyKey, completed } = change;
    return (await client.completeTask({ params, body: { completed }, idempotencyKey })).body;
  }
  await client.deleteTask({ params, ifMatch }).catch((error) => {
    // Gone already: by somebody else, or by an attempt whose answer was lost.
    if (!(error instanceof ProblemError && error.status === 404)) throw error;
  });
  return undefined;
}

function note({ versions, ids }: Done, change: Change, { id, version }: Task): void {
  if (change.kind === 'create') ids.set(change.key, id);
  if (change.kind === 'create' || change.kind === 'delete') return;
  const isSeen = ([key, known]: [string, number]) => key.startsWith(`${id} `) && known === version - 1;
  const seen = [...versions].filter(isSeen).map(([key]) => key);
  if (change.task.version === version - 1) seen.push(`${id} ${change.task.version}`);
  for (const key of seen) versions.set(key, version);
}

/** Shows the task as it is now, in every list that has it. */
export function put(cache: QueryClient, task: Task): void {
  const newer = (known: Task) => (known.id === task.id && task.version >= known.version ? task : known);
  inEachPage(cache, (tasks) => tasks.map(newer));
}

export function remove(cache: QueryClient, id: string): void {
  inEachPage(cache, (tasks) => tasks.filter((task) => task.id !== id));
}

function putOnTop(cache: QueryClient, task: Task): void {
  inEachPage(cache, (tasks, index) => (index === 0 ? [task, ...tasks] : tasks));
}

function inEachPage(cache: QueryClient, edit: (tasks: Task[], index: number) => Task[]): void {
  cache.setQueriesData<Pages>({ queryKey: TASKS }, (all) => {
    return all && { ...all, pages: all.pages.map((page, index) => ({ ...page, data: edit(page.data, index) })) };
  });
}

function idOf(change: Change): string {
  return change.kind === 'create' ? change.key : change.task.id;
}

/** The tasks of these pages as the person has left them: changes show at once, and are gone again when refused. */
export function toRows(pages: readonly TaskPage[], pending: readonly Change[], userId: string): Row[] {
  // What was put on top when it was made comes along again with the page where it belongs.
  const tasks = new Map<string, Row>();
  for (const task of pages.flatMap(({ data }) => data)) if (!tasks.has(task.id)) tasks.set(task.id, task);
  const created: Row[] = [];
  for (const change of pending) {
    const row = tasks.get(idOf(change));
    if (change.kind === 'create') created.unshift(draft(change.key, change.title, userId));
    else if (change.kind === 'delete') tasks.delete(change.task.id);
    else if (row) tasks.set(row.id, { ...withChange(row, change), isPending: true });
  }
  return [...created, ...tasks.values()];
}

function withChange(row: Row, change: Extract<Change, { kind: 'update' | 'complete' }>): Row {
  if (change.kind === 'complete') {
    const status = change.completed ? 'done' : row.completed ? 'todo' : row.status;
    return { ...row, status, completed: change.completed };
  }
  const { status = row.status } = change.patch;
  return { ...Object.assign({}, row, change.patch), status, completed: status === 'done' };
}

function draft(key: string, title: string, userId: string): Row {
  const now = new Date().toISOString();
  return {
    id: key,
    user_id: userId,
    title,
    description: null,
    status: 'todo',
    completed: false,
    priority: 'none',
    due_date: null,
    tags: [],
    list_id: null,
    parent_id: null,
    position: '',
    completed_at: null,
    created_at: now,
    updated_at: now,
    version: 0,
    isNew: true,
    isPending: true,
  };
}
