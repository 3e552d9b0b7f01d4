import { defineStatement } from '@taskward/db';
import { isWithinQuota, microseconds, octets, RETENTION } from '../kit/journal';
import { MAX_PAGE_BYTES } from '../kit/page';
import { NO_PLACE } from '../kit/position';
import { toColumns, toJson, utc } from '../kit/sql';
import type { Position } from '../kit/sync-token';
import { defineWrite } from '../kit/write';
import type { List } from '../lists/contract';
import { fields as listFields } from '../lists/queries';
import { imageColumns, imageRecord, journaled, resultFields } from '../tasks/columns';
import { MAX_LEVELS, type Task } from '../tasks/contract';
import { tableColumns, taskColumns, taskTextBytes } from '../tasks/queries';
import { endOf } from '../tasks/tree';

/** Whether the journal has this very entry. */
export const selectIsKnown = defineStatement<{ is_known: boolean }, Position>(
  `
  select case
    when :seq::bigint > 0 then exists (
      select from changes where user_id = :userId and seq = :seq::bigint
        and ${microseconds('at')} = :at::float8
    )
    -- An empty copy is complete only up to the first entry, and where there was nothing before that.
    else coalesce(
      (select kind <> 'start' from changes where user_id = :userId and seq = 1),
      not exists (select from journals where user_id = :userId)
    )
  end as is_known`,
  { isReadOnly: true },
);

/** A task with the position of its entry, or a list; without an id, and null, where it does not exist any more. */
export type ChangedRow = Position & { kind: 'task' | 'list'; changed_id: string; has_more: boolean } & {
  list: List | null;
} & (Task | { id: null });

/**
 * The resources of the entries after `:seq`, up to `:limit` of them, and up to the one that passes 1 MiB of text: each once,
 * at the position of its last entry.
 */
export const selectChanged = defineStatement<ChangedRow, { seq: number; limit: number }>(
  `
  select seq::float8, ${microseconds('at')} as at, kind, changed_id, has_more or number < count as has_more,
    case when kind = 'list' then (
      select ${toJson(listFields)} from lists where lists.user_id = :userId and lists.id = changed_id
    ) end as list, ${taskColumns}
  from (
    select tasks.*, entry.seq, entry.at, entry.kind, entry.id as changed_id, entry.has_more,
      row_number() over preceding as number, count(*) over () as count,
      coalesce(sum(${taskTextBytes}) over preceding, 0) as bytes
    from (
      select distinct on (kind, id) seq, at, kind, id, has_more
      from (
        select *, row_number() over (order by seq) as number, count(*) over () > :limit::int as has_more
        from (
          select seq, at, id, kind from changes where user_id = :userId and seq > :seq::bigint
          order by seq limit :limit::int + 1
        ) following
      ) entries
      where number <= :limit::int and kind <> 'start'
      order by kind, id, seq desc
    ) entry left join tasks on tasks.user_id = :userId and tasks.id = entry.id and entry.kind = 'task'
    window preceding as (order by entry.seq rows between unbounded preceding and 1 preceding)
  ) tasks
  where bytes <= ${MAX_PAGE_BYTES}
  order by seq`,
  { isReadOnly: true },
);

const selectTasksBy = (condition: string) => `
  select ${taskColumns}, has_more or number < count as has_more
  from (
    select tasks.*, row_number() over preceding as number, count(*) over () as count,
      coalesce(sum(${taskTextBytes}) over preceding, 0) as bytes,
      count(*) over () > :limit::int as has_more
    from (
      select * from tasks where ${condition} order by id limit :limit::int + 1
    ) tasks
    window preceding as (order by id rows between unbounded preceding and 1 preceding)
  ) tasks
  where number <= :limit::int and bytes <= ${MAX_PAGE_BYTES}
  order by id`;

export type WalkedRow = Task & { has_more: boolean };

/** The first tasks by id, up to `:limit` of them, and up to the one that passes 1 MiB of text. */
export const selectFirstTasks = defineStatement<WalkedRow, { limit: number }>(selectTasksBy('user_id = :userId'), {
  isReadOnly: true,
});

/** The tasks that follow `:after` by id. */
export const selectNextTasks = defineStatement<WalkedRow, { limit: number; after: string }>(
  selectTasksBy('user_id = :userId and id > :after::uuid'),
  { isReadOnly: true },
);

