import { defineStatement, type Statement } from '@taskward/db';
import { MAX_PAGE_BYTES } from '../kit/page';
import { type PreconditionValues, preconditionsHold, preconditionsHoldForNone } from '../kit/preconditions';
import { toColumns, utc } from '../kit/sql';
import { defineWrite } from '../kit/write';
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

/** What a write takes of a task, besides preconditions. */
export interface TaskValues {
  readonly id: string;
  /** The fields that are given, and what title and description are searched by, as JSON. */
  readonly given: string;
}

/** The columns that a client writes. Tags have a table of their own. */
const inputColumns = ['title', 'description', 'status', 'priority', 'due_date'] as const;
type Column = (typeof inputColumns)[number];
const keyColumns = ['title_key', 'description_key'] as const;

const isGiven = (field: keyof TaskInput) => `:given::jsonb ? '${field}'`;
const given = (column: Column | (typeof keyColumns)[number]) =>
  `(:given::jsonb ->> '${column}')${column === 'due_date' ? '::date' : ''}`;
const givenTags = `array(
      select tag collate "C" as tag from jsonb_array_elements_text(:given::jsonb -> 'tags') as tag order by tag
    )`;

/** How an update computes the row: from `old`, but for what is searched by, which `old` does not have. */
interface Update {
  readonly set: Readonly<Partial<Record<Column, string>>>;
  readonly keys: Readonly<Partial<Record<(typeof keyColumns)[number], string>>>;
  readonly tags?: string;
  /** Whether any field differs, in terms of `old` and `next`. */
  readonly isChanged: string;
}

const differs = (field: keyof TaskInput) => `old.${field} is distinct from next.${field}`;
const anyDiffers = (condition: (field: keyof TaskInput) => string, fields: readonly (keyof TaskInput)[]) =>
  fields.map(condition).join('\n      or ');

const assignments = <K extends string>(columns: readonly K[], value: (column: K) => string) =>
  Object.fromEntries(columns.map((column) => [column, value(column)])) as Record<K, string>;

const patch: Update = {
  set: assignments(
    inputColumns,
    (column) => `case when ${isGiven(column)} then ${given(column)} else old.${column} end`,
  ),
  keys: {
    title_key: `case when ${isGiven('title')} then ${given('title_key')} else tasks.title_key end`,
    // It stays null until the whole row is normalized and folded.
    description_key: `case when ${isGiven('description')} and tasks.description_key is not null
        then ${given('description_key')} else tasks.description_key end`,
  },
  // A long description is read only where it may have changed.
  isChanged: anyDiffers((field) => `${isGiven(field)} and ${differs(field)}`, inputColumns),
};
const patchWithTags: Update = {
  ...patch,
  tags: givenTags,
  isChanged: `${patch.isChanged}\n      or ${differs('tags')}`,
};
const replacement: Update = {
  set: assignments(inputColumns, given),
  keys: assignments(keyColumns, given),
  tags: givenTags,
  isChanged: anyDiffers(differs, [...inputColumns, 'tags']),
};
const isCompleted = `coalesce(:completed::boolean, old.status <> 'done')`;
const completion: Update = {
  set: { status: `case when ${isCompleted} then 'done' when old.status = 'done' then 'todo' else old.status end` },
  keys: {},
  isChanged: differs('status'),
};

/** The row that is there. No part of a statement sees what another part of it writes. */
const old = `old as materialized (
    select ${tableColumns.join(', ')}, ${fields.tags} as tags from tasks where ${byId}
  )`;

/** The row as it shall be, where the write is allowed. */
const next = ({ set, tags }: Update, condition: string) => `next as materialized (
    select *, case when status = 'done' then coalesce(old_completed_at, now()::timestamptz(3)) end as completed_at
    from (
      select ${inputColumns.map((column) => `${set[column] ?? `old.${column}`} as ${column}`).join(', ')},
        ${tags ?? 'old.tags'} as tags, old.completed_at as old_completed_at
      from old where ${condition}
    ) computed
  )`;

/** Updates the row where something changes: otherwise `version` and `updated_at` stay as they are. */
function written({ set, keys, isChanged }: Update): string {
  const columns = Object.keys(set);
  const values = [
    ...[...columns, 'completed_at'].map((column) => `${column} = next.${column}`),
    ...Object.entries(keys).map(([column, value]) => `${column} = ${value}`),
  ];
  return `written as (
    update tasks set ${values.join(',\n      ')},
      version = tasks.version + 1, updated_at = now()
    from old, next
    where tasks.user_id = :userId and tasks.id = old.id and (${isChanged})
    returning tasks.id, tasks.version, tasks.updated_at
  )`;
}

