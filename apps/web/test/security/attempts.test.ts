import { randomUUID } from 'node:crypto';
import { operations } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { requestFor, storedRows } from '../attacker';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask } from '../task-requests';

/** Random requests of two users with each other's ids, cursors and paths. */

useApp();

const newTask = async (user: TestUser, title: string): Promise<string> =>
  (await createTask(user, { title, tags: [title] })).id;

interface Actor {
  user: TestUser;
  /** Text in each task of the user, and in no other. */
  marker: string;
  ids: string[];
  cursor: string;
}

const SEED = 20_260_301;
const STEPS = 250;

/** Mulberry32: small, and the same everywhere. */
function randomFrom(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return <T>(choices: readonly T[]) => choices[Math.floor(next() * choices.length)] as T;
}

async function createActor(marker: string): Promise<Actor> {
  const user = await signUp();
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push(await newTask(user, marker));
  const page = await send('GET', `${user.tasks}?limit=2`, { token: user.token });
  return { user, marker, ids, cursor: (await page.json()).next_cursor };
}

const same = (text: string) => text;
const spellings = [...Array(8).fill(same), (id: string) => id.toUpperCase(), encodeAll, (id: string) => `${id}%00`];
const taskSpellings = [
  ...spellings,
  (id: string) => `{${id}}`,
  (id: string) => id.replaceAll('-', ''),
  (id: string) => `urn:uuid:${id}`,
];

/** Variants of a path that another URL parser might normalize to the same path. */
const detours = (path: string, me: string, other: string) => [
  ...Array(16).fill(path),
  path.replace('/api/', '/api//'),
  path.replace('/tasks', '//tasks'),
  `${path}/`,
  `/api/${me}/tasks/../..${path.slice('/api'.length)}`,
  `/api/${me}/%2e%2e${path.slice('/api'.length)}`,
  `/api/${me}%2f..%2f${other}/tasks`,
  `/api/${me}/..%2f${other}/tasks`,
  `/api/${me};/${other}/tasks`,
  `${path}?user_id=${other}`,
];
const headersFor = (other: TestUser): Record<string, string>[] => [
  {},
  {},
  {},
  { 'X-User-Id': other.id, 'X-Forwarded-User': other.id },
  { 'X-HTTP-Method-Override': 'DELETE', 'X-Original-URL': other.tasks, 'X-Rewrite-URL': other.tasks },
  { 'X-Middleware-Subrequest': 'middleware:middleware:middleware:middleware:middleware' },
  { Cookie: other.cookie },
];

test(`two users who use each other's ids, paths and cursors see and change nothing of each other, in ${STEPS} requests (seed ${SEED})`, async () => {
  const pick = randomFrom(SEED);
  const [ada, bob] = [await createActor('adasword'), await createActor('bobsword')];
  const statusCounts: Record<number, number> = {};
  for (let step = 0; step < STEPS; step++) {
    const [actor, other] = step % 2 ? [ada, bob] : [bob, ada];
    const operation = pick(operations);
    const user = pick([actor, actor, other]).user.id;
    const task = pick([actor.ids, actor.ids, other.ids, [randomUUID()]]);
    const call = requestFor(operation, {
      user_id: pick(spellings)(user),
      task_id: pick(taskSpellings)(pick(task) ?? ''),
    });
    const query =
      operation.method === 'GET' ? pick(['', '', `?cursor=${actor.cursor}`, `?cursor=${other.cursor}`]) : '';
    const path = pick(detours(call.path, actor.user.id, other.user.id));
    const body = call.body && 'title' in call.body ? { title: actor.marker } : call.body;
    const before = await storedRows(other.user.id);

    const request = `${step}: ${call.method} ${path}${path.includes('?') ? '' : query}`;
    const response = await send(call.method, request.slice(request.indexOf('/')), {
      token: actor.user.token,
      headers: pick(headersFor(other.user)),
      body,
    });
    const text = await response.text();
    expect(response.status, request).toBeLessThan(500);
    expect(text, request).not.toContain(other.marker);
    if (response.ok) expect(text, request).not.toContain(other.user.id);
    expect(await storedRows(other.user.id), request).toBe(before);
    statusCounts[response.status] = (statusCounts[response.status] ?? 0) + 1;
    if (response.status === 201) actor.ids.push(JSON.parse(text).id);
  }
  // The loop would prove nothing if all responses had the same status.
  for (const status of [200, 201, 204, 403, 404, 422]) expect(statusCounts[status], `${status}`).toBeGreaterThan(3);
});

function encodeAll(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('');
}
