import { moveQueries, type Spot } from '../kit/position';
import { type PreconditionValues, preconditionsHold } from '../kit/preconditions';
import { defineWrite } from '../kit/write';
import { journaled, placeColumns, taskImage, toImage } from './columns';
import type { Task } from './contract';
import { byId, type Id, tableColumns } from './queries';
import { below, goals, placeOf } from './tree';
import { aggregated, difference, existingTree, old, result } from './writes';

/** The SQL of the writes that move or delete a task, with what is below it. */

/** The entries of tasks that were deleted, with what they were, in terms of `images`. */
export const images = (condition: string) => `images as materialized (
    select id, version, ${taskImage} as image from tasks where user_id = :userId and ${condition}
  )`;

/** Deletes the task, and what is below it. The journal keeps them as they were. */
export const deleteTask = defineWrite<Pick<Task, 'version'>, Id & PreconditionValues>(
  { ...journaled, changes: [journaled], fields: { version: 'version' } },
  (isAllowed) => [
    old,
    below('id'),
    images('id in (select id from below)'),
    `deleted as (
    delete from tasks where ${byId} and ${preconditionsHold} and ${isAllowed} returning id
  )`,
    `deleted_below as (
    delete from tasks using below where tasks.user_id = :userId and tasks.id = below.id and exists (select from deleted)
    returning tasks.id
  )`,
    `changed as (
    select 'task' as kind, 0 as number, id, 'deleted' as operation, version, ${toImage('old', 'tags')} as diff
    from old where exists (select from deleted)
    union all
    select 'task', row_number() over (), id, 'deleted', version, image from images join deleted_below using (id)
  )`,
    result(`
    select version, case when exists (select from deleted) then 'deleted' else 'refused' end as outcome from old`),
  ],
);

interface MoveValues extends Id {
  /** The `list_id` and `parent_id` that are given, as JSON. */
  readonly given: string;
}

const siblings = { table: 'tasks', condition: 'tasks.user_id = :userId and tasks.place = goal.place', from: ', goal' };

/** Moves the task to a spot of a place, with what is below it. */
export const moveTask = defineWrite<Task, MoveValues & Spot & PreconditionValues>(
  { ...existingTree, hasFaults: true },
  (isAllowed) => [
    old,
    goals.move,
    ...moveQueries(siblings, `${placeOf('old')} = (select place from goal)`),
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
    where tasks.user_id = :userId and tasks.id = below.id and below.list_id is distinct from next.list_id
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
    select 'task' as kind, 0 as number, written.id, 'updated' as operation, written.version, ${aggregated(
      placeColumns.map((name) => difference(name, 'old', 'next', `old.${name} is distinct from next.${name}`)),
    )} as diff
    from written, old, next
    union all
    select 'task', 1, written_below.id, 'updated', written_below.version,
      json_build_object('list_id', json_build_object('from', below.list_id, 'to', next.list_id))
    from written_below join below using (id), next
    union all
    select 'task', 2, s.id, 'updated', s.version,
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
