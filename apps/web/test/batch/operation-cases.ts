import type { TestUser } from '../harness';
import { createTask } from '../task-requests';
import { createList, type Entry } from './requests';

/** The resources that each operation is tried on: a list with a task, a sub-task and a sibling, and another list. */
export async function prepare(owner: TestUser) {
  const list = await createList(owner, 'Home');
  const other = await createList(owner, 'Work');
  const task = await createTask(owner, { title: 'Milk', list_id: list.id, tags: ['shop'] });
  const child = await createTask(owner, { title: 'Oats', parent_id: task.id });
  const sibling = await createTask(owner, { title: 'Bread', list_id: list.id });
  return { list: list.id, other: other.id, task: task.id, child: child.id, sibling: sibling.id };
}
export type Ids = Awaited<ReturnType<typeof prepare>>;

export interface Case {
  readonly does: string;
  readonly entry: (ids: Ids & { fresh: string }) => Entry;
  /** The same as a request by itself. */
  readonly alone: (
    ids: Ids & { fresh: string },
  ) => [path: 'tasks' | 'lists', method: string, rest: string, body?: unknown];
  readonly version: number | null;
}

export const cases: Case[] = [
  {
    does: 'replaceTask, which creates a sub-task',
    entry: ({ fresh, task }) => ({ op: 'replaceTask', task_id: fresh, body: { title: 'New', parent_id: task } }),
    alone: ({ fresh, task }) => ['tasks', 'PUT', fresh, { title: 'New', parent_id: task }],
    version: 1,
  },
  {
    does: 'replaceTask, which moves an existing one to the inbox',
    entry: ({ task }) => ({ op: 'replaceTask', task_id: task, if_match: 1, body: { title: 'New', tags: ['b', 'a'] } }),
    alone: ({ task }) => ['tasks', 'PUT', task, { title: 'New', tags: ['b', 'a'] }],
    version: 2,
  },
  {
    does: 'updateTask of some fields',
    entry: ({ task }) => ({
      op: 'updateTask',
      task_id: task,
      if_match: '*',
      body: { title: ' Ünter ', priority: 'high' },
    }),
    alone: ({ task }) => ['tasks', 'PATCH', task, { title: ' Ünter ', priority: 'high' }],
    version: 2,
  },
  {
    does: 'updateTask of tags',
    entry: ({ task }) => ({ op: 'updateTask', task_id: task, body: { tags: ['Z', 'y', 'shop'] } }),
    alone: ({ task }) => ['tasks', 'PATCH', task, { tags: ['Z', 'y', 'shop'] }],
    version: 2,
  },
  {
    does: 'updateTask of the list, with what is below',
    entry: ({ task, other }) => ({ op: 'updateTask', task_id: task, body: { list_id: other } }),
    alone: ({ task, other }) => ['tasks', 'PATCH', task, { list_id: other }],
    version: 2,
  },
  {
    does: 'completeTask, with what is below',
    entry: ({ task }) => ({ op: 'completeTask', task_id: task, body: { completed: true } }),
    alone: ({ task }) => ['tasks', 'PATCH', `${task}/complete`, { completed: true }],
    version: 2,
  },
  {
    does: 'completeTask without a body, which toggles',
    entry: ({ child }) => ({ op: 'completeTask', task_id: child }),
    alone: ({ child }) => ['tasks', 'PATCH', `${child}/complete`],
    version: 2,
  },
  {
    does: 'moveTask to the first place of its own',
    entry: ({ sibling }) => ({ op: 'moveTask', task_id: sibling, body: { after: null } }),
    alone: ({ sibling }) => ['tasks', 'PATCH', `${sibling}/move`, { after: null }],
    version: 2,
  },
  {
    does: 'moveTask below another task',
    entry: ({ sibling, task, child }) => ({
      op: 'moveTask',
      task_id: sibling,
      body: { parent_id: task, after: child },
    }),
    alone: ({ sibling, task, child }) => ['tasks', 'PATCH', `${sibling}/move`, { parent_id: task, after: child }],
    version: 2,
  },
  {
    does: 'deleteTask, with what is below',
    entry: ({ task }) => ({ op: 'deleteTask', task_id: task, if_match: 1 }),
    alone: ({ task }) => ['tasks', 'DELETE', task],
    version: null,
  },
  {
    does: 'replaceList, which creates one',
    entry: ({ fresh }) => ({ op: 'replaceList', list_id: fresh, if_none_match: '*', body: { name: ' Garden ' } }),
    alone: ({ fresh }) => ['lists', 'PUT', fresh, { name: ' Garden ' }],
    version: 1,
  },
  {
    does: 'replaceList, which renames an existing one',
    entry: ({ list }) => ({ op: 'replaceList', list_id: list, body: { name: 'Garden' } }),
    alone: ({ list }) => ['lists', 'PUT', list, { name: 'Garden' }],
    version: 2,
  },
  {
    does: 'updateList',
    entry: ({ list }) => ({ op: 'updateList', list_id: list, if_match: 1, body: { name: 'Garden' } }),
    alone: ({ list }) => ['lists', 'PATCH', list, { name: 'Garden' }],
    version: 2,
  },
  {
    does: 'moveList',
    entry: ({ list, other }) => ({ op: 'moveList', list_id: list, body: { after: other } }),
    alone: ({ list, other }) => ['lists', 'PATCH', `${list}/move`, { after: other }],
    version: 2,
  },
  {
    does: 'deleteList with its tasks',
    entry: ({ list }) => ({ op: 'deleteList', list_id: list }),
    alone: ({ list }) => ['lists', 'DELETE', list],
    version: null,
  },
  {
    does: 'deleteList that keeps its tasks',
    entry: ({ list }) => ({ op: 'deleteList', list_id: list, body: { tasks: 'keep' } }),
    alone: ({ list }) => ['lists', 'DELETE', `${list}?tasks=keep`],
    version: null,
  },
];
