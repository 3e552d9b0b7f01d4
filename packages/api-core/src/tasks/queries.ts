import { defineStatement, type Statement } from '@taskward/db';
import { defineStoreResponse, keyUnused } from '../kit/idempotency';
import { MAX_PAGE_BYTES } from '../kit/page';
import { type PreconditionValues, preconditionsHold, preconditionsHoldFor } from '../kit/preconditions';
import { toColumns, toJson, utc } from '../kit/sql';
import type { ListQuery, Task, TaskInput } from './contract';

/**
 * The SQL of tasks. Each statement names its user, `:userId`, and is built once: only its values change from call to
 * call. `queries.sql` shows every text as it is sent.
 */

/** The fields of a task in SQL: a new column stays private until it is named here. */
const fields = {
  id: 'id',
  user_id: 'user_id',
  title: 'title',
  description: 'description',
  status: 'status',
  completed: `status = 'done'`,
  priority: 'priority',
  due_date: 'due_date',
  tags: 'array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag)',
  completed_at: utc('completed_at'),
  created_at: utc('created_at'),
  updated_at: utc('updated_at'),
  version: 'version',
} satisfies Record<keyof Task, unknown>;
const columns = toColumns(fields);
/** The columns of the table that the fields are computed from. */
const tableColumns = Object.keys(fields).filter((name) => name !== 'tags' && name !== 'completed');

const byId = 'user_id = :userId and id = :id::uuid';

interface Id {
  readonly id: string;
}

export const selectTask = defineStatement<Task, Id>(`select ${columns} from tasks where ${byId}`, {
  isReadOnly: true,
});

export const selectVersion = defineStatement<{ version: number }, Id>(`select version from tasks where ${byId}`, {
  isReadOnly: true,
});

/**
 * Held until the end of the transaction, so that writers of one task and its tags queue up, even where the task does not
 * exist yet. The statements that follow in the batch see what the writer before left (READ COMMITTED).
 *
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export const lockTask = defineStatement<unknown, Id>(
  `select pg_advisory_xact_lock(hashtextextended(:userId || ' ' || :id, 0))::text`,
);

/** Held like `lockTask`, so that creations of one user queue up, and each counts those before it. */
export const lockTasksOfUser = defineStatement<unknown>(
  `select pg_advisory_xact_lock(hashtextextended(:userId || ' tasks', 0))::text`,
);

export const storeTask = defineStoreResponse({ table: 'tasks', json: toJson(fields) });

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
};
export type SortKey = keyof typeof sortKeys;

/** No word has a line break, so none spans both. A description that is not folded yet is searched without ASCII case. */
const searchText = `(title_key || chr(10) || coalesce(description_key, lower(description collate "C"), ''))`;

export type Filter = Exclude<keyof ListQuery, 'limit' | 'cursor' | 'sort' | 'completed'>;

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

/** The longest page, and the task that shows that another page follows. */
const MAX_ROWS = 101;
const LIST_TIMEOUT_MS = 2_000;

