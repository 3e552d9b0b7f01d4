import { isWithinQuota, lastVersionOf } from '../kit/journal';
import { NO_PLACE } from '../kit/position';
import { type PreconditionValues, preconditionsHold, preconditionsHoldForNone } from '../kit/preconditions';
import { utc } from '../kit/sql';
import { defineWrite } from '../kit/write';
import {
  assign,
  type Column,
  inputColumns,
  inputTypes,
  isKeyColumn,
  journaled,
  type KeyColumn,
  keyColumns,
  placeColumns,
  plainKey,
  resultFields,
  writtenColumns,
} from './columns';
import type { Task, TaskInput } from './contract';
import { byId, fields, tableColumns } from './queries';
import { areFew, below, endOf, goals, isSamePlace } from './tree';

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
  /** The query `goal`, where it may move the task. */
  readonly goal?: string;
  /** Whether it may complete the task, or move it to another list, and with it what is below. */
  readonly reachesBelow?: boolean;
  /** Whether any field differs, in terms of `old` and `next`. */
  readonly isChanged: string;
}

const differs = (field: keyof TaskInput | 'position') => `old.${field} is distinct from next.${field}`;
const placeDiffers = placeColumns.map(differs).join('\n      or ');
const anyDiffers = (condition: (field: keyof TaskInput) => string, fields: readonly (keyof TaskInput)[]) =>
  fields.map(condition).join('\n      or ');

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
/** The same of all fields. */
const patchInTree: Update = {
  ...patch,
  tags: `case when ${isGiven('tags')} then ${givenTags} else old.tags end`,
  goal: goals.patch,
  reachesBelow: true,
  isChanged: `${patch.isChanged}\n      or ${differs('tags')}\n      or ${placeDiffers}`,
};
const replacement: Update = {
  set: assign([...inputColumns, ...keyColumns], given),
  tags: givenTags,
  goal: goals.whole,
  reachesBelow: true,
  isChanged: `${anyDiffers(differs, [...inputColumns, 'tags'])}\n      or ${placeDiffers}`,
};
/** The row that is there. No part of a statement sees what another part of it writes. */
export const old = `old as materialized (
    select ${[...tableColumns, ...keyColumns].join(', ')}, ${fields.tags} as tags from tasks where ${byId}
  )`;

/** The row as it shall be, where the write is allowed. */
const next = ({ goal, set, tags }: Update, condition: string) => `next as materialized (
    select *, case when status = 'done' then coalesce(old_completed_at, now()::timestamptz(3)) end as completed_at
    from (
      select ${writtenColumns.map((column) => `${set[column] ?? `old.${column}`} as ${column}`).join(', ')},
        ${tags ?? 'old.tags'} as tags, old.completed_at as old_completed_at, ${
          goal
            ? `goal.list_id, goal.parent_id,
        case when ${isSamePlace('old')} then old.position else ${endOf('goal.place')} end as position`
            : placeColumns.map((column) => `old.${column}`).join(', ')
        }
      from old${goal ? ', goal' : ''} where ${condition}
    ) computed
  )`;

