import { randomUUID } from 'node:crypto';
import { operations } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { storedRows } from '../attacker';
import { send, signUp, type TestUser, useApp } from '../harness';
import { bodyWithText, createdParamOf, createResources, fillPath } from '../requests';

/** Random requests of two users with each other's ids, cursors and paths. */

useApp();

interface Actor {
  user: TestUser;
  /** Text in each resource of the user, and in no other. */
  marker: string;
  /** The ids of the user's resources, by path parameter. */
  ids: Record<string, string[]>;
  cursor: string;
}

const SEED = 20_260_301;
const STEPS = 50 * operations.length;

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
  const ids: Actor['ids'] = {};
  for (let i = 0; i < 5; i++) {
    for (const [name, id] of Object.entries(await createResources(user, marker)))
      ids[name] = [...(ids[name] ?? []), id];
  }
  const page = await send('GET', `${user.tasks}?limit=2`, { token: user.token });
  return { user, marker, ids, cursor: (await page.json()).next_cursor };
}

const same = (text: string) => text;
const spellings = [...Array(8).fill(same), (id: string) => id.toUpperCase(), encodeAll, (id: string) => `${id}%00`];
const idSpellings = [
  ...spellings,
  (id: string) => `{${id}}`,
  (id: string) => id.replaceAll('-', ''),
  (id: string) => `urn:uuid:${id}`,
];

/** Variants of a path that another URL parser might normalize to the same path. */
const detours = (path: string, me: string, other: string) => [
  ...Array(16).fill(path),
  path.replace('/api/', '/api//'),
  path.replace(/^\/api\/[^/]+/, '$&/'),
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
    const owner = pick([actor, actor, other, undefined]);
    const params = Object.keys(actor.ids).map((name) => {
      const id = pick(owner?.ids[name] ?? [randomUUID()]);
      return [name, pick(idSpellings)(id)] as const;
    });
    const { method } = operation;
    const target = fillPath(operation.path, { ...Object.fromEntries(params), user_id: pick(spellings)(user) });
    const query = method === 'GET' ? pick(['', '', `?cursor=${actor.cursor}`, `?cursor=${other.cursor}`]) : '';
    const path = pick(detours(target, actor.user.id, other.user.id));
    const before = await storedRows(other.user.id);

    const request = `${step}: ${method} ${path}${path.includes('?') ? '' : query}`;
    const response = await send(method, request.slice(request.indexOf('/')), {
      token: actor.user.token,
      headers: pick(headersFor(other.user)),
      body: bodyWithText(operation, actor.marker),
    });
    const text = await response.text();
    expect(response.status, request).toBeLessThan(500);
    expect(text, request).not.toContain(other.marker);
    if (response.ok) expect(text, request).not.toContain(other.user.id);
    expect(await storedRows(other.user.id), request).toBe(before);
    statusCounts[response.status] = (statusCounts[response.status] ?? 0) + 1;
    if (response.status === 201) actor.ids[createdParamOf(operation) ?? '']?.push(JSON.parse(text).id);
  }
  // The loop would prove nothing if all responses had the same status.
  for (const status of [200, 201, 204, 403, 404, 422]) expect(statusCounts[status], `${status}`).toBeGreaterThan(3);
});

function encodeAll(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('');
}
