import type { TaskInput } from '@taskward/api-core';
import fc from 'fast-check';
import { rarely } from '../run-fuzz';

/** Random steps of users with their tasks: mostly valid, with an error here and there. */

/** A body with its meaning by the rules of a task, and with its errors. */

/** The places of tasks have a model of their own. */
export type Fields = Omit<TaskInput, 'list_id' | 'parent_id'>;

interface Body<M> {
  readonly sent: unknown;
  readonly means: M;
  /** JSON pointers. */
  readonly errorPointers: readonly string[];
}

const RARE = 40;

const STATUSES = ['todo', 'in_progress', 'done'] as const;
export const PRIORITIES = ['none', 'low', 'medium', 'high'] as const;
const TAGS = ['work', 'home', 'ä', '😀', 'two words', '\uff41'];
const dates = fc.constantFrom('0001-01-01', '2024-02-29', '2026-03-01', '2026-03-02', '9999-12-31');
const WORDS = [
  'milk',
  'Milk',
  'bread',
  '100%',
  'a_b',
  'back\\slash',
  'éclair',
  'Straße',
  'zebra',
  'Zebra',
  '😀',
  '\uff41',
  'x',
];
const words = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }).map((some) => some.join(' '));

interface Value {
  readonly sent: unknown;
  readonly means?: unknown;
  /** JSON pointers relative to the value. */
  readonly errorPointers: readonly string[];
}

function good<T>(values: fc.Arbitrary<T>, sent: (means: T) => unknown = (means) => means): fc.Arbitrary<Value> {
  return values.map((means) => ({ sent: sent(means), means, errorPointers: [] }));
}
function bad(...values: unknown[]): fc.Arbitrary<Value> {
  return fc.constantFrom(...values.map((sent) => ({ sent, errorPointers: [''] })));
}

const title = fc.oneof(
  good(words),
  good(words, (means) => ` \t${means}\n`),
  good(fc.constantFrom('t'.repeat(255), '😀'.repeat(255))),
);
const description = good(fc.oneof(words, fc.constantFrom(null, '', ' kept \n as\tit is ', '😀'.repeat(10_000))));
const tags = fc.oneof(
  // One order for each set: the contract does not define whether another order is another body.
  good(fc.subarray(TAGS)),
  good(fc.subarray(TAGS), (means) => [...means, ...means.map((tag) => ` ${tag.toUpperCase()}\n`)]),
);
const badTags = fc.constantFrom<Value>(
  { sent: null, errorPointers: [''] },
  { sent: 'home', errorPointers: [''] },
  { sent: Array.from({ length: 21 }, (_, i) => `${i}`), errorPointers: [''] },
  { sent: ['a', ''], errorPointers: ['/1'] },
  { sent: [null, 'a', 5], errorPointers: ['/0', '/2'] },
);

const fields: Record<keyof Fields, fc.Arbitrary<Value>> = {
  title: rarely(RARE, title, bad('', '  ', null, 7, ['x'], 'a\u0000b', 'a\tb', 'x'.repeat(256))),
  description: rarely(RARE, description, bad(5, ['x'], 'x'.repeat(10_001), 'nul \u0000')),
  status: rarely(RARE, good(fc.constantFrom(...STATUSES)), bad('DONE', null, '')),
  priority: rarely(RARE, good(fc.constantFrom(...PRIORITIES)), bad('urgent', null, 1)),
  due_date: rarely(RARE, good(fc.option(dates)), bad('2026-02-29', '2026-3-1', 20260301, '')),
  tags: rarely(RARE, tags, badTags),
};
const notForClients = fc.constantFrom('nope', 'id', 'user_id', 'version', 'completed', 'created_at', '__proto__');

/** Some fields of a task; the title is one of them, or missing in rare cases, which is an error. */
const whole = rarely(RARE, fc.record(fields, { requiredKeys: ['title'] }), fc.record({ tags: fields.tags }));
const some = rarely(8, fc.record(fields, { requiredKeys: [] }), fc.constant({}));

function toBody(given: Partial<Record<keyof Fields, Value>>, extra: string | undefined): Body<Partial<Fields>> {
  const values = Object.entries(given);
  const errorPointers = values.flatMap(([name, value]) => value.errorPointers.map((pointer) => `/${name}${pointer}`));
  const sent = values.map(([name, value]): [string, unknown] => [name, value.sent]);
  return {
    sent: Object.fromEntries(extra === undefined ? sent : [...sent, [extra, null]]),
    means: Object.fromEntries(values.map(([name, { means }]) => [name, means])),
    errorPointers: extra === undefined ? errorPointers : [...errorPointers, `/${extra}`],
  };
}

const extra = rarely(RARE, fc.constant(undefined), notForClients);
const patch = fc.tuple(some, extra).map(([given, name]) => toBody(given, name));
const input = fc.tuple(whole, extra).map(([given, name]) => {
  const body = toBody(given, name);
  return 'title' in given ? body : { ...body, errorPointers: [...body.errorPointers, '/title'] };
});

