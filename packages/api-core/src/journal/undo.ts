import { defineStatement } from '@taskward/db';
import { type IdempotencyKey, keyUnused, storeResponse } from '../kit/idempotency';
import { isWithinQuota, RETENTION, recordChanges, userLocked } from '../kit/journal';
import type { KeyedStatement } from '../kit/write';
import { resources, textKeysOf } from './undoable';

/**
 * The SQL of undo: one statement, since it decides over all resources of a revision before it writes any. What a revision did
 * to one resource counts as a whole, from what it was before its first entry to what it was after its last. A statement after
 * it checks that what was put back is where it can be.
 */

/** A resource that was changed so often since a revision created it counts as another one, without reading all of that. */
const MAX_LATER_ENTRIES = 1_000;

/** The entries of the revision; none where any was pruned, or is too old. It ends where the next one begins. */
const entries = `entries as materialized (
    select seq, kind, id, operation, version, diff::jsonb as diff, row_number() over (order by seq) - 1 as number
    from changes
    where user_id = :userId and seq >= :revision::bigint and seq < (
        select coalesce(min(seq), 9223372036854775807) from (
          select seq from changes where user_id = :userId and seq > :revision::bigint and revision > :revision::bigint
          order by seq limit 1
        ) following
      )
      and revision = :revision::bigint and kind <> 'start' and at > now() - ${RETENTION}
      and exists (select from changes where user_id = :userId and seq = :revision::bigint)
  )`;

/** The resources of the revision. One that was only updated is undone by field, any other one as a whole. */
const nets = `nets as materialized (
    select kind, id, min(number) as number, max(seq) as seq,
      (array_agg(operation order by seq))[1] in ('updated', 'deleted') as existed,
      (array_agg(operation order by seq desc))[1] <> 'deleted' as remained,
      bool_and(operation = 'updated') as is_update,
      bool_or(operation in ('updated', 'deleted') and diff is null) as is_purged
    from entries group by kind, id
  )`;

/** What was done to the resources since, where they are undone as a whole. */
const later = `later as materialized (
    select nets.kind, nets.id, entry.seq, entry.operation, entry.diff
    from nets cross join lateral (
      select c.seq, c.operation, c.diff::jsonb as diff from changes c
      where c.user_id = :userId and c.id = nets.id and c.kind = nets.kind and c.seq > nets.seq
      order by c.seq limit ${MAX_LATER_ENTRIES} + 1
    ) entry
    where remained and not is_update
  )`;

/**
 * What the resources were before some entries, as far as these tell: the values before the first update of each field, and
 * what the first deletion has of the others. A text comes with its key, null where that is plain.
 */
const before = (name: string, source: string) => `${name} as (
    select kind, id, jsonb_object_agg(name, case when operation = 'updated' then value -> 'from' else value end
      order by seq desc) as fields
    from (
      select *, min(seq) filter (where operation <> 'updated') over (partition by kind, id) as last_seq from ${source}
    ) entry, jsonb_each(case when operation = 'updated' then ${textKeysOf('diff')} || diff else diff end) as field (name, value)
    where operation in ('updated', 'deleted') and (last_seq is null or seq <= last_seq)
    group by kind, id
  )`;

/** What the updates made of the fields. */
const after = `after_it as (
    select kind, id, jsonb_object_agg(name, value -> 'to' order by seq) as fields
    from entries, jsonb_each(diff) as field (name, value) where operation = 'updated' group by kind, id
  )`;

const today = `today as materialized (
    select kind, id, version, image, image::jsonb as present
    from (${resources
      .map(
        ({ kind, table, image }) => `
      select '${kind}' as kind, present.* from nets, lateral (
        select id, version, ${image} as image from ${table} where user_id = :userId and id = nets.id offset 0
      ) present where kind = '${kind}'`,
      )
      .join('\n      union all')}
    ) resources
  )`;

/** The field that a field of a diff belongs to: itself, or, of a key, the text. */
const textOf = (name: string) => `replace(${name}, '_key', '')`;

/** Whether a field is not what the revision made it. */
const isFieldChanged = `exists (
        select from jsonb_each(after_it.fields) as field (name, value)
        where name = ${textOf('name')} and value is distinct from before_it.fields -> name
          and value is distinct from present -> name
      )`;
/** Whether a resource as a whole is not what the revision made it: its later entries tell what that was. */
const isResourceChanged = `exists (
        select from jsonb_each(before_later.fields) as field (name, value)
        where name = ${textOf('name')} and name = any('{${[...new Set(resources.flatMap(({ diffFields }) => diffFields))]}}')
          and value is distinct from present -> name
      ) or is_unknown`;

/** Whether the later entries do not tell all. */
const unknown = `unknown as (
    select kind, id, count(*) > ${MAX_LATER_ENTRIES} or bool_or(operation in ('updated', 'deleted') and diff is null) as is_unknown
    from later group by kind, id
  )`;

/**
 * The resources that are to be undone, with what they shall be, and what prevents it. The other sides of the joins are parts of
 * `nets`: full joins are the ones that PostgreSQL never makes by comparing each row with each.
 */
const plan = `plan as materialized (
    select kind, id, number, existed, remained, today.version, image, present,
      case when is_update then (
        select jsonb_object_agg(name, value) from jsonb_each(before_it.fields) as field (name, value)
        where before_it.fields -> ${textOf('name')} is distinct from after_it.fields -> ${textOf('name')}
      ) else before_it.fields end as target,
      case
        when existed and is_purged then 'purged'
        when not remained then case when today.id is not null then 'taken' end
        when is_update then case when ${isFieldChanged} then 'changed' end
        when ${isResourceChanged} then 'changed'
      end as conflict
    from nets full join today using (kind, id) full join before_it using (kind, id) full join after_it using (kind, id)
      full join before_later using (kind, id) full join unknown using (kind, id)
    where coalesce(existed or remained, false)
  )`;

const added = (kind: string) =>
  `(count(*) filter (where kind = '${kind}' and not remained) - count(*) filter (where kind = '${kind}' and not existed))`;
const allowed = (isAllowed: string) => `allowed as materialized (
    select from (
      select count(conflict) as conflicts, ${resources.map(({ kind, count }) => `${added(kind)} as added_${count}`).join(', ')}
      from plan
    ) total
    where conflicts = 0 and exists (select from entries) and ${isAllowed}
      ${resources
        .map(({ count, max, kind }) => {
          const more = `added_${count}`;
          return `and (${more} <= 0 or ${isWithinQuota({ kind, count }, more, max)})`;
        })
        .join('\n      ')}
  )`;

const result = `result as (
    select exists (select from entries) as is_known,
      case when exists (select from allowed) then 'undone' else 'refused' end as outcome,
      (select json_agg(json_build_object('entry', number, 'code', conflict) order by number)
        from plan where conflict is not null) as conflicts
  )`;

export interface Conflict {
  /** The index of the first entry of the resource in the revision. */
  readonly entry: number;
  readonly code: 'changed' | 'taken' | 'purged' | 'in_use' | 'parent_gone';
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
  readonly maxTasks: number | null;
  readonly maxLists: number;
}

const parts = (isAllowed: string) => [
  ...[
    entries,
    nets,
    later,
    before('before_it', 'entries'),
    after,
    before('before_later', 'later'),
    unknown,
    today,
    plan,
  ],
  allowed(isAllowed),
  ...resources.flatMap(({ writes }) => writes),
  `changed as (
    select kind, id, operation, version, diff
    from (${resources.map(({ count }) => `select * from changed_${count}`).join(' union all ')}) changed order by number
  )`,
  recordChanges(resources),
  result,
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
