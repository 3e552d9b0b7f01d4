import { prepare, queryBuilder } from '@taskward/db';
import { idempotencyKeys, tasks, taskTags } from '@taskward/db/schema';
import { and, asc, type Column, desc, eq, exists, inArray, not, notExists, type SQL, sql } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import type { Task } from './contract';

/** The statements of tasks. Each names the owner, and is built once: only its values change from call to call. */

const value = sql.placeholder;
const ownedByUser = eq(tasks.userId, value('userId'));
const byId = and(ownedByUser, eq(tasks.id, value('id')));

/** A moment as clients see it: UTC, to the millisecond (RFC 3339). */
const timestamp = (column: Column) => sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** What the world may see of a row, member by member: a new column stays inside until it is named here. */
const jsonFields: Record<keyof Task, Column | SQL> = {
  id: tasks.id,
  user_id: tasks.userId,
  title: tasks.title,
  description: tasks.description,
  status: tasks.status,
  completed: sql`${tasks.status} = 'done'`,
  priority: tasks.priority,
  due_date: tasks.dueDate,
  // Written out in full, because Drizzle drops the table's name from columns in a select list.
  tags: sql`array(
    select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag
  )`,
  completed_at: timestamp(tasks.completedAt),
  created_at: timestamp(tasks.createdAt),
  updated_at: timestamp(tasks.updatedAt),
  version: tasks.version,
};
const jsonPairs = Object.entries(jsonFields).map(([name, value]) => sql`${sql.raw(`'${name}'`)}, ${value}`);
/** Made by the database: one value for each row costs this process less than thirteen. */
const taskJson = sql<Task>`json_build_object(${sql.join(jsonPairs, sql`, `)})`;

export const selectTask = prepare(queryBuilder.select({ task: taskJson }).from(tasks).where(byId));

/** What a list can be sorted by, upwards and downwards, and the type of that in SQL; each has an index. */
const sortKeys = {
  created_at: { up: sql`${tasks.createdAt}`, down: sql`${tasks.createdAt}`, type: sql`timestamptz` },
  updated_at: { up: sql`${tasks.updatedAt}`, down: sql`${tasks.updatedAt}`, type: sql`timestamptz` },
  // A task without a due date comes last either way. To row-level security `coalesce` is leaky, and `case` is not.
  due_date: {
    up: sql`case when ${tasks.dueDate} is null then 'infinity'::date else ${tasks.dueDate} end`,
    down: sql`case when ${tasks.dueDate} is null then '-infinity'::date else ${tasks.dueDate} end`,
    type: sql`date`,
  },
  priority: { up: sql`${tasks.priorityRank}`, down: sql`${tasks.priorityRank}`, type: sql`smallint` },
  title: { up: sql`${tasks.titleKey}`, down: sql`${tasks.titleKey}`, type: sql`text` },
};

/** No word has a line break, so none spans both. A description that is not folded yet is searched without ASCII case. */
const searchText = sql`(${tasks.titleKey} || chr(10) || coalesce(${tasks.descriptionKey}, lower(${tasks.description} collate "C"), ''))`;

/** What a list can be narrowed by. Each compares in a way that row-level security lets an index serve. */
const filtersBy = (due: SQL) => ({
  status: sql`${tasks.status} = any(${value('status')}::text[])`,
  priority: sql`${tasks.priorityRank} = any(${value('priority')}::smallint[])`,
  dueBefore: sql`(${due} <= ${value('dueBefore')}::date and ${due} > '-infinity'::date)`,
  dueAfter: sql`(${due} >= ${value('dueAfter')}::date and ${due} < 'infinity'::date)`,
  tags: sql`(
    select count(*) from task_tags t
    where t.user_id = ${value('userId')} and t.task_id = ${tasks.id} and t.tag = any(${value('tags')}::text[])
  ) = cardinality(${value('tags')}::text[])`,
  // No word is missing. The text is read once for all of them, and `strpos` takes a hostile word better than `like` does.
  q: sql`not exists (
    select from (select ${searchText} as searched offset 0) task, unnest(${value('q')}::text[]) as word
    where strpos(searched, word) = 0
  )`,
});
const userTags = sql`select t.task_id from task_tags t where t.user_id = ${value('userId')} and t.tag`;
/** Up to so many tasks are read one by one and sorted; for more, the index of the sort is gone along. */
const RARE_TAG_LIMIT = sql.raw('1000');
/** The tasks with whichever of the tags has the fewest, or one more than `FEW` of them: no tag is counted to its end. */
const rarestTagTasks = sql`${userTags} = (
    select one.tag from unnest(${value('tags')}::text[]) as one (tag)
    order by (select count(*) from (${userTags} = one.tag order by t.task_id limit ${RARE_TAG_LIMIT} + 1) counted) limit 1
  ) order by t.task_id limit ${RARE_TAG_LIMIT} + 1`;
