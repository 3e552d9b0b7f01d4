import { expect, test } from 'vitest';
import { type Act, differences, type History, type Row } from './history';

/** The history checker itself: it accepts every possible history, and finds each kind of violation. */

const at = (version: number, title: string, done = false) => ({ version, title, done });
const row = (version: number, title: string, more: Partial<Row> = {}): Row => ({
  ...{ user_id: 'ada', id: '1', version, title, status: 'todo', description: title, tags: [title] },
  ...more,
});
const history = (...steps: (Act | Act[])[]): History => ({
  userId: 'ada',
  id: '1',
  steps: steps.map((step) => [step].flat()),
});

const create: Act = { kind: 'create', title: 'a', outcome: 'ok', observed: at(1, 'a') };
const patch: Act = { kind: 'patch', title: 'b', outcome: 'ok', observed: at(2, 'b') };
const lost: Act = { kind: 'patch', title: 'b', outcome: 'unknown' };
const remove: Act = { kind: 'delete', outcome: 'ok' };
const race: Act[] = [
  { kind: 'patch', title: 'b', ifMatch: 1, outcome: 'precondition failed' },
  { kind: 'patch', title: 'c', ifMatch: 1, outcome: 'ok', observed: at(2, 'c') },
];

test.each<[string, History, Row[]]>([
  ['rows as in the responses', history(create, patch), [row(2, 'b')]],
  ['a write without a response that was executed', history(create, lost), [row(2, 'b')]],
  ['a write without a response that was not executed', history(create, lost), [row(1, 'a')]],
  ['a creation without a response', { ...history({ ...create, outcome: 'unknown' }), id: undefined }, [row(1, 'a')]],
  ['a deletion', history(create, remove), []],
  [
    'a task that came back after its deletion',
    history(create, remove, { kind: 'put', title: 'b', outcome: 'ok', observed: at(2, 'b') }),
    [row(2, 'b')],
  ],
  [
    'a deletion that was executed before its response was lost',
    history(create, { ...remove, outcome: 'missing', isRepeated: true }),
    [],
  ],
  ['one winner of a race', history(create, race), [row(2, 'c')]],
  [
    'many steps',
    history(
      create,
      ...Array(40).fill([
        { ...lost, ifMatch: 9 },
        { ...lost, ifMatch: 9 },
      ]),
    ),
    [row(1, 'a')],
  ],
  ['a write that was refused', history(create, { ...lost, outcome: 'refused' }), [row(1, 'a')]],
])('the history checker accepts a consistent history: %s', (_, observed, stored) => {
  expect(differences([observed], stored)).toEqual([]);
});

test.each<[string, History, Row[]]>([
  ['an acknowledged write that is missing', history(create, patch), [row(1, 'a')]],
  ['an acknowledged task that is missing', history(create), []],
  ['a write that was executed twice', history(create, patch), [row(3, 'b')]],
  ['a task that was created twice', history(create), [row(1, 'a'), row(1, 'a', { id: '2' })]],
  ['a task that nobody created', history(create), [row(1, 'a'), row(1, 'z', { id: '2', user_id: 'bob' })]],
  ['a task of another user', history(create), [row(1, 'a', { user_id: 'bob' })]],
  ['a deleted task that is stored', history(create, remove), [row(1, 'a')]],
  [
    'a task that came back with the version of another content',
    history(create, remove, { kind: 'put', title: 'b', outcome: 'ok', observed: at(1, 'b') }),
    [row(1, 'b')],
  ],
  ['a task that is half written', history(create, lost), [row(2, 'b', { tags: ['a'] })]],
  ['a status that nobody set', history(create), [row(1, 'a', { status: 'done' })]],
  ['a write that was refused and executed', history(create, { ...lost, outcome: 'refused' }), [row(2, 'b')]],
  ['a response that skips a version', history(create, { ...patch, observed: at(3, 'b') }), [row(3, 'b')]],
  [
    'two winners of a race',
    history(
      create,
      race.map((act) => ({ ...patch, ...act, outcome: 'ok' as const })),
    ),
    [row(2, 'c')],
  ],
  [
    'a read of a value that was never written',
    history(create, { kind: 'read', outcome: 'ok', observed: at(1, 'z') }),
    [row(1, 'a')],
  ],
  ['a read that finds nothing', history(create, { kind: 'read', outcome: 'missing' }), [row(1, 'a')]],
])('the history checker finds a violation: %s', (_, observed, stored) => {
  expect(differences([observed], stored)).toHaveLength(1);
});
