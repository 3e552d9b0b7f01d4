import { defineStatement, type Statement } from '@taskward/db';
import { journalMoved } from '../kit/journal';
import { MAX_PAGE_BYTES } from '../kit/page';
import { toColumns, utc } from '../kit/sql';
import type { TagList, Task } from './contract';
import type { ListQuery } from './list-query';

/**
 * The SQL that reads tasks. Each statement names its user, `:userId`, and is built once: only its values change from call to
 * call. `queries.sql` shows every text as it is sent.
 */

/** The fields of a task in SQL: a new column stays private until it is named here. */
export const fields = {
  id: 'id',
  user_id: 'user_id',
  title: 'title',
  description: 'description',
  status: 'status',
  completed: `status = 'done'`,
  priority: 'priority',
  due_date: 'due_date',
  tags: 'array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag)',
  list_id: 'list_id',
  parent_id: 'parent_id',
  position: 'position',
  completed_at: utc('completed_at'),
  created_at: utc('created_at'),
  updated_at: utc('updated_at'),
  version: 'version',
} satisfies Record<keyof Task, unknown>;
export const taskColumns = toColumns(fields);
/** The length of the texts of a task, which are most of a long one. Text that is stored elsewhere is not read for it. */
export const taskTextBytes = 'octet_length(title) + coalesce(octet_length(description), 0)';
/** The columns of the table that the fields are computed from. */
export const tableColumns = Object.keys(fields).filter((name) => name !== 'tags' && name !== 'completed');

export const byId = 'user_id = :userId and id = :id::uuid';

export interface Id {
  readonly id: string;
}

export const selectTask = defineStatement<Task, Id>(`select ${taskColumns} from tasks where ${byId}`, {
  isReadOnly: true,
});

// Pages

/** The expressions that a list is sorted by, ascending and descending; an index serves each. */
const sortKeys = {
  created_at: { asc: 'created_at', desc: 'created_at', type: 'timestamptz' },
  updated_at: { asc: 'updated_at', desc: 'updated_at', type: 'timestamptz' },
  // A task without a due date comes last either way. To row-level security `coalesce` is leaky, and `case` is not.
  due_date: {
    asc: `case when due_date is null then 'infinity'::date else due_date end`,
    desc: `case when due_date is null then '-infinity'::date else due_date end`,
    type: 'date',
  },
  priority: { asc: 'priority_rank', desc: 'priority_rank', type: 'smallint' },
  title: { asc: 'title_key', desc: 'title_key', type: 'text' },
  position: { asc: 'position', desc: 'position', type: 'text' },
};
export type SortKey = keyof typeof sortKeys;

/** No word has a line break, so none spans both. A description that is not folded yet is searched without ASCII case. */
const searchText = `(title_key || chr(10) || coalesce(description_key, lower(description collate "C"), ''))`;

export type Filter =
  | Exclude<keyof ListQuery, 'limit' | 'cursor' | 'sort' | 'completed' | 'list' | 'parent'>
  | ('list' | 'inbox' | 'parent' | 'top' | 'place');

/** The conditions that a list can be filtered by. Each compares in a way that row-level security lets an index serve. */
const filterConditions = (due: string): Record<Filter, string> => ({
  status: 'status = any(:status::text[])',
  priority: 'priority_rank = any(:priority::smallint[])',
  due_before: `(${due} <= :due_before::date and ${due} > '-infinity'::date)`,
  due_after: `(${due} >= :due_after::date and ${due} < 'infinity'::date)`,
  tag: `(
    select count(*) from task_tags t
    where t.user_id = :userId and t.task_id = tasks.id and t.tag = any(:tag::text[])
  ) = cardinality(:tag::text[])`,
  // An index of its own serves each of these, so that none of the others is read.
  list: 'list_id = :list::uuid',
  inbox: 'list_id is null',
  parent: 'parent_id = :parent::uuid',
  top: 'parent_id is null',
  place: 'place = :place::uuid',
  // No word is missing. The text is read once for all of them, and `strpos` takes a hostile word better than `like` does.
  q: `not exists (
    select from (select ${searchText} as searched offset 0) task, unnest(:q::text[]) as word
    where strpos(searched, word) = 0
  )`,
});

