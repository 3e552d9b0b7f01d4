import * as idempotency from '../kit/idempotency';
import { anyValues, statementsOf, testStatements } from '../testing/statements';
import * as queries from './queries';

const SORTS: readonly queries.SortKey[] = ['created_at', 'updated_at', 'due_date', 'priority', 'title'];
const FILTERS: readonly queries.Filter[] = ['status', 'priority', 'due_before', 'due_after', 'tag', 'q'];

/** Each sort in both directions, from the start and from a cursor; each filter by itself, and all together. */
const shapes: readonly queries.PageShape[] = [
  ...SORTS.flatMap((sort) =>
    [false, true].flatMap((descending) =>
      [false, true].map((afterCursor) => ({ sort, descending, afterCursor, filters: [] })),
    ),
  ),
  ...[...FILTERS.map((filter) => [filter]), FILTERS].map((filters) => ({
    ...{ sort: 'due_date' as const, descending: false, afterCursor: true },
    filters,
  })),
];

const { selectPage, ...fixed } = queries;
const { defineStoreResponse: _, ...ofKit } = idempotency;
testStatements([
  ...statementsOf(fixed),
  ...statementsOf(ofKit),
  ...shapes.map((shape) => [`selectPage ${JSON.stringify(shape)}`, selectPage(shape)(anyValues)] as const),
]);
