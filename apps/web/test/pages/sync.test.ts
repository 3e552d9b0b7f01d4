import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Row } from '../../app/sync/view';
import { signUp, type TestUser, useApp } from '../harness';
import { sendAs } from '../task-requests';
import { asSeen, TestBrowser } from './browser';

useApp();

let user: TestUser;
let browser: TestBrowser;

beforeEach(async () => {
  user = await signUp();
  browser = new TestBrowser(user);
});
afterEach(() => browser.close());

test('what a user did offline is on the server afterwards, once, in its order', async () => {
  const { actions } = browser;
  browser.goOffline();
  const garden = actions.addList('Garden');
  actions.add([
    { title: 'Dig', list_id: garden },
    { title: 'Sow', list_id: garden },
  ]);
  actions.add([{ title: 'Water', list_id: garden }]);
  actions.edit(browser.task('Sow'), { description: 'Peas', priority: 'high' });
  actions.edit(browser.task('Sow'), { tags: ['spring'] });
  actions.move(browser.task('Water'), { after: null });
  actions.complete(browser.task('Dig'), true);
  actions.add([{ title: 'Mistake' }]);
  actions.remove(browser.task('Mistake'));
  const seen = asSeen(browser.tasks);
  expect(browser.requests).toBe(0);
  await browser.settle();
  expect(asSeen((await browser.readServer()).tasks)).toEqual(seen);
  expect(asSeen(browser.tasks)).toEqual(seen);
  expect(browser.failures).toEqual([]);
});

test('a change whose response is lost is sent again, and made once', async () => {
  let lost = 0;
  browser.onResponse = () => {
    if (lost++ === 0) throw new Error('The response is lost.');
  };
  browser.actions.add([{ title: 'Once' }]);
  await browser.settle();
  expect((await browser.readServer()).tasks).toMatchObject([{ title: 'Once', version: 1 }]);
  expect(browser.requests).toBe(2);
});

test('different fields that were changed in two places are merged', async () => {
  browser.actions.add([{ title: 'Trip' }]);
  await browser.settle();
  const seen = browser.task('Trip');
  browser.goOffline();
  await sendAs(user, 'PATCH', `/${seen.id}`, { priority: 'high' });
  browser.actions.edit(seen, { description: 'By train' });
  await browser.settle();
  expect((await browser.readServer()).tasks).toMatchObject([{ priority: 'high', description: 'By train' }]);
  expect(browser.store.getState().changes).toEqual([]);
});

test('the same field that was changed in two places is a conflict, and nothing is overwritten', async () => {
  browser.actions.add([{ title: 'Trip' }]);
  await browser.settle();
  const seen = browser.task('Trip');
  browser.goOffline();
  await sendAs(user, 'PATCH', `/${seen.id}`, { title: 'Theirs' });
  browser.actions.edit(seen, { title: 'Mine', priority: 'low' });
  await browser.settle();
  expect((await browser.readServer()).tasks).toMatchObject([{ title: 'Theirs', priority: 'none' }]);
  expect(browser.store.getState().changes).toMatchObject([
    { state: 'refused', refusal: { kind: 'conflict', current: { title: 'Theirs' } } },
  ]);
});

test('an undo takes back a change that was sent, and cancels one that was not', async () => {
  const { actions, messages } = browser;
  actions.add([{ title: 'Plan' }]);
  await browser.settle();
  actions.edit(browser.task('Plan'), { title: 'Plan B' });
  await browser.settle();
  messages.undoLast();
  expect(browser.tasks).toMatchObject([{ title: 'Plan' }]);
  await browser.settle();
  expect((await browser.readServer()).tasks).toMatchObject([{ title: 'Plan', version: 3 }]);

  browser.goOffline();
  actions.remove(browser.task('Plan'));
  expect(browser.tasks).toEqual([]);
  messages.undoLast();
  const sent = browser.requests;
  await browser.settle();
  expect(browser.requests).toBe(sent);
  expect((await browser.readServer()).tasks).toMatchObject([{ title: 'Plan', version: 3 }]);
});

