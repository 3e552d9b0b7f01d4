import { defineStatement } from '@taskward/db';
import { type IdempotencyKey, keyUnused, storeResponse } from '../kit/idempotency';
import { isWithinQuota, lastVersionOf, RETENTION, recordChanges, userLocked } from '../kit/journal';
import type { KeyedStatement } from '../kit/write';
import { imageColumns, imageRecord, journaled, taskImage } from '../tasks/writes';

/**
 * The SQL of undo: one statement, since it decides over all tasks of a revision before it writes any. What a revision did
 * to one task counts as a whole, from what the task was before its first entry to what it was after its last.
 */

/** A task that was changed so often since a revision created it counts as another one, without reading all of that. */
const MAX_LATER_ENTRIES = 1_000;

/** The entries of the revision; none where any was pruned, or is too old. It ends where the next one begins. */
const entries = `entries as materialized (
    select seq, id, operation, version, diff::jsonb as diff, row_number() over (order by seq) - 1 as position
    from changes
    where user_id = :userId and seq >= :revision::bigint and seq < (
        select coalesce(min(seq), 9223372036854775807) from (
          select seq from changes where user_id = :userId and seq > :revision::bigint and revision > :revision::bigint
          order by seq limit 1
        ) following
      )
      and revision = :revision::bigint and kind = 'task' and at > now() - ${RETENTION}
      and exists (select from changes where user_id = :userId and seq = :revision::bigint)
  )`;

/** The tasks of the revision. One that was only updated is undone by field, any other one as a whole. */
const nets = `nets as materialized (
    select id, min(position) as position, max(seq) as seq,
      (array_agg(operation order by seq))[1] in ('updated', 'deleted') as existed,
      (array_agg(operation order by seq desc))[1] <> 'deleted' as remained,
      bool_and(operation = 'updated') as is_update,
      bool_or(operation in ('updated', 'deleted') and diff is null) as is_purged
    from entries group by id
  )`;

/** What was done to the tasks since, where they are undone as a whole. */
const later = `later as materialized (
    select nets.id, entry.seq, entry.operation, entry.diff
    from nets cross join lateral (
      select seq, operation, diff::jsonb as diff from changes
      where user_id = :userId and id = nets.id and seq > nets.seq order by seq limit ${MAX_LATER_ENTRIES} + 1
    ) entry
    where remained and not is_update
  )`;

/**
 * What the tasks were before some entries, as far as these tell: the values before the first update of each field, and
 * what the first deletion has of the others. A text comes with its key, null where that is plain.
 */
const before = (name: string, source: string) => `${name} as (
    select id, jsonb_object_agg(name, case when operation = 'updated' then value -> 'from' else value end
      order by seq desc) as fields
    from (
      select *, min(seq) filter (where operation <> 'updated') over (partition by id) as last_seq from ${source}
    ) entry, jsonb_each(case when operation = 'updated' then ${plainKeys} || diff else diff end) as field (name, value)
    where operation in ('updated', 'deleted') and (last_seq is null or seq <= last_seq)
    group by id
  )`;
const plain = (key: string) => `'{"${key}": {"from": null, "to": null}}'`;
const plainKeys = `case when diff ? 'title' then ${plain('title_key')} else '{}' end::jsonb
        || case when diff ? 'description' then ${plain('description_key')} else '{}' end::jsonb`;

/** What the updates made of the fields. */
const after = `after_it as (
    select id, jsonb_object_agg(name, value -> 'to' order by seq) as fields
    from entries, jsonb_each(diff) as field (name, value) where operation = 'updated' group by id
  )`;

const today = `today as materialized (
    select id, version, image, image::jsonb as present
    from (
      select id, version, ${taskImage} as image from tasks where user_id = :userId and id in (select id from nets)
    ) tasks
  )`;

/** The fields that a diff has. */
const diffFields = [...Object.keys(imageColumns), 'tags'];

/** The field that a field of a diff belongs to: itself, or, of a key, the text. */
const textOf = (name: string) => `replace(${name}, '_key', '')`;

/** Whether a field is not what the revision made it. */
const isFieldChanged = `exists (
        select from jsonb_each(after_it.fields) as field (name, value)
        where name = ${textOf('name')} and value is distinct from before_it.fields -> name
          and value is distinct from present -> name
      )`;
/** Whether a task as a whole is not what the revision made it: its later entries tell what that was. */
const isTaskChanged = `exists (
        select from jsonb_each(before_later.fields) as field (name, value)
        where name = ${textOf('name')} and name = any('{${diffFields}}') and value is distinct from present -> name
      ) or exists (
        select from later where later.id = nets.id having count(*) > ${MAX_LATER_ENTRIES}
          or bool_or(operation in ('updated', 'deleted') and diff is null)
      )`;

