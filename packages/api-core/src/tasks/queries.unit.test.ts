import * as idempotency from '../kit/idempotency';
import * as journal from '../kit/journal';
import { anyValues, describeOperations, statementsOf, testStatements, withKey } from '../testing/statements';
import * as contract from './contract';
import * as queries from './queries';
import * as tasks from './service';
import * as writes from './writes';

const SORTS: readonly queries.SortKey[] = ['created_at', 'updated_at', 'due_date', 'priority', 'title'];
const FILTERS: readonly queries.Filter[] = ['status', 'priority', 'due_before', 'due_after', 'tag', 'q'];

/** Each sort in both directions, from the start and from a cursor; each filter by itself, and all together; a conditional one. */
const shapes: readonly queries.PageShape[] = [
  ...SORTS.flatMap((sort) =>
    [false, true].flatMap((descending) =>
      [false, true].map((afterCursor) => ({ sort, descending, afterCursor, isConditional: false, filters: [] })),
    ),
  ),
  ...[...FILTERS.map((filter) => [filter]), FILTERS].map((filters) => ({
    ...{ sort: 'due_date' as const, descending: false, afterCursor: true, isConditional: false },
    filters,
  })),
  { sort: 'created_at', descending: true, afterCursor: false, isConditional: true, filters: [] },
];

const { selectPage, ...fixed } = queries;
const { storeResponse: _, ...ofKit } = idempotency;
const all = [
  ['selectHead', journal.selectHead({})] as const,
  ['pruneJournal', journal.pruneJournal({})] as const,
  ['trimJournal', journal.trimJournal({})] as const,
  ...statementsOf(fixed),
  ...statementsOf(writes),
  ...statementsOf(ofKit),
  ...shapes.map((shape) => [`selectPage ${JSON.stringify(shape)}`, selectPage(shape)(anyValues)] as const),
];

testStatements(all, (driver) =>
  describeOperations(driver, contract, all, async (ctx) => {
    const input = contract.TaskInput.parse({ title: 'Milk' });
    const { id } = (await tasks.create(ctx, input)).body;
    return {
      listTasks: () => tasks.list(ctx, { limit: 1, sort: 'title' }),
      getTask: () => tasks.get(ctx, id),
      createTask: () => tasks.create(ctx, input),
      'createTask with Idempotency-Key': () => tasks.create(withKey(ctx), input),
      replaceTask: () => tasks.replace(ctx, id, input),
      'updateTask without tags': () => tasks.update(ctx, id, { title: 'Bread' }),
      'updateTask with tags': () => tasks.update(ctx, id, { tags: ['shop'] }),
      'updateTask with Idempotency-Key': () => tasks.update(withKey(ctx), id, { title: 'Bread' }),
      completeTask: () => tasks.complete(ctx, id, true),
      'completeTask with Idempotency-Key': () => tasks.complete(withKey(ctx), id, true),
      deleteTask: () => tasks.remove(ctx, id),
    };
  }),
);