/** Updates the row where something changes: otherwise `version` and `updated_at` stay as they are. */
const written = ({ goal, set, isChanged }: Update) => `written as (
    update tasks set ${[...Object.keys(set), 'completed_at', ...(goal ? placeColumns : [])].map((column) => `${column} = next.${column}`).join(', ')},
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

/** A field, and its values before and after, in terms of two rows, where they differ. */
export const difference = (name: string, before: string, after: string, condition: string) => {
  const json = (row: string) =>
    `to_json(${name === 'completed_at' ? utc(`${row}.completed_at`).json : `${row}.${name}`})`;
  return `
        select '${name}' as name, ${json(before)} as before, ${json(after)} as after
        where ${condition}`;
};
export const aggregated = (differences: readonly string[]) => `(
      select json_object_agg(name, json_build_object('from', before, 'to', after)) from (${differences.join(' union all')}
      ) differences
    )`;

/** What the update changed, as JSON: each field, and key, with its values before and after. */
function changed({ goal, reachesBelow, set, tags }: Update, otherEntries = ''): string {
  const names = [
    ...Object.keys(set),
    ...(set.status ? ['completed_at'] : []),
    ...(tags ? ['tags'] : []),
    ...(goal ? placeColumns : []),
  ];
  const differences = names.map((name) => {
    const isNotPlain = isKeyColumn(name)
      ? ` and (old.${name}, next.${name}) is distinct from (${plainKey('old', name)}, ${plainKey('next', name)})`
      : '';
    // A key also belongs to its text: texts that differ in case have the same one.
    const [text] = name.split('_key');
    return difference(name, 'old', 'next', `old.${text} is distinct from next.${text}${isNotPlain}`);
  });
  const kind = reachesBelow ? `'task' as kind, ` : '';
  return `changed as (
    select ${kind}written.id, 'updated' as operation, written.version, ${aggregated(differences)} as diff
    from written, old, next${reachesBelow ? entriesBelow : ''}${otherEntries}
  )`;
}

/** What becomes of those below: they are completed with it, and go along to another list. */
const isCompletedToo = `(next.status = 'done' and old.status <> 'done' and below.status <> 'done')`;
const changesList = `below.list_id is distinct from next.list_id`;
const writtenBelow = `written_below as (
    update tasks set list_id = next.list_id, status = case when ${isCompletedToo} then 'done' else tasks.status end,
      completed_at = case when ${isCompletedToo} then now()::timestamptz(3) else tasks.completed_at end,
      version = tasks.version + 1, updated_at = now()
    from below, old, next
    where tasks.user_id = :userId and tasks.id = below.id and ${areFew('below')} and (${isCompletedToo} or ${changesList})
      and exists (select from written)
    returning tasks.id, tasks.version, tasks.list_id, tasks.status, tasks.completed_at
  )`;
const entriesBelow = `
    union all
    select 'task', below.id, 'updated', after.version, ${aggregated(
      ['list_id', 'status', 'completed_at'].map((name) =>
        difference(name, 'below', 'after', `below.${name} is distinct from after.${name}`),
      ),
    )}
    from written_below after join below on below.id = after.id`;

export const resultColumns = [...tableColumns, 'tags'];
const updated = `
    select ${resultColumns
      .map((name) => {
        if (name === 'version' || name === 'updated_at') return `coalesce(written.${name}, old.${name}) as ${name}`;
        return `${['id', 'user_id', 'created_at'].includes(name) ? 'old' : 'next'}.${name}`;
      })
      .join(', ')},
      case when next.tags is null then 'refused' when written.id is null then 'unchanged' else 'updated' end as outcome
    from old left join next on true left join written on true`;

/** @param place the columns of `placeColumns`; by default the end of the inbox. */
const inserted = (
  condition: string,
  version: string,
  place = `null::uuid, null::uuid, ${endOf(NO_PLACE)}`,
) => `inserted as (
    insert into tasks (user_id, id, ${writtenColumns.join(', ')}, ${placeColumns.join(', ')}, completed_at, version)
    select :userId::text, :id::uuid, ${writtenColumns.map(given).join(', ')}, ${place},
      case when ${given('status')} = 'done' then now() end, ${version}${place.includes('goal') ? ' from goal' : ''}
    where ${condition}
    returning ${tableColumns.join(', ')}
  )`;
const atGoal = `goal.list_id, goal.parent_id, ${endOf('goal.place')}`;
const insertedTags = `inserted_tags as (
    insert into task_tags (user_id, task_id, tag) select user_id, id, unnest(${givenTags}) from inserted
  )`;
const created = `
    select ${tableColumns.join(', ')}, ${givenTags} as tags, 'created' as outcome from inserted`;
export const result = (...sources: string[]) => `result as (${sources.join('\n    union all')}
  )`;

const newEntry = (kind = '') => `
    select ${kind && `'task', `}id, 'created' as operation, version, null::json as diff from inserted`;

interface Quota {
  /** How many tasks the user may have; null for any number. */
  readonly max: number | null;
}

const existingTask = { ...journaled, fields: resultFields };
const newTask = { ...existingTask, inserts: true };
export const existingTree = { ...existingTask, changes: [journaled] };
const updateParts = (update: Update, condition: string, otherEntries = '') => [
  old,
  ...(update.goal ? [update.goal] : []),
  next(update, condition),
  written(update),
  ...(update.reachesBelow ? [below('id, list_id, status, completed_at'), writtenBelow] : []),
  ...(update.tags ? [writtenTags] : []),
  changed(update, otherEntries),
];

/** Creates a task without tags, under an id that was never in use. */
export const createTask = defineWrite<Task, TaskValues & Quota>(newTask, (isAllowed) => [
  inserted(`${isAllowed} and ${isWithinQuota(journaled)}`, '1'),
  `changed as (${newEntry()}
  )`,
  result(created),
]);

/** Creates a task with tags, under an id that was never in use. */
export const createTaskAndTags = defineWrite<Task, TaskValues & Quota>(newTask, (isAllowed) => [
  inserted(`${isAllowed} and ${isWithinQuota(journaled)}`, '1'),
  insertedTags,
  `changed as (${newEntry()}
  )`,
  result(created),
]);

/** Creates a task in a list or below a task, under an id that was never in use. */
export const createTaskInTree = defineWrite<Task, TaskValues & Quota>(newTask, (isAllowed) => [
  goals.whole,
  inserted(`${isAllowed} and ${isWithinQuota(journaled)}`, '1', atGoal),
  insertedTags,
  `changed as (${newEntry()}
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

/** Changes the fields that are given, with its place and what is below it. */
export const updateTaskInTree = defineWrite<Task, TaskValues & PreconditionValues>(existingTree, (isAllowed) => [
  ...updateParts(patchInTree, `${isAllowed} and ${preconditionsHold}`),
  result(updated),
]);

/** Creates the task, or replaces it whole. */
export const replaceTask = defineWrite<Task, TaskValues & PreconditionValues & Quota>(
  { ...newTask, changes: [journaled] },
  (isAllowed) => [
    inserted(
      `not exists (select from tasks where ${byId}) and ${preconditionsHoldForNone} and ${isAllowed} and ${isWithinQuota(journaled)}`,
      `${lastVersionOf(journaled, ':id::uuid')} + 1`,
      atGoal,
    ),
    insertedTags,
    ...updateParts(replacement, `${isAllowed} and ${preconditionsHold}`, `\n    union all${newEntry('kind')}`),
    result(updated, created),
  ],
);
