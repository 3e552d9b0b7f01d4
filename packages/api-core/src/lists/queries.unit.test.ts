import * as idempotency from '../kit/idempotency';
import * as journal from '../kit/journal';
import { describeOperations, statementsOf, testStatements, withKey } from '../testing/statements';
import * as contract from './contract';
import * as queries from './queries';
import * as lists from './service';
import * as writes from './writes';

const { storeResponse: _, ...ofKit } = idempotency;
const all = [
  ['selectHead', journal.selectHead({})] as const,
  ...statementsOf(queries),
  ...statementsOf(writes),
  ...statementsOf(ofKit),
];

testStatements(all, (driver) =>
  describeOperations(driver, contract, all, async (ctx) => {
    const createList = async () => (await lists.create(ctx, { name: 'Garden' })).body;
    const [a, b] = [await createList(), await createList()];
    return {
      listLists: () => lists.list(ctx, { limit: 1 }),
      getList: () => lists.get(ctx, a.id),
      createList: () => lists.create(ctx, { name: 'New' }),
      'createList with Idempotency-Key': () => lists.create(withKey(ctx), { name: 'New' }),
      replaceList: () => lists.replace(ctx, a.id, { name: 'New' }),
      updateList: () => lists.update(ctx, a.id, { name: 'Newer' }),
      'updateList with Idempotency-Key': () => lists.update(withKey(ctx), a.id, { name: 'New' }),
      moveList: () => lists.move(ctx, a.id, {}),
      'moveList with Idempotency-Key': () => lists.move(withKey(ctx), a.id, { after: null }),
      deleteList: () => lists.remove(ctx, a.id, { tasks: 'delete' }),
      'deleteList with tasks kept': () => lists.remove(ctx, b.id, { tasks: 'keep' }),
    };
  }),
);