/** Up to so many tasks with a tag are read one by one and sorted; for more, the index of the sort is scanned. */
const RARE_TAG_LIMIT = 1_000;
const userTags = 'select t.task_id from task_tags t where t.user_id = :userId and t.tag';
/** The tasks with the rarest of the tags, or one more than the limit of them: no tag is counted to its end. */
const rarestTagTasks = `${userTags} = (
    select tag.name from unnest(:tag::text[]) as tag (name)
    order by (select count(*) from (${userTags} = tag.name order by t.task_id limit ${RARE_TAG_LIMIT} + 1) counted) limit 1
  ) order by t.task_id limit ${RARE_TAG_LIMIT} + 1`;
const isRare = `(select count(*) from rarest_tag_tasks) <= ${RARE_TAG_LIMIT}`;

const LIST_TIMEOUT_MS = 2_000;
/** The longest page, and the task that shows that another page follows. */
const MAX_ROWS = 101;

export interface PageShape {
  readonly sort: SortKey;
  readonly descending: boolean;
  readonly filters: readonly Filter[];
  /** Whether the page begins after `:key` and `:id`. */
  readonly afterCursor: boolean;
  /** Whether it is only read unless the journal ends with one of the entries `:seqs` and `:ats`. */
  readonly isConditional: boolean;
}

export interface PageRow extends Task {
  /** What the list is sorted by. */
  key: string | undefined;
}

const MAX_CACHED_PAGES = 500;
const pages = new Map<string, (values: object) => Statement<PageRow>>();

/** Selects the tasks of a page of this shape, up to `:rows`, and up to one more than those that have 1 MiB of text. */
export function selectPage(shape: PageShape): (values: object) => Statement<PageRow> {
  const name = JSON.stringify(shape);
  const statement = pages.get(name) ?? definePage(shape);
  if (pages.size < MAX_CACHED_PAGES) pages.set(name, statement);
  return statement;
}

function definePage({ sort, descending, filters, afterCursor, isConditional }: PageShape) {
  const { asc, desc, type } = sortKeys[sort];
  const [key, direction, comparison] = descending ? [desc, 'desc', '<'] : [asc, 'asc', '>'];
  // The same expression for order and filter, so that one range of one index serves both.
  const filterBy = filterConditions(sort === 'due_date' ? key : sortKeys.due_date.asc);
  const conditions = ['user_id = :userId', ...filters.map((filter) => filterBy[filter])];
  if (afterCursor) conditions.push(`(${key}, id) ${comparison} (:key::${type}, :id::uuid)`);
  if (isConditional) conditions.push(journalMoved);
  const useCustomPlan = filters.length > 0;
  // PostgreSQL would plan a prepared statement with a parameter here each time, since it takes it for a tenth of the rows.
  const rows = useCustomPlan ? ':rows::int' : MAX_ROWS;
  const tasksWhere = (...more: string[]) => `
    select ${tableColumns.join(', ')}, ${key} as key from tasks
    where ${[...conditions, ...more].join(' and ')}
    order by ${key} ${direction}, id ${direction} limit ${rows}`;
  // One of the two is empty.
  const candidates = filters.includes('tag')
    ? `with rarest_tag_tasks as (${rarestTagTasks})
    (${tasksWhere(isRare, 'id = any(array(select task_id from rarest_tag_tasks))')})
    union all
    (${tasksWhere(`not (${isRare})`)})`
    : tasksWhere();
  // No row beyond `:rows` is read: the number only grows.
  return defineStatement<PageRow>(
    `
  select ${taskColumns}, key::text as key
  from (
    select *, row_number() over preceding as number,
      coalesce(sum(${taskTextBytes}) over preceding, 0) as bytes
    from (${candidates}) candidates
    window preceding as (
      order by key ${direction}, id ${direction} rows between unbounded preceding and 2 preceding
    )
  ) tasks
  where number <= :rows::int and bytes <= ${MAX_PAGE_BYTES}
  order by tasks.key ${direction}, id ${direction}`,
    { useCustomPlan, timeoutMs: LIST_TIMEOUT_MS, isReadOnly: true },
  );
}

/** The tags of all tasks, by name, with the number of tasks of each. */
export const selectTags = defineStatement<TagList['data'][number]>(
  `
  select tag, count(*) filter (where status <> 'done')::int as open, count(*) filter (where status = 'done')::int as done
  from task_tags join tasks on tasks.user_id = :userId and tasks.id = task_id
  where task_tags.user_id = :userId
  group by tag order by tag limit 1000`,
  { useCustomPlan: true, timeoutMs: LIST_TIMEOUT_MS, isReadOnly: true },
);