/** The first lists by id, after `:after`, where that is not null. */
export const selectListsById = defineStatement<List, { limit: number; after: string | null }>(
  `select ${toColumns(listFields)} from lists where user_id = :userId and (:after::uuid is null or id > :after::uuid)
  order by id limit :limit::int + 1`,
  { isReadOnly: true },
);

// Revisions

/** The entries of a page of revisions: of those before the position `:before`. */
export interface RevisionRow {
  revision: number;
  at: string;
  via: string;
  entries: EntryRow[];
}

export interface EntryRow {
  type: 'task' | 'list';
  id: string;
  op: 'created' | 'updated' | 'deleted' | 'restored';
  version: number;
  /** Of an update: its fields, and others that no client writes. */
  diff: Record<string, { from: unknown; to: unknown }> | null;
}

interface Before {
  /** A position of the journal. */
  readonly before: number;
  readonly rows: number;
}

/**
 * The newest revisions before `:before`, up to `:rows` of them, and up to one more than those that have 1 MiB of diffs.
 *
 * @param condition of their entries; an index serves it, by position.
 * @param isFirst whether an entry is the first of its revision, among those.
 */
const selectRevisionsBy = (condition: string, isFirst: string) => `
  select revision::float8, ${utc('at').column} as at, via, json_agg(json_build_object(
      'type', kind, 'id', id, 'op', operation, 'version', version, 'diff', diff
    ) order by seq) as entries
  from (
    select seq, revision, at, via, kind, id, operation, version, diff,
      coalesce(sum(octet_length(diff::text)) over preceding, 0) as bytes
    from (
      select seq, revision, at, via, kind, id, operation, version, case when operation = 'updated' then diff end as diff
      from changes
      where ${condition} and seq < :before::bigint and seq >= (
        select min(seq) from (
          select seq from changes entry where ${condition} and seq < :before::bigint and ${isFirst}
          order by seq desc limit :rows::int
        ) firsts
      )
    ) entries
    where kind <> 'start' and at > now() - ${RETENTION}
    window preceding as (order by revision desc groups between unbounded preceding and 2 preceding)
  ) entries
  where bytes <= ${MAX_PAGE_BYTES}
  group by revision, at, via
  order by entries.revision desc`;

export const selectRevisions = defineStatement<RevisionRow, Before>(
  selectRevisionsBy('user_id = :userId', 'seq = revision'),
  { isReadOnly: true },
);

/** The same of those that changed one task, with its entries alone. */
export const selectRevisionsOfTask = defineStatement<RevisionRow, Before & { task: string }>(
  selectRevisionsBy(
    `user_id = :userId and id = :task::uuid and kind = 'task'`,
    // Fenced, so that PostgreSQL reads the entries of the revision by their key: it takes conditions for rarer than they are.
    `not exists (
            select from (
              select kind from changes where user_id = :userId and id = :task::uuid
                and seq >= entry.revision and seq < entry.seq offset 0
            ) earlier where kind = 'task'
          )`,
  ),
  { isReadOnly: true },
);

// Trash

/** A deletion whose task can be restored, in terms of an entry that is the last one of its task. */
const isRestorable = `operation = 'deleted' and diff is not null and at > now() - ${RETENTION}`;

export interface TrashRow {
  seq: number;
  id: string;
  deleted_at: string;
  revision: number;
  /** With what it was searched by. */
  image: Task & { title_key: string | null; description_key: string | null };
}

/** The newest deletions before `:before`, up to `:rows` of them, and up to one more than those that have 1 MiB. */
export const selectTrash = defineStatement<TrashRow, Before>(
  `
  select seq::float8, id, ${utc('at').column} as deleted_at, revision::float8, diff as image
  from (
    select *, coalesce(sum(octet_length(diff::text)) over preceding, 0) as bytes
    from (
      select seq, revision, at, id, diff from changes deleted
      where user_id = :userId and seq < :before::bigint and kind = 'task' and ${isRestorable} and not exists (
        select from changes later where later.user_id = :userId and later.id = deleted.id and later.kind = deleted.kind and later.seq > deleted.seq
      )
      order by seq desc limit :rows::int
    ) deleted
    window preceding as (order by seq desc rows between unbounded preceding and 2 preceding)
  ) deleted
  where bytes <= ${MAX_PAGE_BYTES}
  order by deleted.seq desc`,
  { isReadOnly: true },
);

