import type { TaskInput } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { send, signUp, useApp } from '../harness';
import { createTask, getTask } from '../task-requests';

/** Every field that a client writes has limits, in the API and in the database. */

useApp();

/** Values just beyond the limits of the field. */
const refusedByApi: Record<keyof TaskInput, readonly unknown[]> = {
  title: ['', 'x'.repeat(256), null],
  description: ['x'.repeat(10_001), 5],
  status: ['doing', null],
  priority: ['urgent', null],
  due_date: ['2026-02-30', 5],
  tags: [Array.from({ length: 21 }, (_, i) => `${i}`), ['x'.repeat(51)], null],
  list_id: ['inbox', 5, ''],
  parent_id: ['none', 5, ''],
};

test.each(Object.entries(refusedByApi))(
  '%s beyond its limits returns 422 and changes nothing',
  async (field, values) => {
    const user = await signUp();
    const task = await createTask(user);
    for (const value of values) {
      for (const [method, path] of [
        ['POST', user.tasks],
        ['PUT', `${user.tasks}/${task.id}`],
        ['PATCH', `${user.tasks}/${task.id}`],
      ] as const) {
        const response = await send(method, path, { token: user.token, body: { title: 'Bread', [field]: value } });
        expect.soft(response.status, `${method} ${JSON.stringify(value)}`).toBe(422);
      }
    }
    expect(await getTask(user, task.id)).toStrictEqual(task);
  },
);

/** A value in SQL that the check of the column refuses. Tags have a table of their own. */
const refusedByDatabase: Record<Exclude<keyof TaskInput, 'tags' | 'list_id' | 'parent_id'>, string> = {
  title: `repeat('x', 256)`,
  description: `repeat('x', 10001)`,
  status: `'doing'`,
  priority: `'urgent'`,
  due_date: `'10000-01-01'`,
};

test.each(Object.entries(refusedByDatabase))(
  'the database itself refuses a task with the %s %s',
  async (column, value) => {
    const task = await createTask(await signUp());
    const { ownerDb } = (await getApp()).db;
    const update = ownerDb.execute(`update tasks set ${column} = ${value} where id = '${task.id}'`);
    await expect(update).rejects.toMatchObject({ cause: { code: '23514' } });
  },
);
