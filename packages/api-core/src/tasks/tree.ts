import { defineStatement } from '@taskward/db';
import { NO_PLACE, positionAfter } from '../kit/position';
import { MAX_BELOW, MAX_LEVELS } from './contract';

/**
 * The SQL of lists and sub-tasks. The rules of a tree are checked in one place: by a statement after the write, in the same
 * transaction, which fails both.
 */

/** Whether a field is given in `:given`, and its value. */
const isGiven = (field: string) => `:given::jsonb ? '${field}'`;
const given = (field: string) => `(:given::jsonb ->> '${field}')::uuid`;

/** The place of a row. */
const placeOf = (row: string) => `coalesce(${row}.parent_id, ${row}.list_id, ${NO_PLACE})`;

const listOfParent = '(select p.list_id from tasks p where p.user_id = :userId and p.id = chosen.parent_id)';
const unlessParentGiven = `case when ${isGiven('parent_id')} and parent_id is not null then ${listOfParent} else list_id end`;

// Materialized: row-level security takes `coalesce` for leaky, and would keep a comparison with it from using an index.
const goal = (chosen: string, list: string) => `goal as materialized (
    select parent_id, list_id, ${placeOf('goal')} as place
    from (
      select parent_id, case when ${isGiven('list_id')} then ${given('list_id')} else ${list} end as list_id
      from (${chosen}) chosen
    ) goal
  )`;

/** Where the task shall stand: `goal`, by the fields that are given. */
export const goals = {
  /** What is not given has its default: no parent, and the list of the parent. */
  whole: goal(`select ${given('parent_id')} as parent_id`, listOfParent),
  /** What is not given stays, but that the list is the one of a given parent. */
  patch: goal(
    `select case when ${isGiven('parent_id')} then ${given('parent_id')} else parent_id end as parent_id, list_id from old`,
    unlessParentGiven,
  ),
  /** The same, but that a list by itself means its top level. */
  move: goal(
    `select case when ${isGiven('parent_id')} then ${given('parent_id')} when not ${isGiven('list_id')} then parent_id end
        as parent_id, list_id from old`,
    unlessParentGiven,
  ),
};

/** Whether a row stands where `goal` is. A list and a task may have one id, which then is `place` of both. */
export const isSamePlace = (row: string) =>
  `(${row}.list_id, ${row}.parent_id) is not distinct from (goal.list_id, goal.parent_id)`;

/** The position after all tasks of a place. */
export const endOf = (place: string) =>
  positionAfter(
    `select position from tasks where user_id = :userId and tasks.place = ${place} order by position desc limit 1`,
  );

/**
 * The tasks directly below one, to be joined to its row. `offset 0` keeps the subquery, so that each is read by the index:
 * otherwise PostgreSQL, which has no idea how many rows a recursive query has, may read all tasks of the user instead.
 */
export const childrenOf = (parent: string, columns: string) => `lateral (
      select ${columns} from tasks where user_id = :userId and parent_id = ${parent} offset 0
    )`;
const byId = (id: string, columns: string) => `lateral (
      select ${columns} from tasks where user_id = :userId and id = ${id} offset 0
    )`;

/**
 * A column and a condition of the rows of a recursive query that are joined to the table: PostgreSQL takes an equality for
 * selective, and so looks each row up by its key, where it would otherwise read all tasks of the user.
 */
export const FEW = '1 as few';
export const areFew = (rows: string) => `${rows}.few = 1`;

const listOf = (id: string) => `lateral (
      select lists.id from lists where lists.user_id = :userId and lists.id = ${id} offset 0
    )`;

/** All tasks below `:id`. */
export const below = (columns: string) => `below as (
    select ${columns}, ${FEW} from tasks where user_id = :userId and parent_id = :id::uuid
    union all
    select child.*, 1 from below, ${childrenOf('below.id', columns)} child
  )`;

/**
 * Refuses what is against the rules around the tasks of `revised`, and the lists of `revised_lists`.
 *
 * @see placeProblem for the codes.
 */
const check = (revised: string, revisedLists: string, subject: string) => `
  with recursive revised as materialized (${revised}
  ), revised_lists as materialized (${revisedLists}
  ), written as materialized (
    select task.* from revised, ${byId('revised.id', 'id, parent_id, list_id')} task
  ), ancestors as (
    select id, parent_id as ancestor_id, 1 as distance from written where parent_id is not null
    union all
    select a.id, parent.parent_id, distance + 1
    from ancestors a, ${byId('a.ancestor_id', 'parent_id')} parent
    where parent.parent_id is not null and distance < ${MAX_LEVELS}
  ), roots as materialized (
    select written_id, id from (
      select distinct on (a.id) a.id as written_id, ancestor_id as id, distance from ancestors a order by a.id, distance desc
    ) topmost where distance < ${MAX_LEVELS}
    union all
    select id, id from written where parent_id is null
  ), trees as (
    select distinct id as root_id, id, 1 as level from roots
    union all
    select tree.root_id, child.id, level + 1 from trees tree, ${childrenOf('tree.id', 'id')} child
    where level <= ${MAX_LEVELS}
  ), reasons as (
    select written.id, 'no_parent' as code from written left join ${byId('written.parent_id', 'id')} parent on true
    where written.parent_id is not null and parent.id is null
    union all
    select written.id, 'no_list' from written left join ${listOf('written.list_id')} list on true
    where written.list_id is not null and list.id is null
    union all
    select written.id, 'other_list' from written, ${byId('written.parent_id', 'list_id')} parent
    where parent.list_id is distinct from written.list_id
    union all
    select id, case when bool_or(ancestor_id = id) then 'cycle' else 'too_deep' end
    from ancestors group by id having max(distance) >= ${MAX_LEVELS}
    union all
    select (select written_id from roots where roots.id = root_id limit 1),
      case when max(level) > ${MAX_LEVELS} then 'too_deep' else 'too_many' end
    from trees group by root_id having max(level) > ${MAX_LEVELS} or count(*) > ${MAX_BELOW} + 1
    union all
    select distinct revised.id, 'in_use'
    from revised cross join ${childrenOf('revised.id', 'list_id')} child left join ${byId('revised.id', 'id, list_id')} task on true
    where task.id is null or task.list_id is distinct from child.list_id
    union all
    select revised_lists.id, 'in_use' from revised_lists cross join lateral (
      select from tasks where user_id = :userId and list_id = revised_lists.id limit 1
    ) task left join ${listOf('revised_lists.id')} list on true
    where list.id is null
  )
  select refuse(json_build_object('operation', :operation::int, 'reasons', json_agg(json_build_object('code', code${subject})))::text)
  from (select * from reasons limit 1000) reasons having count(*) > 0`;

/** Checks the place of the task `:id`, and of what is below it. */
export const checkPlace = defineStatement<unknown, { id: string; operation: number | null }>(
  check('\n    select :id::uuid as id', '\n    select null::uuid as id where false', ''),
);

const revisedOf = (kind: string) => `
    select distinct id from changes where user_id = :userId and kind = '${kind}' and seq >= (
      select revision from changes where user_id = :userId order by seq desc limit 1
    )`;

/** Checks everything that the newest revision changed, which undoes `:revision`: the reasons have the entries of that. */
export const checkUndo = defineStatement<unknown, { operation: null; revision: number }>(
  check(
    revisedOf('task'),
    revisedOf('list'),
    `, 'entry', (
      select min(c.seq) - :revision::bigint from changes c
      where c.user_id = :userId and c.id = reasons.id and c.revision = :revision::bigint
    )`,
  ),
);