const isRare = sql`(select count(*) from narrowest) <= ${RARE_TAG_LIMIT}`;
const isTaggedRarely = sql`${tasks.id} = any(array(select task_id from narrowest))`;
export type Filter = keyof ReturnType<typeof filtersBy>;
export type SortKey = keyof typeof sortKeys;

export interface ListShape {
  readonly sort: SortKey;
  readonly descending: boolean;
  readonly filters: readonly Filter[];
  /** Whether it goes on after the values `key` and `id`. */
  readonly afterCursor: boolean;
}

/** A page ends with the task that passes this many bytes of JSON, before it reaches its limit. */
const MAX_PAGE_BYTES = sql.raw(String(2 ** 20));

const LIST_TIMEOUT_MS = 2_000;

const MAX_LISTS = 500;
const lists = new Map<string, ReturnType<typeof buildList>>();

/** The list of this shape: all of a page in one value, as a task is. */
export function selectPage(shape: ListShape) {
  const name = JSON.stringify(shape);
  const statement = lists.get(name) ?? buildList(shape);
  if (lists.size < MAX_LISTS) lists.set(name, statement);
  return statement;
}

function buildList(shape: ListShape) {
  const { up, down, type } = sortKeys[shape.sort];
  const [key, direction, comparison] = shape.descending ? [down, desc, sql`<`] : [up, asc, sql`>`];
  const after = sql`(${key}, ${tasks.id}) ${comparison} (${value('key')}::${type}, ${value('id')}::uuid)`;
  // The same expression for order and filter, so that one stretch of one index serves both.
  const filters = filtersBy(shape.sort === 'due_date' ? key : sortKeys.due_date.up);
  const conditions = shape.filters.map((filter) => filters[filter]);
  const pageOf = (...more: SQL[]) =>
    queryBuilder
      .select({ task: taskJson.as('task'), key: key.as('key') })
      .from(tasks)
      .where(and(ownedByUser, ...conditions, ...more, shape.afterCursor ? after : undefined))
      .orderBy(direction(key), direction(tasks.id))
      // One more, which tells whether there is a next page.
      .limit(value('candidates'));
  // Whichever of the two it is, the other is empty.
  const candidates = shape.filters.includes('tags')
    ? sql`with narrowest as (${rarestTagTasks}) ${unionAll(pageOf(isRare, isTaggedRarely), pageOf(not(isRare)))}`
    : pageOf();
  // The size of a value just computed is known without another look at it; that of its text would have to be made.
  const fits = sql`row_number() over preceding <= ${value('limit')}::int
    and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= ${MAX_PAGE_BYTES}`;
  // Aggregates and windows take the rows in their order (https://www.postgresql.org/docs/current/functions-aggregate.html).
  const page = sql`(
    select task, key, ${fits} as fits from (${candidates}) candidates window preceding as (rows unbounded preceding)
  ) page`;
  const columns = {
    data: sql<Task[]>`coalesce(json_agg(task) filter (where fits), '[]')`,
    /** Of the last task of the page, where another page follows. */
    key: sql<string | null>`case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end`,
  };
  const options = { isPlannedAnew: shape.filters.length > 0, timeoutMs: LIST_TIMEOUT_MS };
  return prepare(queryBuilder.select(columns).from(page), options);
}

/**
 * Held until the end of the transaction, so that writers of one task and its tags queue up, also where the task is not
 * there yet. What follows in the batch sees what the writer before it left (READ COMMITTED).
 *
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export const lockTask = prepare(
  queryBuilder
    .select({
      locked: sql`pg_advisory_xact_lock(hashtextextended(${value('userId')} || ' ' || ${value('id')}, 0))::text`,
    })
    .from(sql`(values (1)) one`),
);

const completedAt = (status: SQL) => sql`case when ${status} = 'done' then coalesce(${tasks.completedAt}, now()) end`;

/** A new value for each member that a write names. */
type NewValues = Partial<Record<'title' | 'description' | 'status' | 'priority' | 'dueDate' | 'tags', SQL>>;

