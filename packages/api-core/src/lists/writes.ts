import { isWithinQuota, lastVersionOf } from '../kit/journal';
import { moveQueries, NO_PLACE, positionAfter, type Spot } from '../kit/position';
import { type PreconditionValues, preconditionsHold, preconditionsHoldForNone } from '../kit/preconditions';
import { defineWrite } from '../kit/write';
import { journaled as journaledTask } from '../tasks/columns';
import { endOf } from '../tasks/tree';
import { deletedRow } from '../tasks/tree-writes';
import type { List } from './contract';
import { listImage } from './images';
import { byId, fields, type Id, tableColumns } from './queries';

/** The SQL that writes lists, of the parts that `tasks/writes.ts` describes. */

interface ListValues extends Id {
  readonly name: string;
}

interface Quota {
  readonly max: number;
}

export const journaledList = { kind: 'list', count: 'lists' } as const;
const existingList = { ...journaledList, fields };
const newList = { ...existingList, inserts: true };

const last = 'select position from lists where user_id = :userId order by position desc limit 1';

const inserted = (condition: string, version: string) => `inserted as (
    insert into lists (user_id, id, name, position, version)
    select :userId::text, :id::uuid, :name::text, ${positionAfter(last)}, ${version}
    where ${condition}
    returning ${tableColumns}
  )`;
const newEntry = `
    select id, 'created' as operation, version, null::json as diff from inserted`;
const created = `
    select ${tableColumns}, 'created' as outcome from inserted`;

/** Creates a list, the last one, under an id that was never in use. */
export const createList = defineWrite<List, ListValues & Quota>(newList, (isAllowed) => [
  inserted(`${isAllowed} and ${isWithinQuota(journaledList)}`, '1'),
  `changed as (${newEntry}
  )`,
  `result as (${created}
  )`,
]);

const old = `old as materialized (
    select ${tableColumns} from lists where ${byId}
  )`;

/** Renames the list where the name differs, as `written`; `next` is the row as it shall be, where the write is allowed. */
const renamed = (isAllowed: string) => `next as materialized (
    select coalesce(:name::text, old.name) as name from old where ${preconditionsHold} and ${isAllowed}
  ), written as (
    update lists set name = next.name, version = lists.version + 1, updated_at = now()
    from old, next
    where lists.user_id = :userId and lists.id = old.id and old.name <> next.name
    returning lists.id, lists.version, lists.updated_at
  )`;
const renamedEntry = `
    select written.id, 'updated' as operation, written.version,
      json_build_object('name', json_build_object('from', old.name, 'to', next.name)) as diff
    from written, old, next`;
const updated = `
    select old.id, old.user_id, next.name, old.position, old.created_at, coalesce(written.updated_at, old.updated_at) as updated_at,
      coalesce(written.version, old.version) as version,
      case when next.name is null then 'refused' when written.id is null then 'unchanged' else 'updated' end as outcome
    from old left join next on true left join written on true`;

/** Changes the name, where one is given. */
export const updateList = defineWrite<List, Id & { name: string | null } & PreconditionValues>(
  existingList,
  (isAllowed) => [
    old,
    renamed(isAllowed),
    `changed as (${renamedEntry}
  )`,
    `result as (${updated}
  )`,
  ],
);

/** Creates the list, or renames it. */
export const replaceList = defineWrite<List, ListValues & PreconditionValues & Quota>(newList, (isAllowed) => [
  inserted(
    `not exists (select from lists where ${byId}) and ${preconditionsHoldForNone} and ${isAllowed} and ${isWithinQuota(journaledList)}`,
    `${lastVersionOf(journaledList, ':id::uuid')} + 1`,
  ),
  old,
  renamed(isAllowed),
  `changed as (${renamedEntry}
    union all${newEntry}
  )`,
  `result as (${updated}
    union all${created}
  )`,
]);

