import { randomUUID } from 'node:crypto';
import * as kit from '../kit/batch';
import * as idempotency from '../kit/idempotency';
import * as lists from '../lists/writes';
import * as tree from '../tasks/tree';
import * as treeWrites from '../tasks/tree-writes';
import * as tasks from '../tasks/writes';
import { anyValues, describeOperations, statementsOf, testStatements, withKey } from '../testing/statements';
import * as contract from './contract';
import * as batch from './service';

const own = [...statementsOf(kit), ['deleteExpiredKeys', idempotency.deleteExpiredKeys({})] as const];
/** Those of lists and tasks are in the files beside these. */
const all = [
  ...own,
  ...[tasks, treeWrites, lists].flatMap(statementsOf),
  ['checkPlace', tree.checkPlace(anyValues)] as const,
];

testStatements(own, (driver) =>
  describeOperations(driver, contract, all, async (ctx) => {
    const [task_id, list_id] = [randomUUID(), randomUUID()];
    const run = (context: typeof ctx, ...operations: unknown[]) =>
      batch.run(context, contract.Batch.parse({ operations }));
    const creation = [
      { op: 'replaceList', list_id, body: { name: 'Garden' } },
      { op: 'replaceTask', task_id, body: { title: 'Dig', list_id } },
    ];
    const changes = [
      { op: 'updateTask', task_id, body: { title: 'Dig deep' } },
      { op: 'updateTask', task_id, body: { tags: ['spade'] } },
      { op: 'updateTask', task_id, body: { list_id: null } },
      { op: 'moveTask', task_id, body: { list_id } },
      { op: 'completeTask', task_id },
      { op: 'updateList', list_id, body: { name: 'Yard' } },
      { op: 'moveList', list_id, body: {} },
      { op: 'deleteTask', task_id },
      { op: 'deleteList', list_id, body: { tasks: 'keep' } },
    ];
    return {
      'runBatch of two creations': () => run(ctx, ...creation),
      'runBatch of every other operation': () => run(ctx, ...changes),
      'runBatch with Idempotency-Key': () => run(withKey(ctx), ...creation),
      'runBatch of the deletion of a list': () => run(ctx, { op: 'deleteList', list_id }),
    };
  }),
);
