import type { Task } from '@taskward/api-core';
import { foldText } from '@taskward/db/text';
import { getApp } from '../../server/app';
import { signUp, type TestUser } from '../harness';
import { createTask, getTask } from '../task-requests';

/** A test oracle: the expected list, computed in memory from the contract alone, and a user with varied tasks. */

export type Parameters = readonly (readonly [name: string, value: string])[];

export const SORTS = ['created_at', 'updated_at', 'due_date', 'priority', 'title'].flatMap((key) => [key, `-${key}`]);

const PRIORITIES = ['none', 'low', 'medium', 'high'];
const bytes = (text: string) => Buffer.from(text, 'utf8');

const filters: Record<string, (task: Task, value: string) => boolean> = {
  status: (task, value) => value.split(',').includes(task.status),
  priority: (task, value) => value.split(',').includes(task.priority),
  tag: (task, value) => task.tags.includes(value.trim().toLowerCase().normalize('NFC')),
  due_before: (task, value) => task.due_date !== null && task.due_date <= value,
  due_after: (task, value) => task.due_date !== null && task.due_date >= value,
  completed: (task, value) => String(task.status === 'done') === value,
  q: (task, value) =>
    value
      .trim()
      .split(/\s+/)
      .every((word) => [task.title, task.description ?? ''].some((text) => foldText(text).includes(foldText(word)))),
};

const comparisons: Record<string, (a: Task, b: Task) => number> = {
  created_at: (a, b) => Date.parse(a.created_at) - Date.parse(b.created_at),
  updated_at: (a, b) => Date.parse(a.updated_at) - Date.parse(b.updated_at),
  due_date: (a, b) => Date.parse(a.due_date ?? '') - Date.parse(b.due_date ?? '') || 0,
  priority: (a, b) => PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority),
  title: (a, b) => Buffer.compare(bytes(foldText(a.title)), bytes(foldText(b.title))),
};

/** The expected list for these parameters, of all tasks of a user. */
export function listOf(tasks: readonly Task[], parameters: Parameters): Task[] {
  const sort = parameters.find(([name]) => name === 'sort')?.[1] ?? '-created_at';
  const compare = comparisons[sort.replace('-', '')];
  const sign = sort.startsWith('-') ? -1 : 1;
  const isUndated = (task: Task) => Number(sort.endsWith('due_date') && task.due_date === null);
  return tasks
    .filter((task) => parameters.every(([name, value]) => filters[name]?.(task, value) ?? true))
    .sort(
      (a, b) => isUndated(a) - isUndated(b) || sign * (compare?.(a, b) ?? Number.NaN) || sign * (a.id < b.id ? -1 : 1),
    );
}

const pick = <T>(all: readonly T[], index: number) => all[index % all.length];

/** Titles that differ only in case, and titles that are adjacent in one collation and not in another. */
const titles = [
  ...['Milk', 'milk', 'MILK', 'Milk', 'Buy milk and bread', 'bread 10%', 'BREAD_x', 'bread x', 'Zebra', 'zebra', 'z'],
  ...[
    'Äpfel',
    'äpfel',
    'Éclair',
    'e\u0301clair',
    'ß',
    'ẞ',
    'İstanbul',
    'istanbul',
    'Straße',
    'МОСКВА',
    'Ёлка',
    '😀 party',
    '～ wave',
    '𝒜',
    'ﬀ',
  ],
  ...[
    '[bracket]',
    '`tick`',
    '_',
    '^',
    '~',
    '{',
    '@',
    'a\\b',
    'a%b',
    'a_b',
    'a b',
    'ab',
    `it's "quoted"`,
    '0',
    '10',
    '9',
  ],
];
const descriptions = [null, '', 'Oat MILK', 'From the bakery', '50% off', 'file_name\nbread', 'C:\\dir "x"', "It's"];
const dates = [null, '2026-03-01', '2026-03-02', null, '0001-01-01', '9999-12-31', '2026-03-01', '2026-02-28'];
const tags = [[], ['home'], ['home', 'work'], ['work'], ['home', 'work', 'a, "b"'], ['été'], ['100%']];

/** The bodies of the tasks, in which all values of different fields are combined. */
const variedTasks = Array.from({ length: 60 }, (_, i) => ({
  title: pick(titles, i),
  description: pick(descriptions, i * 5 + Math.floor(i / 8)),
  status: pick(['todo', 'in_progress', 'done'], i),
  priority: pick(PRIORITIES, Math.floor(i / 3)),
  due_date: pick(dates, Math.floor(i / 2)),
  tags: pick(tags, Math.floor(i / 4)),
}));

/** Creates a user with varied tasks, many of which have equal values in each sort field. */
export async function signUpWithTasks(): Promise<{ user: TestUser; tasks: Task[] }> {
  const user = await signUp();
  const created = await Promise.all(variedTasks.map((body) => createTask(user, body)));
  const ids = created.map(({ id }) => id);
  const { db } = await getApp();
  const timestamp = (at: number) =>
    `timestamptz '2026-03-01T09:30:00Z' + ascii(substr(id::text, ${at})) % 5 * interval '1 ms'`;
  await db.ownerDb.execute(
    `update tasks set created_at = ${timestamp(36)}, updated_at = ${timestamp(35)} where user_id = '${user.id}'`,
  );
  return { user, tasks: await Promise.all(ids.map((id) => getTask(user, id))) };
}
