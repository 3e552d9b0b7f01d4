import { defineStatement } from '@taskward/db';
import { microseconds } from '../kit/journal';
import { MAX_PAGE_BYTES } from '../kit/page';
import type { Position } from '../kit/sync-token';
import type { Task } from '../tasks/contract';
import { taskColumns, taskTextBytes } from '../tasks/queries';

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

/** A task with its place; without an id where it does not exist any more. */
export type ChangedRow = Position & { changed_id: string; has_more: boolean } & (Task | { id: null });

/**
 * The tasks of the entries after `:seq`, up to `:limit` of them, and up to the one that passes 1 MiB of text: each task once,
 * at the place of its last entry.
 */
export const selectChanged = defineStatement<ChangedRow, { seq: number; limit: number }>(
  `
  select seq::float8, ${microseconds('at')} as at, changed_id, has_more or position < count as has_more, ${taskColumns}
  from (
    select tasks.*, entry.seq, entry.at, entry.id as changed_id, entry.has_more,
      row_number() over preceding as position, count(*) over () as count,
      coalesce(sum(${taskTextBytes}) over preceding, 0) as bytes
    from (
      select distinct on (id) seq, at, id, has_more
      from (
        select *, row_number() over (order by seq) as number, count(*) over () > :limit::int as has_more
        from (
          select seq, at, id, kind from changes where user_id = :userId and seq > :seq::bigint
          order by seq limit :limit::int + 1
        ) following
      ) entries
      where number <= :limit::int and kind <> 'start'
      order by id, seq desc
    ) entry left join tasks on tasks.user_id = :userId and tasks.id = entry.id
    window preceding as (order by entry.seq rows between unbounded preceding and 1 preceding)
  ) tasks
  where bytes <= ${MAX_PAGE_BYTES}
  order by seq`,
  { isReadOnly: true },
);

const selectTasksBy = (condition: string) => `
  select ${taskColumns}, has_more or position < count as has_more
  from (
    select tasks.*, row_number() over preceding as position, count(*) over () as count,
      coalesce(sum(${taskTextBytes}) over preceding, 0) as bytes,
      count(*) over () > :limit::int as has_more
    from (
      select * from tasks where ${condition} order by id limit :limit::int + 1
    ) tasks
    window preceding as (order by id rows between unbounded preceding and 1 preceding)
  ) tasks
  where position <= :limit::int and bytes <= ${MAX_PAGE_BYTES}
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