type Completion = Body<{ completed?: boolean }>;
const completion = rarely(
  RARE,
  fc.constantFrom<Completion[]>(
    { sent: undefined, means: {}, errorPointers: [] },
    { sent: { completed: true }, means: { completed: true }, errorPointers: [] },
    { sent: { completed: false }, means: { completed: false }, errorPointers: [] },
  ),
  fc.constantFrom<Completion[]>(
    { sent: { completed: 'yes', nope: 1 }, means: {}, errorPointers: ['/completed', '/nope'] },
    { sent: {}, means: {}, errorPointers: ['/completed'] },
  ),
);

const sometimes = <T>(times: number, values: fc.Arbitrary<T>) => rarely(times, fc.constant(undefined), values);

const SORTS = ['created_at', 'updated_at', 'due_date', 'priority', 'title'].flatMap((key) => [key, `-${key}`]);
const searched = fc.constantFrom('milk', 'MILK', '%', '_', '\\', 'ECLAIR', 'strasse', '😀', 'x', '100%');
const invalidParameters = fc.constantFrom<[name: string, value: string, pointer?: string]>(
  ['limit', '0'],
  ['limit', '101'],
  ['sort', 'nope'],
  ['nope', '1'],
  ['status', 'todo,', '/status/1'],
  ['due_before', '2026-02-30'],
  ['completed', 'yes'],
  ['cursor', 'x'],
  ['q', ' '],
);

const query = fc.record({
  status: sometimes(6, fc.subarray([...STATUSES], { minLength: 1 })),
  priority: sometimes(6, fc.subarray([...PRIORITIES], { minLength: 1 })),
  tag: sometimes(6, fc.subarray(TAGS, { minLength: 1, maxLength: 2 })),
  due_before: sometimes(6, dates),
  due_after: sometimes(6, dates),
  completed: sometimes(6, fc.boolean()),
  q: sometimes(6, fc.array(searched, { minLength: 1, maxLength: 2 })),
  limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  sort: fc.option(fc.constantFrom(...SORTS), { nil: undefined }),
  invalidParameter: sometimes(20, invalidParameters),
});
export type Query = (typeof query extends fc.Arbitrary<infer Q> ? Q : never) & { cursor?: string };

/** Entity tags relative to the task's version, which is not determined yet. */
const etag = fc.constantFrom('now', 'now', 'before', 'after', 'weak', 'foreign');
const etags = fc.oneof(fc.constant('*' as const), fc.array(etag, { minLength: 1, maxLength: 3 }));
export type ETags = typeof etags extends fc.Arbitrary<infer T> ? T : never;

const userIndex = fc.constantFrom(0, 0, 0, 0, 1, 1, 2);
const base = {
  actor: userIndex,
  /** The owner of the path, if not the actor. */
  other: sometimes(20, userIndex),
  token: rarely(30, fc.constant('own'), fc.constantFrom('none', 'bad')),
};
const onTask = {
  ...base,
  /** An own task, one of another user, one under an id of the client, a missing one, an invalid id. */
  target: fc.record({
    of: rarely(5, fc.constant('own'), fc.constantFrom('client', 'client', 'client', 'other', 'absent', 'no uuid')),
    n: fc.nat({ max: 5 }),
  }),
  ifMatch: sometimes(3, etags),
  ifNoneMatch: sometimes(8, etags),
};
const form = fc.constantFrom('bare', 'quoted', 'bare', 'quoted', 'malformed');
const key = sometimes(2, fc.record({ n: fc.nat({ max: 2 }), form }));
export type Key = typeof key extends fc.Arbitrary<infer K> ? K : never;

const does = <O extends string>(op: O) => fc.constant(op);

const create = fc.record({ op: does('create'), ...base, body: input, key });
const step = fc.oneof(
  create,
  fc.record({ op: does('list'), ...base, query }),
  /** The page after the last one of this user. */
  fc.record({ op: does('next'), actor: userIndex }),
  /** That cursor in another list. */
  fc.record({ op: does('misuse'), actor: userIndex, thief: userIndex }),
  fc.record({ op: does('get'), ...onTask, ifMatch: fc.constant(undefined), ifNoneMatch: sometimes(2, etags) }),
  fc.record({ op: does('replace'), ...onTask, body: input, key }),
  fc.record({ op: does('update'), ...onTask, body: patch, key }),
  fc.record({ op: does('complete'), ...onTask, body: completion, key }),
  fc.record({ op: does('remove'), ...onTask, key }),
  /** Repeats the last request, or one shortly before it, unchanged. */
  fc.record({ op: does('again'), n: fc.nat({ max: 3 }) }),
);
export type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Creates some tasks first, for the other steps to use. */
export const story = fc
  .tuple(fc.array(create, { minLength: 1, maxLength: 6 }), fc.array(step, { maxLength: 60, size: 'max' }))
  .map((parts): Step[] => parts.flat());