export interface PageShape {
  readonly sort: SortKey;
  readonly descending: boolean;
  readonly filters: readonly Filter[];
  /** Whether the page begins after `:key` and `:id`. */
  readonly afterCursor: boolean;
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

function definePage({ sort, descending, filters, afterCursor }: PageShape) {
  const { asc, desc, type } = sortKeys[sort];
  const [key, direction, comparison] = descending ? [desc, 'desc', '<'] : [asc, 'asc', '>'];
  // The same expression for order and filter, so that one range of one index serves both.
  const filterBy = filterConditions(sort === 'due_date' ? key : sortKeys.due_date.asc);
  const conditions = ['user_id = :userId', ...filters.map((filter) => filterBy[filter])];
  if (afterCursor) conditions.push(`(${key}, id) ${comparison} (:key::${type}, :id::uuid)`);
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
  // No row beyond `:rows` is read: the position only grows. The length of text that is stored elsewhere is read without it.
  return defineStatement<PageRow>(
    `
  select ${columns}, key::text as key
  from (
    select *, row_number() over preceding as position,
      coalesce(sum(octet_length(title) + coalesce(octet_length(description), 0)) over preceding, 0) as bytes
    from (${candidates}) candidates
    window preceding as (
      order by key ${direction}, id ${direction} rows between unbounded preceding and 2 preceding
    )
  ) tasks
  where position <= :rows::int and bytes <= ${MAX_PAGE_BYTES}
  order by tasks.key ${direction}, id ${direction}`,
    { useCustomPlan, timeoutMs: LIST_TIMEOUT_MS, isReadOnly: true },
  );
}

// Writes

/** The columns that a client writes, with their types. Tags have a table of their own. */
const inputTypes: Record<Exclude<keyof TaskInput, 'tags'>, string> = {
  title: 'text',
  description: 'text',
  status: 'text',
  priority: 'text',
  due_date: 'date',
};
type Column = keyof typeof inputTypes;
const inputColumns = Object.keys(inputTypes) as Column[];
const input = (column: Column) => `:${column}::${inputTypes[column]}`;
const isGiven = (field: keyof TaskInput) => `:has_${field}::boolean`;

const inputTags = 'array(select unnest(:tags::text[]) collate "C" as tag order by tag)';
const tagsChange = `${inputTags} is distinct from ${fields.tags}`;
const completedAt = (status: string) => `case when ${status} = 'done' then coalesce(tasks.completed_at, now()) end`;

/** What a write of a task takes: the fields, which of them are given, and what title and description are searched by. */
export type TaskValues = TaskInput &
  PreconditionValues & {
    readonly [Field in keyof TaskInput as `has_${Field}`]: boolean;
  } & {
    readonly id: string;
    readonly title_key: string;
    readonly description_key: string;
    readonly key: string | null;
  };

/** A write that changes nothing leaves `version` and `updated_at` as they are. */
const touchIf = (changed: string) => `
    version = tasks.version + case when ${changed} then 1 else 0 end,
    updated_at = case when ${changed} then now() else tasks.updated_at end`;

const updateOf = (set: string, changed: string) => `
  update tasks set${set},${touchIf(changed)}
  where ${byId} and ${preconditionsHold} and ${keyUnused}
  returning user_id, id`;

/** Replaces the tags of the task that `written` returns. */
const withTags = (written: string) => `
  with written as (${written}
  ), removed as (
    delete from task_tags t using written
    where t.user_id = written.user_id and t.task_id = written.id and t.tag <> all(:tags::text[])
  ), added as (
    insert into task_tags (user_id, task_id, tag)
    select user_id, id, unnest(:tags::text[]) from written
    on conflict do nothing
  )
  select id from written`;

const patchedValue = (column: Column) => `case when ${isGiven(column)} then ${input(column)} else tasks.${column} end`;
const patchedColumns = inputColumns.map(
  (column) => `
    ${column} = ${patchedValue(column)}`,
);
const patch = `${patchedColumns},
    title_key = case when ${isGiven('title')} then :title_key::text else tasks.title_key end,
    description_key = case when ${isGiven('description')} and tasks.description_key is not null
      then :description_key::text else tasks.description_key end,
    completed_at = ${completedAt(`(${patchedValue('status')})`)}`;
const columnsChange = inputColumns
  .map((column) => `${isGiven(column)} and tasks.${column} is distinct from ${input(column)}`)
  .join(' or ');

/** Changes the fields that are given, but for tags. */
export const updateTask = defineStatement<Id, TaskValues>(updateOf(patch, `(${columnsChange})`));

/** Changes the fields that are given, and replaces the tags. */
export const updateTaskAndTags = defineStatement<Id, TaskValues>(
  withTags(updateOf(patch, `(${columnsChange} or ${tagsChange})`)),
);

const completed = `coalesce(:completed::boolean, tasks.status <> 'done')`;
const completedStatus = `(case when ${completed} then 'done' when tasks.status = 'done' then 'todo' else tasks.status end)`;

/** Sets the status by `:completed`, or toggles it where that is null. */
export const completeTask = defineStatement<
  Id,
  PreconditionValues & { id: string; key: string | null; completed: boolean | null }
>(
  updateOf(
    `
    status = ${completedStatus},
    completed_at = ${completedAt(completedStatus)}`,
    `tasks.status is distinct from ${completedStatus}`,
  ),
);

/** Fewer than `:max_tasks`, where that is not null. */
const belowQuota = `(:max_tasks::int is null
      or not exists (select from tasks where user_id = :userId offset :max_tasks::int - 1 limit 1))`;

const replacedColumns = inputColumns.map(
  (column) => `
      ${column} = excluded.${column}`,
);
const replacementChanges = [
  ...inputColumns.map((column) => `tasks.${column} is distinct from excluded.${column}`),
  tagsChange,
].join(' or ');

const insertTask = `
    insert into tasks (user_id, id, ${inputColumns.join(', ')}, title_key, description_key, completed_at)
    select :userId::text, :id::uuid, ${inputColumns.map(input).join(', ')}, :title_key::text, :description_key::text,
      case when ${input('status')} = 'done' then now() end`;

interface NewTaskValues extends TaskValues {
  readonly max_tasks: number | null;
}

/** Creates a task without tags, under an id that is not in use. */
export const createTask = defineStatement<Task, NewTaskValues>(`${insertTask}
    where ${keyUnused} and ${belowQuota}
    returning ${columns}`);

/** Creates a task with tags, under an id that is not in use. */
export const createTaskAndTags = defineStatement<Task, NewTaskValues>(`
  with tasks as (${insertTask}
    where ${keyUnused} and ${belowQuota}
    returning *
  ), added as (
    insert into task_tags (user_id, task_id, tag) select user_id, id, unnest(:tags::text[]) from tasks
  )
  select ${toColumns({ ...fields, tags: inputTags })} from tasks`);

/** Creates the task, or replaces it whole. */
export const upsertTask = defineStatement<Id, NewTaskValues>(
  withTags(`${insertTask}
    where ${preconditionsHoldFor(`select from tasks where ${byId}`)}
      and ${keyUnused} and (exists (select from tasks where ${byId}) or ${belowQuota})
    on conflict (user_id, id) do update set${replacedColumns},
      title_key = excluded.title_key, description_key = excluded.description_key,
      completed_at = ${completedAt('excluded.status')},${touchIf(`(${replacementChanges})`)}
    returning user_id, id`),
);

export const deleteTask = defineStatement<Id, PreconditionValues & Id>(
  `delete from tasks where ${byId} and ${preconditionsHold} returning id`,
);
