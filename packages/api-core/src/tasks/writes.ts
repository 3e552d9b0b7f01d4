import { isWithinQuota, lastVersionOf } from '../kit/journal';
import { type PreconditionValues, preconditionsHold, preconditionsHoldForNone } from '../kit/preconditions';
import { toJson, utc } from '../kit/sql';
import { defineWrite } from '../kit/write';
import type { Task, TaskInput } from './contract';
import { byId, fields, type Id, tableColumns } from './queries';

/**
 * The SQL that writes tasks. Each statement is a `with` clause of these parts: `old` is the row as it is, `next` as it shall
 * be, `written`, `inserted` or `deleted` the row that was changed, `changed` its entry in the journal, and `result` the
 * response.
 */

/** What a write takes of a task, besides preconditions. */
export interface TaskValues {
  readonly id: string;
  /** The fields that are given, and what title and description are searched by, as JSON. */
  readonly given: string;
}

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
/** What title and description are searched by. */
const keyColumns = ['title_key', 'description_key'] as const;
type KeyColumn = (typeof keyColumns)[number];
const isKeyColumn = (name: string): name is KeyColumn => (keyColumns as readonly string[]).includes(name);

const isGiven = (field: keyof TaskInput) => `:given::jsonb ? '${field}'`;
const given = (column: Column | KeyColumn) =>
  `(:given::jsonb ->> '${column}')::${isKeyColumn(column) ? 'text' : inputTypes[column]}`;
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
const existingTask = { ...journaled, fields: resultFields };
const newTask = { ...existingTask, inserts: true };
const updateParts = (update: Update, condition: string, otherEntries = '') => [
  old,
  next(update, condition),
  written(update),
  ...(update.tags ? [writtenTags] : []),
  changed(update, otherEntries),
];

/** Creates a task without tags, under an id that was never in use. */
export const createTask = defineWrite<Task, TaskValues & Quota>(newTask, (isAllowed) => [
  inserted(`${isAllowed} and ${isWithinQuota(journaled)}`, '1'),
  `changed as (${newEntry}
  )`,
  result(created),
]);

/** Creates a task with tags, under an id that was never in use. */
export const createTaskAndTags = defineWrite<Task, TaskValues & Quota>(newTask, (isAllowed) => [
  inserted(`${isAllowed} and ${isWithinQuota(journaled)}`, '1'),
  insertedTags,
  `changed as (${newEntry}
  )`,
  result(created),
]);

/** Changes the fields that are given, but for tags. */
export const updateTask = defineWrite<Task, TaskValues & PreconditionValues>(existingTask, (isAllowed) => [
  ...updateParts(patch, `${isAllowed} and ${preconditionsHold}`),
  result(updated),
]);

/** Changes the fields that are given, and replaces the tags. */
export const updateTaskAndTags = defineWrite<Task, TaskValues & PreconditionValues>(existingTask, (isAllowed) => [
  ...updateParts(patchWithTags, `${isAllowed} and ${preconditionsHold}`),
  result(updated),
]);

/** Sets the status by `:completed`, or toggles it where that is null. */
export const completeTask = defineWrite<Task, Id & { completed: boolean | null } & PreconditionValues>(
  existingTask,
  (isAllowed) => [...updateParts(completion, `${isAllowed} and ${preconditionsHold}`), result(updated)],
);

/** Creates the task, or replaces it whole. */
export const replaceTask = defineWrite<Task, TaskValues & PreconditionValues & Quota>(newTask, (isAllowed) => [
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
const imageTypes = {
  ...inputTypes,
  ...assign(keyColumns, () => 'text'),
  tags: 'text[]',
  completed_at: 'timestamptz',
  created_at: 'timestamptz',
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
