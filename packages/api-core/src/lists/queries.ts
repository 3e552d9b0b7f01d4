import { defineStatement } from '@taskward/db';
import { journalMoved } from '../kit/journal';
import { toColumns, utc } from '../kit/sql';
import type { List } from './contract';

/** The SQL that reads lists. */

/** The fields of a list in SQL: a new column stays private until it is named here. */
export const fields = {
  id: 'id',
  user_id: 'user_id',
  name: 'name',
  position: 'position',
  created_at: utc('created_at'),
  updated_at: utc('updated_at'),
  version: 'version',
} satisfies Record<keyof List, unknown>;
export const tableColumns = Object.keys(fields).join(', ');
const listColumns = toColumns(fields);

export const byId = 'user_id = :userId and id = :id::uuid';

export interface Id {
  readonly id: string;
}

export const selectList = defineStatement<List, Id>(`select ${listColumns} from lists where ${byId}`, {
  isReadOnly: true,
});

interface PageValues {
  /** The position that the page begins after; empty for the first one. */
  readonly after: string;
  readonly rows: number;
  /** The ends of the journal that the client knows the lists of, by position and moment. */
  readonly seqs: readonly number[];
  readonly ats: readonly number[];
}

/** The lists of a page, in their order, up to `:rows`; none where the journal ends with one of `:seqs` and `:ats`. */
export const selectLists = defineStatement<List, PageValues>(
  `
  select ${listColumns} from lists where user_id = :userId and position > :after::text collate "C" and ${journalMoved}
  order by lists.position limit :rows::int`,
  { isReadOnly: true },
);
