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
export const placeOf = (row: string) => `coalesce(${row}.parent_id, ${row}.list_id, ${NO_PLACE})`;

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

/** The position after all tasks of a place. */
export const endOf = (place: string) =>
  positionAfter(
    `select position from tasks where user_id = :userId and tasks.place = ${place} order by position desc limit 1`,
  );

/** All tasks below `:id`. */
export const below = (columns: string) => `below as (
    select ${columns} from tasks where user_id = :userId and parent_id = :id::uuid
    union all
    select ${columns
      .split(', ')
      .map((column) => `t.${column}`)
      .join(', ')} from below join tasks t on t.user_id = :userId and t.parent_id = below.id
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
    select t.id, t.parent_id, t.list_id from revised join tasks t on t.user_id = :userId and t.id = revised.id
  ), ancestors as (
    select id, parent_id as ancestor_id, 1 as distance from written where parent_id is not null
    union all
    select a.id, t.parent_id, distance + 1
    from ancestors a join tasks t on t.user_id = :userId and t.id = a.ancestor_id
    where t.parent_id is not null and distance < ${MAX_LEVELS}
  ), roots as materialized (
    select distinct on (written.id) written.id as written_id, coalesce(ancestor_id, written.id) as id
    from written left join ancestors a on a.id = written.id
    order by written.id, distance desc
  ), trees as (
    select distinct id as root_id, id, 1 as level from roots
    union all
    select tree.root_id, t.id, level + 1 from trees tree join tasks t on t.user_id = :userId and t.parent_id = tree.id
    where level <= ${MAX_LEVELS}
  ), reasons as (
    select id, 'no_parent' as code from written where parent_id is not null and not exists (
      select from tasks p where p.user_id = :userId and p.id = written.parent_id
    )
    union all
    select id, 'no_list' from written where list_id is not null and not exists (
      select from lists where lists.user_id = :userId and lists.id = written.list_id
    )
    union all
    select written.id, 'other_list' from written join tasks p on p.user_id = :userId and p.id = written.parent_id
    where p.list_id is distinct from written.list_id
    union all
    select id, case when bool_or(ancestor_id = id) then 'cycle' else 'too_deep' end
    from ancestors group by id having max(distance) >= ${MAX_LEVELS}
    union all
    select min(written_id::text)::uuid, case when max(level) > ${MAX_LEVELS} then 'too_deep' else 'too_many' end
    from trees join roots on roots.id = root_id
    where not exists (select from ancestors a where a.id = written_id and distance >= ${MAX_LEVELS})
    group by root_id having max(level) > ${MAX_LEVELS} or count(distinct trees.id) > ${MAX_BELOW} + 1
    union all
    select distinct revised.id, 'in_use' from revised join tasks t on t.user_id = :userId and t.parent_id = revised.id
      left join written on written.id = revised.id
    where written.id is null or written.list_id is distinct from t.list_id
    union all
    select distinct revised_lists.id, 'in_use' from revised_lists
      join tasks t on t.user_id = :userId and t.list_id = revised_lists.id
    where not exists (select from lists where lists.user_id = :userId and lists.id = revised_lists.id)
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
