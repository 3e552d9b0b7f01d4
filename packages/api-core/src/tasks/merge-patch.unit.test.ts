import { createSecretKey } from 'node:crypto';
import { createDatabase, type Driver, openDriver } from '@taskward/db';
import { user } from '@taskward/db/schema';
import { freshDatabase } from '@taskward/db/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { validate } from '../kit/validation';
import { TaskInput, TaskPatch } from './contract';
import * as tasks from './service';

/** JSON Merge Patch by the examples of its RFC, on the fields of a task. */

let driver: Driver;
let drop: () => Promise<void>;
let ctx: tasks.TaskContext;

beforeAll(async () => {
  const database = await freshDatabase();
  drop = database.drop;
  driver = await openDriver(database.url);
  const db = createDatabase(driver);
  await db.ownerDb.insert(user).values({ id: 'ada', name: 'Ada', email: 'ada@example.com' });
  ctx = { db, userId: 'ada', cursorKey: createSecretKey(Buffer.alloc(32)), maxTasks: 0, preconditions: {} };
});

afterAll(async () => {
  await driver.close();
  await drop();
});

/** The original task and the patched one, or the pointers of the errors in the patch. */
async function patched(original: object, patch: unknown) {
  const { body: before } = await tasks.create(ctx, TaskInput.parse(original));
  const { value, errors } = validate(TaskPatch, patch, 'body');
  if (value) await tasks.update(ctx, before.id, value);
  const { body: after } = await tasks.get(ctx, before.id);
  return { before, after, errors: errors?.map(({ pointer }) => pointer) };
}

const DAY = '2026-02-28';
const task = { title: 'a', description: 'b', status: 'in_progress', priority: 'high', due_date: DAY, tags: ['b'] };

/**
 * The rows of the table in Appendix A of RFC 7396 that patch an object with an object; without those that lack a title.
 */
describe('the examples of RFC 7396', () => {
  test.each([
    ['a field is replaced', { title: 'x', description: 'b' }, { description: 'c' }, { description: 'c' }],
    ['a field is added', { title: 'x', description: 'b' }, { due_date: DAY }, { description: 'b', due_date: DAY }],
    ['null clears it', { title: 'x', description: 'b' }, { description: null }, { description: null }],
    [
      'null clears one and leaves the other',
      { title: 'x', description: 'b', due_date: DAY },
      { description: null },
      { description: null, due_date: DAY },
    ],
    [
      'null where nothing was',
      { title: 'x' },
      { description: 'a', due_date: null },
      { description: 'a', due_date: null },
    ],
    ['what was null may get a value', { title: 'x', description: null }, { description: 'c' }, { description: 'c' }],
    ['an array is replaced, not merged', { title: 'x', tags: ['b', 'c'] }, { tags: ['a'] }, { tags: ['a'] }],
    ['an array can become empty', { title: 'x', tags: ['b'] }, { tags: [] }, { tags: [] }],
    ['an empty patch changes nothing', task, {}, {}],
  ])('a merge patch follows the example of RFC 7396: %s', async (_, original, patch, result) => {
    const { before, after } = await patched(original, patch);
    const { version, updated_at, ...rest } = { ...before, ...result };
    expect(after).toMatchObject(rest);
  });
});

const changes = {
  title: 'c',
  description: 'c',
  status: 'todo',
  priority: 'low',
  due_date: '2027-01-01',
  tags: ['c', 'd'],
};

test.each(Object.entries(changes))('a merge patch of %s changes only that field', async (field, value) => {
  const { before, after } = await patched(task, { [field]: value });
  const { updated_at } = after;
  expect(after).toStrictEqual({ ...before, [field]: value, version: 2, updated_at });
});

test('a parsed patch contains only the fields given, without defaults', () => {
  for (const [field, value] of Object.entries(changes)) {
    expect(TaskPatch.parse({ [field]: value })).toStrictEqual({ [field]: value });
  }
  expect(TaskPatch.parse({})).toStrictEqual({});
});

describe('invalid merge patches', () => {
  test.each<[unknown, string[]]>([
    // RFC 7396 would put these in the place of the whole task.
    [['c', 'd'], ['']],
    [['c'], ['']],
    [null, ['']],
    ['bar', ['']],
    [1, ['']],
    [true, ['']],
    // The table also changes types and nests objects; the fields of a task have one type each.
    [{ tags: 'c' }, ['/tags']],
    [{ title: ['b'] }, ['/title']],
    [{ description: { b: 'd', c: null } }, ['/description']],
    [{ tags: [1] }, ['/tags/0']],
    [{ tags: [null] }, ['/tags/0']],
    [{ tags: { 0: 'c' } }, ['/tags']],
    // Only nullable fields can be cleared.
    [{ title: null, status: null, priority: null, tags: null }, ['/title', '/status', '/priority', '/tags']],
    [{ description: null, nope: null }, ['/nope']],
    [{ completed: null }, ['/completed']],
  ])('the invalid merge patch %j is refused and changes nothing', async (patch, pointers) => {
    const { errors, before, after } = await patched(task, patch);
    expect(errors?.toSorted()).toEqual(pointers.toSorted());
    expect(after).toStrictEqual(before);
  });
});