test('an undo of a change whose response was lost is sent: the server may have the change', async () => {
  browser.onResponse = () => {
    browser.onResponse = () => {};
    throw new Error('The response is lost.');
  };
  browser.actions.add([{ title: 'Mistake' }]);
  await vi.waitFor(() => expect(browser.requests).toBe(1));
  browser.messages.undoLast();
  expect(browser.tasks).toEqual([]);
  await browser.settle();
  expect((await browser.readServer()).tasks).toEqual([]);
});

test('text that the API refuses stays as a change that the user can edit', async () => {
  browser.goOffline();
  browser.actions.add([{ title: 'x'.repeat(300) }]);
  const [task] = browser.tasks;
  browser.actions.edit(task as Row, { description: 'Also typed' });
  await browser.settle();
  expect(browser.store.getState().changes).toMatchObject([
    {
      state: 'refused',
      refusal: { kind: 'invalid', errors: [{ message: 'At most 255 characters are allowed.' }] },
      operations: [{ op: 'replaceTask', body: { description: 'Also typed' } }],
    },
  ]);
  expect(browser.tasks).toEqual([]);
});

test('an edit of a task that was deleted elsewhere is not lost', async () => {
  browser.actions.add([{ title: 'Trip' }]);
  await browser.settle();
  const seen = browser.task('Trip');
  browser.goOffline();
  await sendAs(user, 'DELETE', `/${seen.id}`);
  browser.actions.edit(seen, { description: 'A long note' });
  browser.actions.complete(seen, true);
  await browser.settle();
  expect(browser.store.getState().changes).toMatchObject([{ refusal: { kind: 'gone' } }]);
  expect(browser.failures).toHaveLength(1);
});

/** Steps of a user, by numbers that choose what they apply to. */
const step = fc.record({
  what: fc.constantFrom(
    ...(['add', 'add', 'addList', 'edit', 'edit', 'complete', 'reopen', 'remove', 'move', 'nest', 'undo'] as const),
    ...(['deleteList', 'keepList', 'online', 'offline', 'settle', 'lose'] as const),
  ),
  a: fc.nat(1000),
  b: fc.nat(1000),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function perform({ what, a, b }: Step, { actions, messages, store, tasks }: TestBrowser): void {
  const pick = (n: number) => tasks[n % tasks.length] as Row;
  const lists = [...store.getState().view.lists.keys()];
  const list = lists.length > 0 && b % 3 > 0 ? (lists[b % lists.length] ?? null) : null;
  if (what === 'add') actions.add([{ title: `Task ${a}`, list_id: list }]);
  if (what === 'addList') actions.addList(`List ${a}`);
  if (what === 'undo') messages.undoLast();
  if (what === 'deleteList' && list) actions.deleteList(list, '', 'delete');
  if (what === 'keepList' && list) actions.deleteList(list, '', 'keep');
  if (tasks.length === 0) return;
  if (what === 'edit') actions.edit(pick(a), { title: `Edited ${b}`, tags: [`t${b % 5}`] });
  if (what === 'complete') actions.complete(pick(a), true);
  if (what === 'reopen') actions.complete(pick(a), false);
  if (what === 'remove') actions.remove(pick(a));
  if (what === 'move') actions.move(pick(a), { list_id: list });
  if (what === 'nest') {
    const [child, parent] = [pick(a), pick(b)];
    const hasChildren = tasks.some(({ parent_id }) => parent_id === child.id);
    if (child.id !== parent.id && !hasChildren && parent.parent_id === null)
      actions.move(child, { parent_id: parent.id });
  }
}

test('after any sequence of steps, outages and lost responses, the page and the server have the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      user = await signUp();
      browser = new TestBrowser(user);
      try {
        for (const one of steps) {
          if (one.what === 'online') browser.goOnline();
          if (one.what === 'offline') browser.goOffline();
          if (one.what === 'settle') await browser.settle();
          if (one.what === 'lose') {
            browser.onResponse = () => {
              browser.onResponse = () => {};
              throw new Error('The response is lost.');
            };
          }
          perform(one, browser);
        }
        const seen = asSeen(browser.tasks);
        await browser.settle();
        const server = asSeen((await browser.readServer()).tasks);
        expect(asSeen(browser.tasks)).toEqual(server);
        // Some steps the server refuses, such as an undo of what was changed since.
        if (browser.failures.length === 0) expect(server).toEqual(seen);
      } finally {
        browser.close();
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 15) },
  );
}, 600_000);
