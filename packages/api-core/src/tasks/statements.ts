import { query } from '@taskward/db';
import { tasks, taskTags } from '@taskward/db/schema';
import { and, desc, eq, exists, getTableColumns, notExists, type SQL, sql } from 'drizzle-orm';

/** The statements of tasks. Each names the owner, and is built once: only its values change from call to call. */

const value = sql.placeholder;
const mine = eq(tasks.userId, value('userId'));
const thisOne = and(mine, eq(tasks.id, value('id')));

const columns = {
  ...getTableColumns(tasks),
  // Written out in full, because Drizzle drops the table's name from columns in a select list.
  tags: sql<string[]>`array_to_json(array(
    select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag collate "C"
  ))`,
};

export const find = query.select(columns).from(tasks).where(thisOne).prepare('task_find');

const newestFirst = [desc(tasks.createdAt), desc(tasks.id)];
const after = sql`(${tasks.createdAt}, ${tasks.id}) < (${value('createdAt')}::timestamptz, ${value('id')}::uuid)`;
const page = (where: SQL | undefined) =>
  query
    .select(columns)
    .from(tasks)
    .where(where)
    .orderBy(...newestFirst)
    .limit(value('limit'));
export const firstPage = page(mine).prepare('task_first_page');
export const nextPage = page(and(mine, after)).prepare('task_next_page');

/**
 * Held until the end of the transaction, so that writers of one task and its tags queue up, also where the task is not
 * there yet. What follows in the batch sees what the writer before it left (READ COMMITTED).
 *
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export const lock = query
  .select({
    locked: sql`pg_advisory_xact_lock(hashtextextended(${value('userId')} || ' ' || ${value('id')}, 0))::text`,
  })
  .from(sql`(values (1)) one`)
  .prepare('task_lock');

const completedAt = (status: SQL) => sql`case when ${status} = 'done' then coalesce(${tasks.completedAt}, now()) end`;

/** A new value for each member that a write names. */
type Next = Partial<Record<'title' | 'description' | 'status' | 'priority' | 'dueDate' | 'tags', SQL>>;

/** The columns that become these values. A write that changes nothing leaves `version` and `updated_at` as they are. */
function changes({ tags, ...next }: Next) {
  const differences = Object.entries(next).map(
    ([name, now]) => sql`${tasks[name as keyof typeof next]} is distinct from ${now}`,
  );
  if (tags) {
    differences.push(sql`${tags} is distinct from array(
      select t.tag from task_tags t where t.user_id = ${tasks.userId} and t.task_id = ${tasks.id} order by t.tag collate "C"
    )`);
  }
  const changed = sql.join(differences, sql` or `);
  return {
    ...next,
    ...(next.status && { completedAt: completedAt(next.status) }),
    version: sql`${tasks.version} + case when ${changed} then 1 else 0 end`,
    updatedAt: sql`case when ${changed} then now() else ${tasks.updatedAt} end`,
  };
}

const given = {
  title: sql`${value('title')}::text`,
  description: sql`${value('description')}::text`,
  status: sql`${value('status')}::task_status`,
  priority: sql`${value('priority')}::task_priority`,
  dueDate: sql`${value('dueDate')}::date`,
  tags: sql`array(select unnest(${value('tags')}::text[]) collate "C" as tag order by tag)`,
};
export type Member = keyof typeof given;

/** The versions that a client's precondition names, null where it sent none; 0 stands for any. */
const ifMatch = sql`${value('ifMatch')}::int[]`;
const ifNoneMatch = sql`${value('ifNoneMatch')}::int[]`;
const isAt = (versions: SQL) => sql`(${tasks.version} = any(${versions}) or 0 = any(${versions}))`;
const isAsExpected = sql`(${ifMatch} is null or ${isAt(ifMatch)})`;

const hitColumns = { userId: tasks.userId, id: tasks.id };

/** Answers a row where the task was there and as expected; so do all the updates below. */
const updated = (next: Next) =>
  query.update(tasks).set(changes(next)).where(and(thisOne, isAsExpected)).returning(hitColumns);

/** Makes the given tags those of the task that a write hit, in the same statement. */
function withTags(hit: typeof upserted) {
  const removed = query.$with('removed').as(
    query
      .delete(taskTags)
      .where(
        sql`(${taskTags.userId}, ${taskTags.taskId}) in (select user_id, id from hit)
          and ${taskTags.tag} <> all(${value('tags')}::text[])`,
      )
      .returning({ removed: taskTags.tag }),
  );
  const added = query.$with('added').as(
    query
      .insert(taskTags)
      .select(
        query
          .select({ userId: hit.userId, taskId: hit.id, tag: sql`unnest(${value('tags')}::text[])`.as('tag') })
          .from(hit),
      )
      .onConflictDoNothing()
      .returning({ added: taskTags.tag }),
  );
  return query.with(hit, removed, added).select().from(hit);
}

/** The whole task as given, where the preconditions allow it. */
const newTask = query
  .select({
    userId: sql`${value('userId')}::text`.as('user_id'),
    id: sql`${value('id')}::uuid`.as('id'),
    title: given.title.as('title'),
    description: given.description.as('description'),
    status: given.status.as('status'),
    priority: given.priority.as('priority'),
    dueDate: given.dueDate.as('due_date'),
    completedAt: sql`case when ${given.status} = 'done' then now() end`.as('completed_at'),
    createdAt: sql`now()`.as('created_at'),
    updatedAt: sql`now()`.as('updated_at'),
    version: sql`1`.as('version'),
  })
  .from(sql`(values (1)) one`);
const atVersion = (versions: SQL) =>
  query
    .select({ id: tasks.id })
    .from(tasks)
    .where(and(thisOne, isAt(versions)));
const allowed = and(
  sql`(${ifMatch} is null or ${exists(atVersion(ifMatch))})`,
  sql`(${ifNoneMatch} is null or ${notExists(atVersion(ifNoneMatch))})`,
);

const upserted = query.$with('hit').as(
  query
    .insert(tasks)
    .select(newTask.where(allowed))
    .onConflictDoUpdate({ target: [tasks.userId, tasks.id], set: changes(given) })
    .returning(hitColumns),
);

/** Creates the task, or replaces it whole. Answers a row where the preconditions allowed it. */
export const put = withTags(upserted).prepare('task_put');

export const version = query.select({ version: tasks.version }).from(tasks).where(thisOne).prepare('task_version');

const updates = new Map<string, ReturnType<typeof buildUpdate>>();

/** The update of just these members. */
export function update(members: readonly Member[]) {
  const name = `task_update_${members.toSorted().join('_')}`;
  const statement = updates.get(name) ?? buildUpdate(name, members);
  updates.set(name, statement);
  return statement;
}

function buildUpdate(name: string, members: readonly Member[]) {
  const update = updated(Object.fromEntries(members.map((member) => [member, given[member]])));
  return (members.includes('tags') ? withTags(query.$with('hit').as(update)) : update).prepare(name);
}

const completed = sql`coalesce(${value('completed')}::boolean, ${tasks.status} <> 'done')`;
/** Sets the status by `completed`, or toggles it where that is null. */
export const complete = updated({
  status: sql`case when ${completed} then 'done' when ${tasks.status} = 'done' then 'todo' else ${tasks.status} end`,
}).prepare('task_complete');

export const remove = query
  .delete(tasks)
  .where(and(thisOne, isAsExpected))
  .returning(hitColumns)
  .prepare('task_remove');
