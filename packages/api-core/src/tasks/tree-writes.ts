import { moveQueries, type Spot } from '../kit/position';
import { type PreconditionValues, preconditionsHold } from '../kit/preconditions';
import { utc } from '../kit/sql';
import { defineWrite } from '../kit/write';
import { journaled, placeColumns, taskImage } from './columns';
import type { Task } from './contract';
import { byId, type Id, tableColumns } from './queries';
import { areFew, below, childrenOf, FEW, goals, isSamePlace } from './tree';
import { aggregated, difference, existingTree, old, result, resultColumns } from './writes';

/** The SQL of the writes that move or delete a task, with what is below it. */

/** A deleted row, as it was. */
export const deletedRow = `tasks.id, tasks.version, ${taskImage} as image`;

/** Deletes the task, and what is below it. The journal keeps them as they were. */
export const deleteTask = defineWrite<Pick<Task, 'version'>, Id & PreconditionValues>(
  { ...journaled, changes: [journaled], fields: { version: 'version' } },
  (isAllowed) => [
    `to_delete as (
    select id as deleted_id, ${FEW} from tasks where ${byId} and ${preconditionsHold} and ${isAllowed}
    union all
    select child.id, 1 from to_delete, ${childrenOf('deleted_id', 'id')} child
  )`,
    `deleted as (
    delete from tasks using to_delete where tasks.user_id = :userId and tasks.id = deleted_id and ${areFew('to_delete')}
    returning ${deletedRow}
  )`,
    `changed as (
    select 'task' as kind, id, 'deleted' as operation, version, image as diff from deleted order by id <> :id::uuid
  )`,
    result(`
    select version, case when exists (select from deleted) then 'deleted' else 'refused' end as outcome
    from tasks where ${byId}`),
  ],
);

/** Whether the task shall be done. */
const isCompleted = `coalesce(:completed::boolean, status <> 'done')`;

/** Sets the status by `:completed`, or toggles it where that is null; what is open below it becomes done with it. */
export const completeTask = defineWrite<Task, Id & { completed: boolean | null } & PreconditionValues>(
  existingTree,
  (isAllowed) => [
    old,
    `targets as (
    select id as target_id, status as old_status, completed_at as old_completed_at,
      case when ${isCompleted} then 'done' when status = 'done' then 'todo' else status end as new_status, ${FEW}
    from old where ${preconditionsHold} and ${isAllowed}
    union all
    select child.*, 'done', 1 from targets, ${childrenOf('target_id', 'id, status, completed_at')} child
    where new_status = 'done' and (old_status <> 'done' or target_id <> :id::uuid)
  )`,
    `written as (
    update tasks set status = new_status, version = tasks.version + 1, updated_at = now(),
      completed_at = case when new_status = 'done' then now()::timestamptz(3) end
    from targets
    where tasks.user_id = :userId and tasks.id = target_id and old_status <> new_status and ${areFew('targets')}
    returning tasks.id, tasks.version, tasks.updated_at, tasks.status, tasks.completed_at, old_status, old_completed_at
  )`,
    `changed as (
    select 'task' as kind, id, 'updated' as operation, version, json_build_object(
      'status', json_build_object('from', old_status, 'to', status),
      'completed_at', json_build_object('from', ${utc('old_completed_at').json}, 'to', ${utc('completed_at').json})
    ) as diff
    from written order by id <> :id::uuid
  )`,
    result(`
    select ${resultColumns
      .map((name) => {
        if (name === 'completed_at')
          return 'case when written.id is null then old.completed_at else written.completed_at end as completed_at';
        const isWritten = ['status', 'version', 'updated_at'].includes(name);
        return isWritten ? `coalesce(written.${name}, old.${name}) as ${name}` : `old.${name}`;
      })
      .join(', ')},
      case when not exists (select from targets) then 'refused' when written.id is null then 'unchanged' else 'updated' end
        as outcome
    from old left join written on written.id = old.id`),
  ],
);

interface MoveValues extends Id {
  /** The `list_id` and `parent_id` that are given, as JSON. */
  readonly given: string;
}

const siblings = {
  table: 'tasks',
  condition: 'tasks.user_id = :userId and tasks.place = goal.place',
  from: ', goal',
  isSibling: isSamePlace('tasks'),
};

/** Moves the task to a spot of a place, with what is below it. */
export const moveTask = defineWrite<Task, MoveValues & Spot & PreconditionValues>(
  { ...existingTree, hasFaults: true },
  (isAllowed) => [
    old,
    goals.move,
    ...moveQueries(siblings, `(select ${isSamePlace('old')} from goal)`),
    `next as materialized (
    select goal.list_id, goal.parent_id, coalesce(
        (select position from renumbered where renumbered.id = old.id), moved.position
      ) as position
    from old, goal, moved where ${preconditionsHold} and ${isAllowed}
  )`,
    `written as (
    update tasks set ${placeColumns.map((column) => `${column} = next.${column}`).join(', ')}, version = tasks.version + 1,
      updated_at = now()
    from old, next
    where tasks.user_id = :userId and tasks.id = old.id and (${placeColumns.map((column) => `old.${column} is distinct from next.${column}`).join(' or ')})
    returning tasks.id, tasks.version, tasks.updated_at
  )`,
    below('id, list_id'),
    `written_below as (
    update tasks set list_id = next.list_id, version = tasks.version + 1, updated_at = now()
    from below, next
    where tasks.user_id = :userId and tasks.id = below.id and ${areFew('below')} and below.list_id is distinct from next.list_id
      and exists (select from written)
    returning tasks.id, tasks.version
  )`,
    `written_siblings as (
    update tasks set position = renumbered.position, version = tasks.version + 1, updated_at = now()
    from renumbered
    where tasks.user_id = :userId and tasks.id = renumbered.id and renumbered.id <> :id::uuid
      and tasks.position <> renumbered.position and exists (select from written)
    returning tasks.id, tasks.version, tasks.position
  )`,
    `changed as (
    select 'task' as kind, written.id, 'updated' as operation, written.version, ${aggregated(
      placeColumns.map((name) => difference(name, 'old', 'next', `old.${name} is distinct from next.${name}`)),
    )} as diff
    from written, old, next
    union all
    select 'task', written_below.id, 'updated', written_below.version,
      json_build_object('list_id', json_build_object('from', below.list_id, 'to', next.list_id))
    from written_below join below using (id), next
    union all
    select 'task', s.id, 'updated', s.version,
      json_build_object('position', json_build_object('from', neighbours.position, 'to', s.position))
    from written_siblings s join neighbours on neighbours.id = s.id
  )`,
    result(`
    select ${tableColumns
      .map((name) => {
        if (name === 'version' || name === 'updated_at') return `coalesce(written.${name}, old.${name}) as ${name}`;
        return (placeColumns as readonly string[]).includes(name) ? `next.${name}` : `old.${name}`;
      })
      .join(', ')}, old.tags,
      case when next.position is null then 'refused' when written.id is null then 'unchanged' else 'updated' end as outcome,
      case when spot.low is null and ${preconditionsHold.replaceAll('version', 'old.version')} then array_remove(array[
        case when goal.parent_id is not null and not exists (
          select from tasks p where p.user_id = :userId and p.id = goal.parent_id
        ) then 'no_parent' end,
        case when goal.list_id is not null and not exists (
          select from lists where lists.user_id = :userId and lists.id = goal.list_id
        ) then 'no_list' end,
        'no_sibling'
      ], null) end as faults
    from old cross join goal cross join spot left join next on true left join written on true`),
  ],
);
