import { sql } from 'drizzle-orm';
import type { Driver } from './driver';
import { textBackfill } from './schema';
import { bind, defineStatement } from './statement';
import { foldText, normalizeText } from './text';

const USERS_AT_ONCE = 500;
/** With descriptions of full length they are some megabytes. */
const TASKS_AT_ONCE = 200;
/** Below every id. */
const START = '00000000-0000-0000-0000-000000000000';

/**
 * Normalizes the text of tasks and fills `title_key` and `description_key`, for all users in `text_backfill`. The version of
 * a task grows only if a client can see the difference. Interrupted, it continues with the next call; a concurrent write wins.
 *
 * @returns how many tasks were updated.
 */
export async function backfillText({
  ownerDb,
  executeBatch,
}: Pick<Driver, 'ownerDb' | 'executeBatch'>): Promise<number> {
  let updated = 0;
  for (let after = START; ; ) {
    const { rows } = await ownerDb.execute<{ id: string; user_id: string }>(
      sql`select id, user_id from ${textBackfill} where id > ${after} order by id limit ${USERS_AT_ONCE}`,
    );
    const last = rows.at(-1);
    if (!last) return updated;
    for (const userId of new Set(rows.map(({ user_id }) => user_id)))
      updated += await backfillUser(executeBatch, userId);
    // A row that was added since then stays: its task may have been written since then.
    const ids = sql.join(
      rows.map(({ id }) => sql`${id}::uuid`),
      sql`, `,
    );
    await ownerDb.execute(sql`delete from ${textBackfill} where id in (${ids})`);
    after = last.id;
  }
}

async function backfillUser(execute: Driver['executeBatch'], userId: string): Promise<number> {
  let updated = 0;
  for (let after = START; ; ) {
    const [found] = (await execute(userId, [bind(selectPending({ after }), userId)])) as [Pending[]];
    const last = found.at(-1);
    if (!last) return updated;
    const values = { tasks: JSON.stringify(found.map(toUpdate)), tags: JSON.stringify(found.flatMap(toTags)) };
    const [written] = (await execute(userId, [bind(updateTasks(values), userId)])) as [unknown[]];
    updated += written.length;
    // A task that was written concurrently is read again.
    if (written.length === found.length) after = last.id;
  }
}

interface Pending {
  readonly id: string;
  readonly version: number;
  readonly title: string;
  readonly description: string | null;
  readonly tags: readonly string[];
}

function toUpdate({ id, version, ...task }: Pending) {
  const title = normalizedWithin(255, task.title);
  const description = task.description === null ? null : normalizedWithin(10_000, task.description);
  const isVisible = title !== task.title || description !== task.description || toTags({ id, ...task }).length > 0;
  return {
    ...{ id, version, title, description },
    title_key: foldText(title),
    description_key: foldText(description ?? ''),
    next_version: isVisible ? version + 1 : version,
  };
}

/** The tags that are not normalized. */
function toTags({ id, tags }: Pick<Pending, 'id' | 'tags'>) {
  return tags
    .map((tag) => ({ task_id: id, tag, normalized: normalizedWithin(50, tag) }))
    .filter(({ tag, normalized }) => tag !== normalized);
}

/** Some characters are longer in NFC. A text that would not fit any more is left as it is. */
function normalizedWithin(limit: number, text: string): string {
  const normalized = normalizeText(text);
  return [...normalized].length > limit ? text : normalized;
}

const selectPending = defineStatement<Pending, { after: string }>(
  `
  select id, version, title, description, array(
    select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id
  ) as tags
  from tasks where user_id = :userId and id > :after::uuid and description_key is null
  order by id limit ${TASKS_AT_ONCE}`,
  { isReadOnly: true },
);

const updateTasks = defineStatement<{ id: string }, { tasks: string; tags: string }>(`
  with given as (
    select * from json_to_recordset(:tasks::json) as given (
      id uuid, version int, title text, description text, title_key text, description_key text, next_version int
    )
  ), hit as (
    update tasks set title = given.title, description = given.description, title_key = given.title_key,
      description_key = given.description_key, version = given.next_version,
      updated_at = case when given.next_version = given.version then tasks.updated_at else now() end
    from given
    where tasks.user_id = :userId and tasks.id = given.id and tasks.version = given.version
      and tasks.description_key is null
    returning tasks.id
  ), changed as (
    select given.* from json_to_recordset(:tags::json) as given (task_id uuid, tag text, normalized text)
    join hit on hit.id = given.task_id
  ), removed as (
    delete from task_tags t using changed
    where t.user_id = :userId and t.task_id = changed.task_id and t.tag = changed.tag
  ), added as (
    insert into task_tags (user_id, task_id, tag)
    select distinct :userId::text, task_id, normalized from changed
    on conflict do nothing
  )
  select id from hit`);
