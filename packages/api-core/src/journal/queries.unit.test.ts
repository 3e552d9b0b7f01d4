import * as idempotency from '../kit/idempotency';
import * as kit from '../kit/journal';
import { TaskInput } from '../tasks/contract';
import * as tasks from '../tasks/service';
import * as tree from '../tasks/tree';
import { anyValues, describeOperations, statementsOf, testStatements, withKey } from '../testing/statements';
import * as contract from './contract';
import * as queries from './queries';
import * as journal from './service';
import * as undo from './undo';

const { storeResponse: _, ...ofKit } = idempotency;
const all = [
  ['selectHead', kit.selectHead({})] as const,
  ...statementsOf(queries),
  ...statementsOf(undo),
  ['checkUndo', tree.checkUndo(anyValues)] as const,
  ...statementsOf(ofKit),
];

testStatements(all, (driver) =>
  describeOperations(driver, contract, all, async (ctx) => {
    const createTask = async () => (await tasks.create(ctx, TaskInput.parse({ title: 'Milk' }))).body;
    const [a, b, c] = [await createTask(), await createTask(), await createTask()];
    for (const { id } of [a, b]) await tasks.remove(ctx, id);
    const { body: first } = await journal.changes(ctx, { limit: 1 });
    const { body: last } = await journal.changes(ctx, { limit: 500 });
    return {
      'listChanges of all': () => journal.changes(ctx, { limit: 1 }),
      'listChanges of all, next page of lists': () =>
        journal.changes(ctx, { limit: 1, since: `${first.token.split('~')[0]}~list~${c.id}` }),
      'listChanges of all, next page': () => journal.changes(ctx, { limit: 1, since: `${first.token}~${c.id}` }),
      'listChanges since a token': () => journal.changes(ctx, { limit: 1, since: last.token }),
      streamChanges: () => journal.openStream(ctx, {}),
      'streamChanges since a token': () => journal.openStream(ctx, { since: last.token }),
      listRevisions: () => journal.revisions(ctx, { limit: 1 }),
      'listRevisions of one task': () => journal.revisions(ctx, { limit: 1, task: a.id }),
      undoRevision: () => journal.undo(ctx, 3),
      'undoRevision with Idempotency-Key': () => journal.undo(withKey(ctx), 6),
      listTrash: () => journal.trash(ctx, { limit: 1 }),
      restoreTask: () => journal.restore(ctx, a.id),
      purgeTask: () => journal.purge(ctx, b.id),
      emptyTrash: () => journal.emptyTrash(ctx),
    };
  }),
);