/** The columns that become these values. A write that changes nothing leaves `version` and `updated_at` as they are. */
function updateColumns({ tags, ...next }: NewValues) {
  const differences = Object.entries(next).map(
    ([name, now]) => sql`${tasks[name as keyof typeof next]} is distinct from ${now}`,
  );
  if (tags) {
    differences.push(sql`${tags} is distinct from array(
      select t.tag from task_tags t where t.user_id = ${tasks.userId} and t.task_id = ${tasks.id} order by t.tag
    )`);
  }
  // An empty patch has none.
  const changed = sql.join([sql`false`, ...differences], sql` or `);
  return {
    ...next,
    ...(next.title && { titleKey }),
    // Null stays null until the backfill, or a PUT, has brought all the text of the task up to date.
    ...(next.description && {
      descriptionKey: sql`case when ${tasks.descriptionKey} is not null then ${descriptionKey} end`,
    }),
    ...(next.status && { completedAt: completedAt(next.status) }),
    version: sql`${tasks.version} + case when ${changed} then 1 else 0 end`,
    updatedAt: sql`case when ${changed} then now() else ${tasks.updatedAt} end`,
  };
}

const inputParams = {
  title: sql`${value('title')}::text`,
  description: sql`${value('description')}::text`,
  status: sql`${value('status')}::text`,
  priority: sql`${value('priority')}::text`,
  dueDate: sql`${value('dueDate')}::date`,
  tags: sql`array(select unnest(${value('tags')}::text[]) collate "C" as tag order by tag)`,
};
export type Field = keyof typeof inputParams;
const titleKey = sql`${value('titleKey')}::text`;
const descriptionKey = sql`${value('descriptionKey')}::text`;

/** The versions that a client's precondition names, null where it sent none; 0 stands for any. */
const ifMatch = sql`${value('ifMatch')}::int[]`;
const ifNoneMatch = sql`${value('ifNoneMatch')}::int[]`;
const versionMatches = (versions: SQL) => sql`(${tasks.version} = any(${versions}) or 0 = any(${versions}))`;
const preconditionsHold = sql`(${ifMatch} is null or ${versionMatches(ifMatch)}) and (${ifNoneMatch} is null or not ${versionMatches(ifNoneMatch)})`;

const thisKey = and(eq(idempotencyKeys.userId, value('userId')), eq(idempotencyKeys.key, value('key')));
const notExpired = sql`${idempotencyKeys.createdAt} > now() - interval '24 hours'`;
/** Nothing is written twice for one key. */
const keyUnused = notExists(
  queryBuilder.select({ key: idempotencyKeys.key }).from(idempotencyKeys).where(and(thisKey, notExpired)),
);

const affectedColumns = { userId: tasks.userId, id: tasks.id };

/** Answers a row where the task was there and as expected; so do all the updates below. */
const updated = (next: NewValues) =>
  queryBuilder
    .update(tasks)
    .set(updateColumns(next))
    .where(and(byId, preconditionsHold, keyUnused))
    .returning(affectedColumns);

/** Makes the given tags those of the task that a write hit, in the same statement. */
function replaceTags(hit: typeof upserted) {
  const removed = queryBuilder.$with('removed').as(
    queryBuilder
      .delete(taskTags)
      .where(
        sql`(${taskTags.userId}, ${taskTags.taskId}) in (select user_id, id from hit)
          and ${taskTags.tag} <> all(${value('tags')}::text[])`,
      )
      .returning({ removed: taskTags.tag }),
  );
  const added = queryBuilder.$with('added').as(
    queryBuilder
      .insert(taskTags)
      .select(
        queryBuilder
          .select({ userId: hit.userId, taskId: hit.id, tag: sql`unnest(${value('tags')}::text[])`.as('tag') })
          .from(hit),
      )
      .onConflictDoNothing()
      .returning({ added: taskTags.tag }),
  );
  return queryBuilder.with(hit, removed, added).select().from(hit);
}

const atVersion = (versions: SQL) =>
  queryBuilder
    .select({ id: tasks.id })
    .from(tasks)
    .where(and(byId, versionMatches(versions)));

/** Under `maxTasks`, where that is not null; counted only for a task that is not there yet. */
const belowQuota = sql`(${value('maxTasks')}::int is null
  or ${exists(queryBuilder.select({ id: tasks.id }).from(tasks).where(byId))}
  or not exists (select from tasks where ${ownedByUser} offset ${value('maxTasks')}::int - 1 limit 1))`;

/** Held until the end of the transaction, so that creations of one user queue up, and each counts those before it. */
export const lockUser = prepare(
  queryBuilder
    .select({ locked: sql`pg_advisory_xact_lock(hashtextextended(${value('userId')} || ' tasks', 0))::text` })
    .from(sql`(values (1)) one`),
);