/** Replaces the tags of the row that was updated. */
const writtenTags = `removed_tags as (
    delete from task_tags t using written, next
    where t.user_id = :userId and t.task_id = written.id and t.tag <> all(next.tags)
  ), added_tags as (
    insert into task_tags (user_id, task_id, tag) select :userId::text, written.id, unnest(next.tags) from written, next
    on conflict do nothing
  )`;

const resultColumns = [...tableColumns, 'tags'];
const updated = `
    select ${resultColumns
      .map((name) => {
        if (name === 'version' || name === 'updated_at') return `coalesce(written.${name}, old.${name}) as ${name}`;
        return `${['id', 'user_id', 'created_at'].includes(name) ? 'old' : 'next'}.${name}`;
      })
      .join(', ')},
      case when next.tags is null then 'refused' when written.id is null then 'unchanged' else 'updated' end as outcome
    from old left join next on true left join written on true`;

const inserted = (condition: string) => `inserted as (
    insert into tasks (user_id, id, ${[...inputColumns, ...keyColumns].join(', ')}, completed_at)
    select :userId::text, :id::uuid, ${[...inputColumns, ...keyColumns].map(given).join(', ')},
      case when ${given('status')} = 'done' then now() end
    where ${condition}
    returning ${tableColumns.join(', ')}
  )`;
const insertedTags = `inserted_tags as (
    insert into task_tags (user_id, task_id, tag) select user_id, id, unnest(${givenTags}) from inserted
  )`;
const created = `
    select ${tableColumns.join(', ')}, ${givenTags} as tags, 'created' as outcome from inserted`;
const result = (...sources: string[]) => `result as (${sources.join('\n    union all')}
  )`;

/** Fewer than `:max_tasks`, where that is not null. */
const belowQuota = `(:max_tasks::int is null
      or not exists (select from tasks where user_id = :userId offset :max_tasks::int - 1 limit 1))`;

const responseFields = { ...fields, tags: 'tags' };

interface Quota {
  readonly max_tasks: number | null;
}

/** Creates a task without tags, under an id that is not in use. */
export const createTask = defineWrite<Task, TaskValues & Quota>(responseFields, (isAllowed) => [
  inserted(`${isAllowed} and ${belowQuota}`),
  result(created),
]);

/** Creates a task with tags, under an id that is not in use. */
export const createTaskAndTags = defineWrite<Task, TaskValues & Quota>(responseFields, (isAllowed) => [
  inserted(`${isAllowed} and ${belowQuota}`),
  insertedTags,
  result(created),
]);

const updateParts = (update: Update, condition: string) => [
  old,
  next(update, condition),
  written(update),
  ...(update.tags ? [writtenTags] : []),
];

/** Changes the fields that are given, but for tags. */
export const updateTask = defineWrite<Task, TaskValues & PreconditionValues>(responseFields, (isAllowed) => [
  ...updateParts(patch, `${isAllowed} and ${preconditionsHold}`),
  result(updated),
]);

/** Changes the fields that are given, and replaces the tags. */
export const updateTaskAndTags = defineWrite<Task, TaskValues & PreconditionValues>(responseFields, (isAllowed) => [
  ...updateParts(patchWithTags, `${isAllowed} and ${preconditionsHold}`),
  result(updated),
]);

/** Sets the status by `:completed`, or toggles it where that is null. */
export const completeTask = defineWrite<Task, Id & { completed: boolean | null } & PreconditionValues>(
  responseFields,
  (isAllowed) => [...updateParts(completion, `${isAllowed} and ${preconditionsHold}`), result(updated)],
);

/** Creates the task, or replaces it whole. */
export const replaceTask = defineWrite<Task, TaskValues & PreconditionValues & Quota>(responseFields, (isAllowed) => [
  ...updateParts(replacement, `${isAllowed} and ${preconditionsHold}`),
  inserted(`not exists (select from old) and ${preconditionsHoldForNone} and ${isAllowed} and ${belowQuota}`),
  insertedTags,
  result(updated, created),
]);

export const deleteTask = defineStatement<Id, PreconditionValues & Id>(
  `delete from tasks where ${byId} and ${preconditionsHold} returning id`,
);
