import { defineStatement, type Statement } from '@taskward/db';
import { isWithinQuota, journalMoved, lastVersionOf } from '../kit/journal';
import { MAX_PAGE_BYTES } from '../kit/page';
import { type PreconditionValues, preconditionsHold, preconditionsHoldForNone } from '../kit/preconditions';
import { toColumns, toJson, utc } from '../kit/sql';
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
export const taskColumns = toColumns(fields);
/** The length of the texts of a task, which are most of a long one. Text that is stored elsewhere is not read for it. */
export const taskTextBytes = 'octet_length(title) + coalesce(octet_length(description), 0)';
/** The columns of the table that the fields are computed from. */
export const tableColumns = Object.keys(fields).filter((name) => name !== 'tags' && name !== 'completed');

const byId = 'user_id = :userId and id = :id::uuid';

interface Id {
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
  // No row beyond `:rows` is read: the position only grows.
  return defineStatement<PageRow>(
    `
  select ${taskColumns}, key::text as key
  from (
    select *, row_number() over preceding as position,
      coalesce(sum(${taskTextBytes}) over preceding, 0) as bytes
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
/** What title and description are searched by. */
const keyColumns = ['title_key', 'description_key'] as const;
type KeyColumn = (typeof keyColumns)[number];

const isGiven = (field: keyof TaskInput) => `:given::jsonb ? '${field}'`;
const given = (column: Column | KeyColumn) => `(:given::jsonb ->> '${column}')${column === 'due_date' ? '::date' : ''}`;
const givenTags = `array(
      select tag collate "C" as tag from jsonb_array_elements_text(:given::jsonb -> 'tags') as tag order by tag
    )`;

/** How an update computes the columns, from those of `old`; others stay as they are. */
interface Update {
  readonly set: Readonly<Partial<Record<Column | KeyColumn, string>>>;
  readonly tags?: string;
  /** Whether any field differs, in terms of `old` and `next`. */
  readonly isChanged: string;
}

const differs = (field: keyof TaskInput) => `old.${field} is distinct from next.${field}`;
const anyDiffers = (condition: (field: keyof TaskInput) => string, fields: readonly (keyof TaskInput)[]) =>
  fields.map(condition).join('\n      or ');

const assign = <K extends string>(columns: readonly K[], value: (column: K) => string) =>
  Object.fromEntries(columns.map((column) => [column, value(column)])) as Record<K, string>;

const patch: Update = {
  set: {
    ...assign(inputColumns, (column) => `case when ${isGiven(column)} then ${given(column)} else old.${column} end`),
    title_key: `case when ${isGiven('title')} then ${given('title_key')} else old.title_key end`,
    // It stays null until the whole row is normalized and folded.
    description_key: `case when ${isGiven('description')} and old.description_key is not null
          then ${given('description_key')} else old.description_key end`,
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
  set: assign([...inputColumns, ...keyColumns], given),
  tags: givenTags,
  isChanged: anyDiffers(differs, [...inputColumns, 'tags']),
};
const isCompleted = `coalesce(:completed::boolean, old.status <> 'done')`;
const completion: Update = {
  set: { status: `case when ${isCompleted} then 'done' when old.status = 'done' then 'todo' else old.status end` },
  isChanged: differs('status'),
};

const writtenColumns = [...inputColumns, ...keyColumns];

/** The row that is there. No part of a statement sees what another part of it writes. */
const old = `old as materialized (
    select ${[...tableColumns, ...keyColumns].join(', ')}, ${fields.tags} as tags from tasks where ${byId}
  )`;

/** The row as it shall be, where the write is allowed. */
const next = ({ set, tags }: Update, condition: string) => `next as materialized (
    select *, case when status = 'done' then coalesce(old_completed_at, now()::timestamptz(3)) end as completed_at
    from (
      select ${writtenColumns.map((column) => `${set[column] ?? `old.${column}`} as ${column}`).join(', ')},
        ${tags ?? 'old.tags'} as tags, old.completed_at as old_completed_at
      from old where ${condition}
    ) computed
  )`;

/** Updates the row where something changes: otherwise `version` and `updated_at` stay as they are. */
const written = ({ set, isChanged }: Update) => `written as (
    update tasks set ${[...Object.keys(set), 'completed_at'].map((column) => `${column} = next.${column}`).join(', ')},
      version = tasks.version + 1, updated_at = now()
    from old, next
    where tasks.user_id = :userId and tasks.id = old.id and (${isChanged})
    returning tasks.id, tasks.version, tasks.updated_at
  )`;

/** Replaces the tags of the row that was updated. */
const writtenTags = `removed_tags as (
    delete from task_tags t using written, next
    where t.user_id = :userId and t.task_id = written.id and t.tag <> all(next.tags)
  ), added_tags as (
    insert into task_tags (user_id, task_id, tag) select :userId::text, written.id, unnest(next.tags) from written, next
    on conflict do nothing
  )`;

/** How most texts are folded. A key that is equal to it need not be recorded. */
const plainKey = (row: string, column: KeyColumn) =>
  `lower(coalesce(${row}.${column.replace('_key', '')}, '') collate "C")`;

/** What the update changed, as JSON: each field, and key, with its values before and after. */
function changed({ set, tags }: Update, otherEntries = ''): string {
  const differences = [...Object.keys(set), ...(set.status ? ['completed_at'] : []), ...(tags ? ['tags'] : [])].map(
    (name) => {
      const json = (row: string) =>
        `to_json(${name === 'completed_at' ? utc(`${row}.completed_at`).json : `${row}.${name}`})`;
      const isNotPlain = isKeyColumn(name)
        ? ` and (old.${name}, next.${name}) is distinct from (${plainKey('old', name)}, ${plainKey('next', name)})`
        : '';
      // A key also belongs to its text: texts that differ in case have the same one.
      const [text] = name.split('_key');
      return `
        select '${name}' as name, ${json('old')} as before, ${json('next')} as after
        where old.${text} is distinct from next.${text}${isNotPlain}`;
    },
  );
  return `changed as (
    select written.id, 'updated' as operation, written.version, (
      select json_object_agg(name, json_build_object('from', before, 'to', after)) from (${differences.join(' union all')}
      ) differences
    ) as diff
    from written, old, next${otherEntries}
  )`;
}

const isKeyColumn = (name: string): name is KeyColumn => (keyColumns as readonly string[]).includes(name);

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

const inserted = (condition: string, version: string) => `inserted as (
    insert into tasks (user_id, id, ${writtenColumns.join(', ')}, completed_at, version)
    select :userId::text, :id::uuid, ${writtenColumns.map(given).join(', ')},
      case when ${given('status')} = 'done' then now() end, ${version}
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

const newEntry = `
    select id, 'created' as operation, version, null::json as diff from inserted`;

interface Quota {
  /** How many tasks the user may have; null for any number. */
  readonly max: number | null;
}

export const journaled = { kind: 'task', count: 'tasks' } as const;
/** The fields of a task in terms of a row that has its tags. */
export const resultFields = { ...fields, tags: 'tags' };
const defineTaskWrite = <Values extends object>(parts: (isAllowed: string) => readonly string[]) =>
  defineWrite<Task, Values>({ ...journaled, fields: resultFields }, parts);
const updateParts = (update: Update, condition: string, otherEntries = '') => [
  old,
  next(update, condition),
  written(update),
  ...(update.tags ? [writtenTags] : []),
  changed(update, otherEntries),
];

/** Creates a task without tags, under an id that was never in use. */
export const createTask = defineTaskWrite<TaskValues & Quota>((isAllowed) => [
  inserted(`${isAllowed} and ${isWithinQuota(journaled)}`, '1'),
  `changed as (${newEntry}
  )`,
  result(created),
]);

/** Creates a task with tags, under an id that was never in use. */
export const createTaskAndTags = defineTaskWrite<TaskValues & Quota>((isAllowed) => [
  inserted(`${isAllowed} and ${isWithinQuota(journaled)}`, '1'),
  insertedTags,
  `changed as (${newEntry}
  )`,
  result(created),
]);

/** Changes the fields that are given, but for tags. */
export const updateTask = defineTaskWrite<TaskValues & PreconditionValues>((isAllowed) => [
  ...updateParts(patch, `${isAllowed} and ${preconditionsHold}`),
  result(updated),
]);

/** Changes the fields that are given, and replaces the tags. */
export const updateTaskAndTags = defineTaskWrite<TaskValues & PreconditionValues>((isAllowed) => [
  ...updateParts(patchWithTags, `${isAllowed} and ${preconditionsHold}`),
  result(updated),
]);

/** Sets the status by `:completed`, or toggles it where that is null. */
export const completeTask = defineTaskWrite<Id & { completed: boolean | null } & PreconditionValues>((isAllowed) => [
  ...updateParts(completion, `${isAllowed} and ${preconditionsHold}`),
  result(updated),
]);

/** Creates the task, or replaces it whole. */
export const replaceTask = defineTaskWrite<TaskValues & PreconditionValues & Quota>((isAllowed) => [
  inserted(
    `not exists (select from tasks where ${byId}) and ${preconditionsHoldForNone} and ${isAllowed} and ${isWithinQuota(journaled)}`,
    `${lastVersionOf(':id::uuid')} + 1`,
  ),
  insertedTags,
  ...updateParts(replacement, `${isAllowed} and ${preconditionsHold}`, `\n    union all${newEntry}`),
  result(updated, created),
]);

/** A row as the journal keeps it, as JSON: with the keys, null where they are plain. */
const toImage = (row: string, tags: string) =>
  toJson({
    ...fields,
    tags,
    ...assign(keyColumns, (column) => `nullif(${column}, ${plainKey(row, column)})`),
  });
export const taskImage = toImage('tasks', fields.tags);
const imageTypes: Record<Column | KeyColumn | 'tags' | 'completed_at' | 'created_at', string> = {
  title: 'text',
  description: 'text',
  status: 'text',
  priority: 'text',
  due_date: 'date',
  tags: 'text[]',
  completed_at: 'timestamptz',
  created_at: 'timestamptz',
  title_key: 'text',
  description_key: 'text',
};
/** Such JSON as a record. */
export const imageRecord = Object.entries(imageTypes)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');
/** The columns that are written from such a record, which is named `image`. */
export const imageColumns = Object.fromEntries(
  [...writtenColumns, 'completed_at', 'created_at'].map((column) => [
    column,
    isKeyColumn(column) ? `coalesce(image.${column}, ${plainKey('image', column)})` : `image.${column}`,
  ]),
);

/** Deletes the task. The journal keeps it as it was. */
export const deleteTask = defineWrite<Pick<Task, 'version'>, Id & PreconditionValues>(
  { ...journaled, fields: { version: 'version' } },
  (isAllowed) => [
    old,
    `deleted as (
    delete from tasks where ${byId} and ${preconditionsHold} and ${isAllowed} returning id
  )`,
    `changed as (
    select id, 'deleted' as operation, version, ${toImage('old', 'tags')} as diff from old where exists (select from deleted)
  )`,
    result(`
    select version, case when exists (select from deleted) then 'deleted' else 'refused' end as outcome from old`),
  ],
);