/** The whole task as given, in the order of the table's columns, where the preconditions allow it. */
const newTask = sql`
  select ${value('userId')}::text, ${value('id')}::uuid, ${inputParams.title}, ${inputParams.description}, ${inputParams.status},
    ${inputParams.priority}, ${inputParams.dueDate}, case when ${inputParams.status} = 'done' then now() end, now(), now(), 1,
    ${titleKey}, ${descriptionKey}
  where (${ifMatch} is null or ${exists(atVersion(ifMatch))})
    and (${ifNoneMatch} is null or ${notExists(atVersion(ifNoneMatch))}) and ${keyUnused} and ${belowQuota}`;

const upserted = queryBuilder.$with('hit').as(
  queryBuilder
    .insert(tasks)
    .select(newTask)
    .onConflictDoUpdate({ target: [tasks.userId, tasks.id], set: { ...updateColumns(inputParams), descriptionKey } })
    .returning(affectedColumns),
);

/** Creates the task, or replaces it whole. Answers a row where the preconditions and the limit allowed it. */
export const upsertTask = prepare(replaceTags(upserted));

export const selectVersion = prepare(queryBuilder.select({ version: tasks.version }).from(tasks).where(byId));

const updates = new Map<string, ReturnType<typeof buildUpdate>>();

/** The update of just these members. */
export function updateTask(members: readonly Field[]) {
  const name = members.toSorted().join();
  const statement = updates.get(name) ?? buildUpdate(members);
  updates.set(name, statement);
  return statement;
}

function buildUpdate(members: readonly Field[]) {
  const update = updated(Object.fromEntries(members.map((member) => [member, inputParams[member]])));
  return members.includes('tags') ? prepare(replaceTags(queryBuilder.$with('hit').as(update))) : prepare(update);
}

const completed = sql`coalesce(${value('completed')}::boolean, ${tasks.status} <> 'done')`;
/** Sets the status by `completed`, or toggles it where that is null. */
export const completeTask = prepare(
  updated({
    status: sql`case when ${completed} then 'done' when ${tasks.status} = 'done' then 'todo' else ${tasks.status} end`,
  }),
);

export const deleteTask = prepare(
  queryBuilder.delete(tasks).where(and(byId, preconditionsHold)).returning(affectedColumns),
);

/** Held like `lock`, so that of two requests with one key the second finds the answer of the first. */
export const lockKey = prepare(
  queryBuilder
    .select({
      locked: sql`pg_advisory_xact_lock(hashtextextended(${value('userId')} || ' key ' || ${value('key')}, 0))::text`,
    })
    .from(sql`(values (1)) one`),
);

/** The answer that was given for the key before. */
export const selectIdempotentResponse = prepare(
  queryBuilder
    .select({
      fingerprint: idempotencyKeys.fingerprint,
      answer: sql<Task>`${idempotencyKeys.answer}`,
    })
    .from(idempotencyKeys)
    .where(and(thisKey, notExpired)),
);

/** Keeps the task as the answer, where it was this transaction that wrote it. */
export const saveIdempotentResponse = prepare(
  queryBuilder
    .insert(idempotencyKeys)
    .select(
      sql`select ${value('userId')}::text, ${value('key')}::text, ${value('fingerprint')}::text, ${taskJson}, now()
    from ${tasks} where ${byId} and ${tasks}.xmin = pg_current_xact_id()::xid`,
    )
    .onConflictDoUpdate({
      target: [idempotencyKeys.userId, idempotencyKeys.key],
      set: {
        fingerprint: sql`excluded.fingerprint`,
        answer: sql`excluded.answer`,
        createdAt: sql`excluded.created_at`,
      },
    }),
);

/** How many stored answers a user has at most; the oldest go. */
const MAX_STORED_RESPONSES = sql.raw('10000');
/** When the oldest answer was stored that is among the newest `MAX_ANSWERS`; null where there are fewer. */
const oldestKept = sql`(
  select created_at from idempotency_keys where ${eq(idempotencyKeys.userId, value('userId'))}
  order by created_at desc offset ${MAX_STORED_RESPONSES} - 1 limit 1)`;

/** Deletes some of what has expired or is beyond the limit: a few rows each time, so that no write takes long. */
export const deleteExpiredKeys = prepare(
  queryBuilder
    .delete(idempotencyKeys)
    .where(
      and(
        eq(idempotencyKeys.userId, value('userId')),
        inArray(
          idempotencyKeys.key,
          queryBuilder
            .select({ key: idempotencyKeys.key })
            .from(idempotencyKeys)
            .where(
              and(
                eq(idempotencyKeys.userId, value('userId')),
                sql`${idempotencyKeys.createdAt} < greatest(now() - interval '24 hours', ${oldestKept})`,
              ),
            )
            .orderBy(idempotencyKeys.createdAt)
            .limit(20),
        ),
      ),
    )
    .returning({ key: idempotencyKeys.key }),
);
