import * as idempotency from '../kit/idempotency';
import * as journal from '../kit/journal';
import { anyValues, describeOperations, statementsOf, testStatements, withKey } from '../testing/statements';
import * as contract from './contract';
import * as queries from './queries';
import * as tasks from './service';
import * as tree from './tree';
import * as treeWrites from './tree-writes';
import * as writes from './writes';

const SORTS: readonly queries.SortKey[] = ['created_at', 'updated_at', 'due_date', 'priority', 'title'];
const FILTERS: readonly queries.Filter[] = ['status', 'priority', 'due_before', 'due_after', 'tag', 'q'];
const PLACES: readonly queries.Filter[] = ['list', 'inbox', 'parent', 'top'];

/** Each sort in both directions, from the start and from a cursor; each filter by itself, and all together; each filter by
 * place; the order of one place, in both directions; a conditional one. */
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
  ...PLACES.map((filter) => ({
    ...{ sort: 'created_at' as const, descending: true, afterCursor: true, isConditional: false },
    filters: [filter],
  })),
  ...[false, true].map((descending) => ({
    ...{ sort: 'position' as const, descending, afterCursor: descending, isConditional: false },
    filters: ['list' as const, 'top' as const, 'place' as const],
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
  ...statementsOf(treeWrites),
  ['checkPlace', tree.checkPlace(anyValues)] as const,
  ...statementsOf(ofKit),
  ...shapes.map((shape) => [`selectPage ${JSON.stringify(shape)}`, selectPage(shape)(anyValues)] as const),
];

testStatements(all, (driver) =>
  describeOperations(driver, contract, all, async (ctx) => {
    const input = contract.TaskInput.parse({ title: 'Milk' });
    const { id } = (await tasks.create(ctx, input)).body;
    const parent = (await tasks.create(ctx, input)).body;
    const child = { ...input, parent_id: parent.id };
    return {
      listTasks: () => tasks.list(ctx, { limit: 1, sort: 'title' }),
      'listTasks of one parent': () => tasks.list(ctx, { limit: 1, sort: 'position', parent: parent.id }),
      listTags: () => tasks.tags(ctx),
      getTask: () => tasks.get(ctx, id),
      createTask: () => tasks.create(ctx, input),
      'createTask with Idempotency-Key': () => tasks.create(withKey(ctx), input),
      'createTask below a parent': () => tasks.create(ctx, child),
      replaceTask: () => tasks.replace(ctx, id, input),
      'replaceTask below a parent': () => tasks.replace(ctx, id, child),
      'updateTask without tags': () => tasks.update(ctx, id, { title: 'Bread' }),
      'updateTask with tags': () => tasks.update(ctx, id, { tags: ['shop'] }),
      'updateTask with Idempotency-Key': () => tasks.update(withKey(ctx), id, { title: 'Bread' }),
      'updateTask with status done': () => tasks.update(ctx, id, { status: 'done' }),
      'updateTask with another parent': () => tasks.update(ctx, id, { parent_id: null }),
      completeTask: () => tasks.complete(ctx, id, true),
      'completeTask with Idempotency-Key': () => tasks.complete(withKey(ctx), id, true),
      moveTask: () => tasks.move(ctx, id, { after: null }),
      'moveTask with Idempotency-Key': () => tasks.move(withKey(ctx), id, { after: null }),
      deleteTask: () => tasks.remove(ctx, id),
    };
  }),
);