/** The tasks that are to be undone, with what they shall be, and what prevents it. */
const plan = `plan as materialized (
    select id, position, existed, remained, today.version, image, present,
      case when is_update then (
        select jsonb_object_agg(name, value) from jsonb_each(before_it.fields) as field (name, value)
        where before_it.fields -> ${textOf('name')} is distinct from after_it.fields -> ${textOf('name')}
      ) else before_it.fields end as target,
      case
        when existed and is_purged then 'purged'
        when not remained then case when today.id is not null then 'taken' end
        when is_update then case when ${isFieldChanged} then 'changed' end
        when ${isTaskChanged} then 'changed'
      end as conflict
    from nets left join today using (id) left join before_it using (id) left join after_it using (id)
      left join before_later using (id)
    where existed or remained
  )`;

const allowed = (isAllowed: string) => `allowed as materialized (
    select from (
      select count(conflict) as conflicts,
        count(*) filter (where not remained) - count(*) filter (where not existed) as added
      from plan
    ) total
    where conflicts = 0 and exists (select from entries)
      and (added <= 0 or ${isWithinQuota(journaled, 'added')}) and ${isAllowed}
  )`;

/** The tasks that shall exist, and how they differ from those that do. */
const wanted = `wanted as materialized (
    select id, position, remained, (
      select json_object_agg(name, json_build_object('from', present -> name, 'to', wished -> name))
      from unnest('{${diffFields}}'::text[]) as name
      where present -> ${textOf('name')} is distinct from wished -> ${textOf('name')}
        and (name = ${textOf('name')} or jsonb_build_array(present -> name, wished -> name) <> '[null, null]')
    ) as diff, image.*
    from (
      select id, position, remained, present, coalesce(present, '{}') || coalesce(target, '{}') as wished
      from plan where existed and exists (select from allowed)
    ) wanted, jsonb_to_record(wished) as image (
      ${imageRecord}
    )
  )`;

/** A row that was not folded yet stays so. */
const assignments = Object.entries(imageColumns).map(([column, value]) =>
  column === 'description_key'
    ? `${column} = case when tasks.${column} is not null then ${value} end`
    : `${column} = ${value}`,
);

const writes = `removed as (
    delete from tasks using plan where tasks.user_id = :userId and tasks.id = plan.id and not existed
      and exists (select from allowed)
    returning tasks.id
  ), updated as (
    update tasks set ${assignments.join(', ')}, version = tasks.version + 1, updated_at = now()
    from wanted image where tasks.user_id = :userId and tasks.id = image.id and remained and diff is not null
    returning tasks.id, tasks.version
  ), inserted as (
    insert into tasks (user_id, id, ${Object.keys(imageColumns)}, version)
    select :userId::text, id, ${Object.values(imageColumns)}, ${lastVersionOf('image.id')} + 1
    from wanted image where not remained
    returning id, version
  ), removed_tags as (
    delete from task_tags t using updated, wanted
    where t.user_id = :userId and t.task_id = updated.id and wanted.id = updated.id and t.tag <> all(wanted.tags)
  ), added_tags as (
    insert into task_tags (user_id, task_id, tag) select :userId::text, id, unnest(tags) from wanted
    where id in (select id from updated union all select id from inserted)
    on conflict do nothing
  ), changed as (
    select position, id, 'deleted' as operation, version, image as diff from removed join plan using (id)
    union all select position, id, 'updated', updated.version, diff from updated join wanted using (id)
    union all select position, id, 'restored', inserted.version, null from inserted join wanted using (id)
  )`;

const result = `result as (
    select exists (select from entries) as is_known,
      case when exists (select from allowed) then 'undone' else 'refused' end as outcome,
      (select json_agg(json_build_object('position', position, 'code', conflict) order by position)
        from plan where conflict is not null) as conflicts
  )`;

export interface Conflict {
  /** The index of the first entry of the task in the revision. */
  readonly position: number;
  readonly code: 'changed' | 'taken' | 'purged';
}

interface UndoRow {
  /** Whether the user has this revision, and all of it. */
  is_known: boolean;
  outcome: 'undone' | 'refused';
  conflicts: Conflict[] | null;
  /** The one that was made; null where nothing was changed. */
  revision: number | null;
}

interface UndoValues {
  readonly revision: number;
  /** How many tasks the user may have; null for any number. */
  readonly max: number | null;
}

const parts = (isAllowed: string) => [
  ...[entries, nets, later, before('before_it', 'entries'), after, before('before_later', 'later'), today, plan],
  ...[allowed(isAllowed), wanted, writes, recordChanges(journaled), result],
];
const sql = (queries: readonly string[]) => `
  with ${queries.join(', ')}
  select is_known, outcome, conflicts, (select revision::float8 from recorded) as revision from result`;

/** Undoes a revision. */
export const undoRevision: KeyedStatement<UndoRow, UndoValues> = {
  withoutKey: defineStatement<UndoRow, UndoValues>(sql(parts(userLocked))),
  withKey: defineStatement<UndoRow, UndoValues & IdempotencyKey>(
    sql([
      ...parts(`${keyUnused} and ${userLocked}`),
      storeResponse(`json_build_object('revision', (select revision from recorded))`),
    ]),
  ),
};