/** Moves the list to a spot among the others. */
export const moveList = defineWrite<List, Id & Spot & PreconditionValues>(
  { ...existingList, changes: [journaledList], hasFaults: true },
  (isAllowed) => [
    old,
    ...moveQueries({ table: 'lists', condition: 'lists.user_id = :userId' }, 'true'),
    `next as materialized (
    select coalesce((select position from renumbered where renumbered.id = old.id), moved.position) as position
    from old, moved where ${preconditionsHold} and ${isAllowed}
  )`,
    `written as (
    update lists set position = next.position, version = lists.version + 1, updated_at = now()
    from old, next
    where lists.user_id = :userId and lists.id = old.id and old.position <> next.position
    returning lists.id, lists.version, lists.updated_at
  )`,
    `written_siblings as (
    update lists set position = renumbered.position, version = lists.version + 1, updated_at = now()
    from renumbered
    where lists.user_id = :userId and lists.id = renumbered.id and renumbered.id <> :id::uuid
      and lists.position <> renumbered.position and exists (select from written)
    returning lists.id, lists.version, lists.position
  )`,
    `changed as (
    select 'list' as kind, written.id, 'updated' as operation, written.version,
      json_build_object('position', json_build_object('from', old.position, 'to', next.position)) as diff
    from written, old, next
    union all
    select 'list', s.id, 'updated', s.version,
      json_build_object('position', json_build_object('from', neighbours.position, 'to', s.position))
    from written_siblings s join neighbours on neighbours.id = s.id
  )`,
    `result as (
    select old.id, old.user_id, old.name, next.position, old.created_at, coalesce(written.updated_at, old.updated_at) as updated_at,
      coalesce(written.version, old.version) as version,
      case when next.position is null then 'refused' when written.id is null then 'unchanged' else 'updated' end as outcome,
      case when spot.low is null and ${preconditionsHold.replaceAll('version', 'old.version')} then array['no_sibling'] end as faults
    from old cross join spot left join next on true left join written on true
  )`,
  ],
);

/** Above so many tasks, a list is not deleted, so that no write takes long. */
export const MAX_DELETED_TASKS = 10_000;

const isSmall = `(
      select count(*) from (
        select from tasks where user_id = :userId and list_id = :id::uuid limit ${MAX_DELETED_TASKS} + 1
      ) counted
    ) <= ${MAX_DELETED_TASKS}`;

/** @param tasks the queries that write its tasks, where `deleted` has a row; they have the entries `changed_tasks`. */
const defineDelete = (...tasks: string[]) =>
  defineWrite<Pick<List, 'version'>, Id & PreconditionValues>(
    {
      ...journaledList,
      changes: [journaledList, journaledTask],
      fields: { version: 'version' },
      hasFaults: true,
    },
    (isAllowed) => [
      old,
      `deleted as (
    delete from lists where ${byId} and ${preconditionsHold} and ${isAllowed} and ${isSmall}
    returning id
  )`,
      ...tasks,
      `changed as (
    select * from changed_tasks
    union all
    select 'list', id, 'deleted', version, ${listImage} from old where exists (select from deleted)
  )`,
      `result as (
    select version, case when exists (select from deleted) then 'deleted' else 'refused' end as outcome,
      case when ${preconditionsHold} and not ${isSmall} then array['too_many'] end as faults
    from old
  )`,
    ],
  );

/** Deletes the list with its tasks. */
export const deleteList = defineDelete(
  `deleted_tasks as (
    delete from tasks where user_id = :userId and list_id = :id::uuid and exists (select from deleted)
    returning ${deletedRow}
  )`,
  `changed_tasks as (
    select 'task' as kind, id, 'deleted' as operation, version, image as diff from deleted_tasks
  )`,
);

/** Deletes the list, and moves its tasks to the end of the inbox, in their order. */
export const deleteListAndKeepTasks = defineDelete(
  `kept as materialized (
    select ctid as row_id, position, case when parent_id is not null then position
      else (left(${endOf(NO_PLACE)}, 10)::bigint - 1 + row_number() over (partition by parent_id is null order by position))::text
      end as new_position
    from tasks where user_id = :userId and list_id = :id::uuid
  )`,
  `moved_tasks as (
    update tasks set list_id = null, position = kept.new_position, version = tasks.version + 1, updated_at = now()
    from kept where tasks.user_id = :userId and tasks.ctid = kept.row_id and exists (select from deleted)
    returning tasks.id, tasks.version, kept.position, kept.new_position
  )`,
  `changed_tasks as (
    select 'task' as kind, id, 'updated' as operation, version, (
      select json_object_agg(name, json_build_object('from', before, 'to', after)) from (
        select 'list_id' as name, to_json(:id::uuid) as before, null::json as after
        union all select 'position', to_json(position), to_json(new_position) where position <> new_position
      ) differences
    ) as diff
    from moved_tasks
  )`,
);
