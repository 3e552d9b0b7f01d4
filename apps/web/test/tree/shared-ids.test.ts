import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { synchronize } from '../journal/copy';
import { deleteTask, revisionOf, undo } from '../journal/requests';
import { getPage, sendAs } from '../task-requests';
import { move, patch, put, requestMove, taskOf, titlesAt, treeProblems } from './requests';

/** Ids that a client chooses: of a list and a task alike, or of zeros alone. */

useApp();

const NIL = '00000000-0000-0000-0000-000000000000';

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const putList = (id: string) =>
  send('PUT', `/api/${user.id}/lists/${id}`, { token: user.token, body: { name: 'List' } });
const create = (title: string, place: object) => taskOf(sendAs(user, 'POST', '', { title, ...place }));

test('a list and a task under the same id keep their tasks apart', async () => {
  const id = randomUUID();
  expect((await putList(id)).status).toBe(201);
  await put(user, id, { title: 'parent' });
  const inList = [await create('l1', { list_id: id }), await create('l2', { list_id: id })];
  const below = [await create('b1', { parent_id: id }), await create('b2', { parent_id: id })];
  const expectOrders = async (list: string, parent: string) => {
    expect((await titlesAt(user, { list_id: id })).join(' ')).toBe(list);
    expect((await titlesAt(user, { parent_id: id })).join(' ')).toBe(parent);
  };
  await expectOrders('l1 l2', 'b1 b2');
  await move(user, inList[1]?.id ?? '', { after: null });
  await move(user, below[0]?.id ?? '', {});
  await expectOrders('l2 l1', 'b2 b1');
  const revision = await revisionOf(deleteTask(user, id));
  await expectOrders('l2 l1', '');
  await undo(user, revision);
  await expectOrders('l2 l1', 'b2 b1');
  expect(await treeProblems(user)).toEqual([]);
});

test('a task is no sibling of those below a task that has the id of its list', async () => {
  const id = randomUUID();
  await putList(id);
  await put(user, id, { title: 'parent' });
  const inList = await create('l1', { list_id: id });
  await create('l2', { list_id: id });
  const below = await create('b1', { parent_id: id });
  for (const [task, after] of [
    [inList, below],
    [below, inList],
  ] as const) {
    expect((await requestMove(user, task.id, { after: after.id })).status).toBe(422);
  }
  await patch(user, inList.id, { parent_id: id, list_id: null });
  expect(await titlesAt(user, { parent_id: id })).toEqual(['b1', 'l1']);
  expect(await titlesAt(user, { list_id: id })).toEqual(['l2']);
});

test('the nil UUID is an id like any other, and not the inbox', async () => {
  const id = NIL;
  await putList(id);
  await put(user, id, { title: 'parent' });
  await create('inbox', {});
  await create('list', { list_id: id });
  const { id: below } = await create('below', { parent_id: id });
  expect(await titlesAt(user)).toEqual(['parent', 'inbox']);
  expect(await titlesAt(user, { list_id: id })).toEqual(['list']);
  expect(await titlesAt(user, { parent_id: id })).toEqual(['below']);
  expect((await getPage(user, { list: id })).data.map(({ title }) => title)).toEqual(['list']);
  await move(user, below, { parent_id: null });
  expect(await titlesAt(user)).toEqual(['parent', 'inbox', 'below']);
  expect((await synchronize(user)).tasks.size).toBe(4);
});

test('a list under the nil UUID is in changes like any other', async () => {
  await putList(NIL);
  const { changes } = await (await send('GET', `/api/${user.id}/changes`, { token: user.token })).json();
  expect(changes).toMatchObject([{ type: 'list', id: NIL }]);
});
