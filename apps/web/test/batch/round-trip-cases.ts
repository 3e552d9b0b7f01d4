import { randomUUID } from 'node:crypto';
import type { TestUser } from '../harness';
import type { RoundTripCases } from '../round-trip-case';

const path = ({ id }: TestUser) => `/api/${id}/batch`;
const newKey = () => ({ 'Idempotency-Key': randomUUID() });

/** Ids of their own, so that the second time is like the first. */
const [list_id, task_id, child] = [randomUUID(), randomUUID(), randomUUID()];

/** A list with a task, another one below it, and the deletion of all of them. */
const operations = [
  { op: 'replaceList', list_id, body: { name: 'Garden' } },
  { op: 'replaceTask', task_id, body: { title: 'Dig', list_id, tags: ['spade'] } },
  { op: 'replaceTask', task_id: child, body: { title: 'Dig deep', parent_id: task_id } },
  { op: 'updateTask', task_id, body: { status: 'done' } },
  { op: 'deleteList', list_id },
];
const hundred = Array.from({ length: 100 }, (_, i) => ({
  ...{ op: 'replaceTask', task_id: randomUUID() },
  body: { title: `Task ${i}` },
}));

export const cases: RoundTripCases = {
  runBatch: [
    { name: 'one operation', path, body: { operations: hundred.slice(0, 1) }, status: 200 },
    { name: 'five operations, two of them with a place', path, body: { operations }, status: 200 },
    { name: '100 operations', path, body: { operations: hundred }, status: 200 },
    { name: 'with Idempotency-Key', path, body: { operations: hundred.slice(0, 1) }, status: 200, headers: newKey },
    {
      name: 'an operation refused',
      path,
      body: { operations: [...hundred.slice(0, 1), { op: 'deleteTask', task_id: randomUUID() }] },
      status: 404,
    },
  ],
};
