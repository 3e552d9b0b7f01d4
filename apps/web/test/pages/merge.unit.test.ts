import type { Task } from '@taskward/api-core/contract';
import { expect, test } from 'vitest';
import type { Change } from '../../app/sync/changes';
import { conflicts, differences, foldInto, rebaseAfter, rebaseOnto } from '../../app/sync/merge';

const ID = '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58';
const BASE = { id: ID, title: 'Trip', description: null, priority: 'none', tags: ['red, dark'], version: 3 } as Task;

const change = (body: object, fields: Partial<Change> = {}): Change => ({
  key: 'key',
  idempotencyKey: 'first',
  at: 1,
  tab: 'tab',
  label: 'Changed',
  operations: [{ op: 'updateTask', task_id: ID, if_match: 3, body }],
  before: { [ID]: BASE },
  state: 'waiting',
  ...fields,
});

test('only a field that was changed on both sides, and differently, is a conflict', () => {
  const theirs = { ...BASE, title: 'Theirs', priority: 'high', version: 4 } as Task;
  expect(conflicts(BASE, { title: 'Mine' }, theirs)).toEqual(['title']);
  expect(conflicts(BASE, { description: 'Mine' }, theirs)).toEqual([]);
  expect(conflicts(BASE, { title: 'Theirs' }, theirs)).toEqual([]);
  expect(conflicts(BASE, { title: 'Mine', priority: 'low' }, theirs)).toEqual(['title', 'priority']);
});

test('a tag with a comma is one tag, and nothing differs where nothing was changed', () => {
  expect(differences(BASE, { title: 'Trip', tags: ['red, dark'], description: null })).toEqual({});
});

test('a merged change keeps only what is still different, on top of the current version', () => {
  const current = { ...BASE, title: 'Mine', version: 7 } as Task;
  expect(rebaseOnto(change({ title: 'Mine', description: 'Note' }), current, 'next')).toMatchObject({
    key: 'key',
    idempotencyKey: 'next',
    operations: [{ if_match: 7, body: { description: 'Note' } }],
    before: { [ID]: { version: 7 } },
  });
  expect(rebaseOnto(change({ title: 'Mine' }), current, 'next')).toBeUndefined();
});

test('the version that an earlier change made counts as seen, but not one that contains the changes of others', () => {
  const later = change({ description: 'Note' }, { key: 'later' });
  const [next] = rebaseAfter(later, change({ title: 'Mine' }), [{ id: ID, version: 4 }]).operations;
  expect(next).toMatchObject({ if_match: 4 });
  expect(rebaseAfter(later, change({ title: 'Mine' }), [{ id: ID, version: 5 }])).toBe(later);
});

test('what was typed for a task that could not be created becomes a part of it', () => {
  const creation = change({}, { operations: [{ op: 'replaceTask', task_id: ID, body: { title: 'Trip' } }] });
  expect(foldInto(creation, [change({ description: 'Note' }), change({ title: 'Journey' })]).operations).toEqual([
    { op: 'replaceTask', task_id: ID, body: { title: 'Journey', description: 'Note' } },
  ]);
});