/** The entry by which the task is in the trash; no row where it is not. */
const trashed = `trashed as (
    select id, version, diff from (
      select id, version, operation, at, diff from changes where user_id = :userId and id = :id::uuid and kind = 'task'
      order by seq desc limit 1
    ) last
    where ${isRestorable}
  )`;

interface Id {
  readonly id: string;
}

const restoredPlace = {
  list_id: 'goal.list_id',
  parent_id: 'goal.parent_id',
  position: `case when goal.place = coalesce(image.parent_id, image.list_id, ${NO_PLACE}) and image.position is not null and not exists (
      select from tasks t where t.user_id = :userId and t.place = goal.place and t.position = image.position
    ) then image.position else ${endOf('goal.place')} end`,
};

/**
 * Puts a task back under its id, as it was: below its parent, where that exists and is not too deep, else to the top level of
 * its list, where that exists; to its position where that is free, else to the end.
 */
export const restoreTask = defineWrite<Task, Id & { max: number | null }>(
  { ...journaled, fields: resultFields, inserts: true },
  (isAllowed) => [
    trashed,
    `image as materialized (
    select version, image.* from trashed, json_to_record(diff) as image (
      ${imageRecord}
    )
  )`,
    `ancestors as (
    select t.id, t.parent_id, t.list_id, 1 as distance from image join tasks t on t.user_id = :userId and t.id = image.parent_id
    union all
    select t.id, t.parent_id, t.list_id, distance + 1
    from ancestors a join tasks t on t.user_id = :userId and t.id = a.parent_id where distance < ${MAX_LEVELS}
  )`,
    `goal as materialized (
    select parent_id, list_id, coalesce(parent_id, list_id, ${NO_PLACE}) as place
    from (
      select parent.id as parent_id, case when parent.id is null then (
        select l.id from lists l where l.user_id = :userId and l.id = image.list_id
      ) else parent.list_id end as list_id
      from image left join ancestors parent on distance = 1 and (select max(distance) from ancestors) < ${MAX_LEVELS}
    ) goal
  )`,
    `inserted as (
    insert into tasks (user_id, id, ${Object.keys(imageColumns)}, version)
    select :userId::text, :id::uuid, ${Object.entries({ ...imageColumns, ...restoredPlace })
      .map(([, value]) => value)
      .join(', ')}, version + 1 from image, goal
    where ${isAllowed} and ${isWithinQuota(journaled)}
    returning ${tableColumns.join(', ')}
  )`,
    `inserted_tags as (
    insert into task_tags (user_id, task_id, tag) select user_id, id, unnest(tags) from inserted, image
  )`,
    `changed as (
    select id, 'restored' as operation, version, null::json as diff from inserted
  )`,
    `result as (
    select ${tableColumns.map((column) => `inserted.${column}`).join(', ')}, tags,
      case when inserted.id is null then 'refused' else 'restored' end as outcome
    from image left join inserted on true
  )`,
  ],
);

/** Takes the contents of the tasks of `trashed` out of the journal and the stored responses. The entries stay. A list has no title. */
const purged = `freed as (
    update journals set bytes = bytes - (
      select coalesce(sum(${octets}), 0) from changes where user_id = :userId and kind = 'task' and id in (select id from trashed)
    )
    where user_id = :userId
  ), purged as (
    update changes set diff = null where user_id = :userId and kind = 'task' and id in (select id from trashed) and diff is not null
  ), deleted_responses as (
    delete from idempotency_keys where user_id = :userId and answer ->> 'id' in (select id::text from trashed)
      and answer ->> 'title' is not null
  )`;

/** Purges one task of the trash; no row where it is not there. */
export const purgeTask = defineStatement<Id, Id>(`
  with ${trashed}, ${purged}
  select id from trashed`);

/** Purges all tasks that were deleted, those of before the retention too. */
export const emptyTrash = defineStatement<{ purged: number }>(`
  with trashed as (
    select id from changes deleted
    where user_id = :userId and kind = 'task' and operation = 'deleted' and diff is not null and not exists (
      select from changes later where later.user_id = :userId and later.id = deleted.id and later.kind = deleted.kind and later.seq > deleted.seq
    )
  ), ${purged}
  select count(*)::int as purged from trashed`);
