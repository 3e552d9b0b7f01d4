-- selectTask
select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as resource from tasks where user_id = $1 and id = $2::uuid;

-- selectVersion
select version from tasks where user_id = $1 and id = $2::uuid;

-- lockTask
select pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))::text;

-- lockTasksOfUser
select pg_advisory_xact_lock(hashtextextended($1 || ' tasks', 0))::text;

-- storeTask
insert into idempotency_keys (user_id, key, fingerprint, answer)
    select $1::text, $2::text, $3::text, json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) from tasks
    where user_id = $1 and id = $4::uuid and tasks.xmin = pg_current_xact_id()::xid
    on conflict (user_id, key) do update set
      fingerprint = excluded.fingerprint, answer = excluded.answer, created_at = excluded.created_at;

-- updateTask
update tasks set
    title = case when $1::boolean then $2::text else tasks.title end,
    description = case when $3::boolean then $4::text else tasks.description end,
    status = case when $5::boolean then $6::text else tasks.status end,
    priority = case when $7::boolean then $8::text else tasks.priority end,
    due_date = case when $9::boolean then $10::date else tasks.due_date end,
    title_key = case when $1::boolean then $11::text else tasks.title_key end,
    description_key = case when $3::boolean and tasks.description_key is not null
      then $12::text else tasks.description_key end,
    completed_at = case when (case when $5::boolean then $6::text else tasks.status end) = 'done' then coalesce(tasks.completed_at, now()) end,
    version = tasks.version + case when ($1::boolean and tasks.title is distinct from $2::text or $3::boolean and tasks.description is distinct from $4::text or $5::boolean and tasks.status is distinct from $6::text or $7::boolean and tasks.priority is distinct from $8::text or $9::boolean and tasks.due_date is distinct from $10::date) then 1 else 0 end,
    updated_at = case when ($1::boolean and tasks.title is distinct from $2::text or $3::boolean and tasks.description is distinct from $4::text or $5::boolean and tasks.status is distinct from $6::text or $7::boolean and tasks.priority is distinct from $8::text or $9::boolean and tasks.due_date is distinct from $10::date) then now() else tasks.updated_at end
  where user_id = $13 and id = $14::uuid and ($15::int[] is null or version = any($15::int[]))
  and ($16::int[] is null or version <> all($16::int[])) and not $17::boolean and not exists (
  select from idempotency_keys where user_id = $13 and key = $18::text and created_at > now() - interval '24 hours'
)
  returning user_id, id;

-- updateTaskAndTags
with written as (
  update tasks set
    title = case when $1::boolean then $2::text else tasks.title end,
    description = case when $3::boolean then $4::text else tasks.description end,
    status = case when $5::boolean then $6::text else tasks.status end,
    priority = case when $7::boolean then $8::text else tasks.priority end,
    due_date = case when $9::boolean then $10::date else tasks.due_date end,
    title_key = case when $1::boolean then $11::text else tasks.title_key end,
    description_key = case when $3::boolean and tasks.description_key is not null
      then $12::text else tasks.description_key end,
    completed_at = case when (case when $5::boolean then $6::text else tasks.status end) = 'done' then coalesce(tasks.completed_at, now()) end,
    version = tasks.version + case when ($1::boolean and tasks.title is distinct from $2::text or $3::boolean and tasks.description is distinct from $4::text or $5::boolean and tasks.status is distinct from $6::text or $7::boolean and tasks.priority is distinct from $8::text or $9::boolean and tasks.due_date is distinct from $10::date or array(select unnest($13::text[]) collate "C" as tag order by tag) is distinct from array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag)) then 1 else 0 end,
    updated_at = case when ($1::boolean and tasks.title is distinct from $2::text or $3::boolean and tasks.description is distinct from $4::text or $5::boolean and tasks.status is distinct from $6::text or $7::boolean and tasks.priority is distinct from $8::text or $9::boolean and tasks.due_date is distinct from $10::date or array(select unnest($13::text[]) collate "C" as tag order by tag) is distinct from array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag)) then now() else tasks.updated_at end
  where user_id = $14 and id = $15::uuid and ($16::int[] is null or version = any($16::int[]))
  and ($17::int[] is null or version <> all($17::int[])) and not $18::boolean and not exists (
  select from idempotency_keys where user_id = $14 and key = $19::text and created_at > now() - interval '24 hours'
)
  returning user_id, id
  ), removed as (
    delete from task_tags t using written
    where t.user_id = written.user_id and t.task_id = written.id and t.tag <> all($13::text[])
  ), added as (
    insert into task_tags (user_id, task_id, tag)
    select user_id, id, unnest($13::text[]) from written
    on conflict do nothing
  )
  select id from written;

-- completeTask
update tasks set
    status = (case when coalesce($1::boolean, tasks.status <> 'done') then 'done' when tasks.status = 'done' then 'todo' else tasks.status end),
    completed_at = case when (case when coalesce($1::boolean, tasks.status <> 'done') then 'done' when tasks.status = 'done' then 'todo' else tasks.status end) = 'done' then coalesce(tasks.completed_at, now()) end,
    version = tasks.version + case when tasks.status is distinct from (case when coalesce($1::boolean, tasks.status <> 'done') then 'done' when tasks.status = 'done' then 'todo' else tasks.status end) then 1 else 0 end,
    updated_at = case when tasks.status is distinct from (case when coalesce($1::boolean, tasks.status <> 'done') then 'done' when tasks.status = 'done' then 'todo' else tasks.status end) then now() else tasks.updated_at end
  where user_id = $2 and id = $3::uuid and ($4::int[] is null or version = any($4::int[]))
  and ($5::int[] is null or version <> all($5::int[])) and not $6::boolean and not exists (
  select from idempotency_keys where user_id = $2 and key = $7::text and created_at > now() - interval '24 hours'
)
  returning user_id, id;

-- upsertTask
with written as (
    insert into tasks (user_id, id, title, description, status, priority, due_date, title_key, description_key, completed_at)
    select $1::text, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::date, $8::text, $9::text,
      case when $5::text = 'done' then now() end
    where ($10::int[] is null or exists (select from tasks where user_id = $1 and id = $2::uuid and version = any($10::int[])))
    and ($11::int[] is null or not exists (select from tasks where user_id = $1 and id = $2::uuid and version = any($11::int[])))
    and (not $12::boolean or exists (select from tasks where user_id = $1 and id = $2::uuid)) and (not $13::boolean or not exists (select from tasks where user_id = $1 and id = $2::uuid))
      and not exists (
  select from idempotency_keys where user_id = $1 and key = $14::text and created_at > now() - interval '24 hours'
) and ($15::int is null or exists (select from tasks where user_id = $1 and id = $2::uuid)
    or not exists (select from tasks where user_id = $1 offset $15::int - 1 limit 1))
    on conflict (user_id, id) do update set
      title = excluded.title,
      description = excluded.description,
      status = excluded.status,
      priority = excluded.priority,
      due_date = excluded.due_date,
      title_key = excluded.title_key, description_key = excluded.description_key,
      completed_at = case when excluded.status = 'done' then coalesce(tasks.completed_at, now()) end,
    version = tasks.version + case when (tasks.title is distinct from excluded.title or tasks.description is distinct from excluded.description or tasks.status is distinct from excluded.status or tasks.priority is distinct from excluded.priority or tasks.due_date is distinct from excluded.due_date or array(select unnest($16::text[]) collate "C" as tag order by tag) is distinct from array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag)) then 1 else 0 end,
    updated_at = case when (tasks.title is distinct from excluded.title or tasks.description is distinct from excluded.description or tasks.status is distinct from excluded.status or tasks.priority is distinct from excluded.priority or tasks.due_date is distinct from excluded.due_date or array(select unnest($16::text[]) collate "C" as tag order by tag) is distinct from array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag)) then now() else tasks.updated_at end
    returning user_id, id
  ), removed as (
    delete from task_tags t using written
    where t.user_id = written.user_id and t.task_id = written.id and t.tag <> all($16::text[])
  ), added as (
    insert into task_tags (user_id, task_id, tag)
    select user_id, id, unnest($16::text[]) from written
    on conflict do nothing
  )
  select id from written;

-- deleteTask
delete from tasks where user_id = $1 and id = $2::uuid and ($3::int[] is null or version = any($3::int[]))
  and ($4::int[] is null or version <> all($4::int[])) and not $5::boolean returning id;

-- lockKey
select pg_advisory_xact_lock(hashtextextended($1 || ' key ' || $2, 0))::text;

-- selectStoredResponse
select fingerprint, answer as response from idempotency_keys
  where user_id = $1 and key = $2 and created_at > now() - interval '24 hours';

-- deleteExpiredKeys
delete from idempotency_keys where user_id = $1 and key in (
    select key from idempotency_keys where user_id = $1 and created_at < greatest(now() - interval '24 hours', (
      select created_at from idempotency_keys where user_id = $1
      order by created_at desc offset 10000 - 1 limit 1
    ))
    order by created_at limit 20
  )
  returning key;

-- selectPage {"sort":"created_at","descending":false,"afterCursor":false,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, created_at as key from tasks
    where user_id = $2
    order by created_at asc, id asc limit $3::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"created_at","descending":false,"afterCursor":true,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, created_at as key from tasks
    where user_id = $2 and (created_at, id) > ($3::timestamptz, $4::uuid)
    order by created_at asc, id asc limit $5::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"created_at","descending":true,"afterCursor":false,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, created_at as key from tasks
    where user_id = $2
    order by created_at desc, id desc limit $3::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"created_at","descending":true,"afterCursor":true,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, created_at as key from tasks
    where user_id = $2 and (created_at, id) < ($3::timestamptz, $4::uuid)
    order by created_at desc, id desc limit $5::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"updated_at","descending":false,"afterCursor":false,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, updated_at as key from tasks
    where user_id = $2
    order by updated_at asc, id asc limit $3::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"updated_at","descending":false,"afterCursor":true,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, updated_at as key from tasks
    where user_id = $2 and (updated_at, id) > ($3::timestamptz, $4::uuid)
    order by updated_at asc, id asc limit $5::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"updated_at","descending":true,"afterCursor":false,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, updated_at as key from tasks
    where user_id = $2
    order by updated_at desc, id desc limit $3::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"updated_at","descending":true,"afterCursor":true,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, updated_at as key from tasks
    where user_id = $2 and (updated_at, id) < ($3::timestamptz, $4::uuid)
    order by updated_at desc, id desc limit $5::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"due_date","descending":false,"afterCursor":false,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then 'infinity'::date else due_date end as key from tasks
    where user_id = $2
    order by case when due_date is null then 'infinity'::date else due_date end asc, id asc limit $3::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"due_date","descending":false,"afterCursor":true,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then 'infinity'::date else due_date end as key from tasks
    where user_id = $2 and (case when due_date is null then 'infinity'::date else due_date end, id) > ($3::date, $4::uuid)
    order by case when due_date is null then 'infinity'::date else due_date end asc, id asc limit $5::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"due_date","descending":true,"afterCursor":false,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then '-infinity'::date else due_date end as key from tasks
    where user_id = $2
    order by case when due_date is null then '-infinity'::date else due_date end desc, id desc limit $3::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"due_date","descending":true,"afterCursor":true,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then '-infinity'::date else due_date end as key from tasks
    where user_id = $2 and (case when due_date is null then '-infinity'::date else due_date end, id) < ($3::date, $4::uuid)
    order by case when due_date is null then '-infinity'::date else due_date end desc, id desc limit $5::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"priority","descending":false,"afterCursor":false,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, priority_rank as key from tasks
    where user_id = $2
    order by priority_rank asc, id asc limit $3::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"priority","descending":false,"afterCursor":true,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, priority_rank as key from tasks
    where user_id = $2 and (priority_rank, id) > ($3::smallint, $4::uuid)
    order by priority_rank asc, id asc limit $5::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"priority","descending":true,"afterCursor":false,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, priority_rank as key from tasks
    where user_id = $2
    order by priority_rank desc, id desc limit $3::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"priority","descending":true,"afterCursor":true,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, priority_rank as key from tasks
    where user_id = $2 and (priority_rank, id) < ($3::smallint, $4::uuid)
    order by priority_rank desc, id desc limit $5::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"title","descending":false,"afterCursor":false,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, title_key as key from tasks
    where user_id = $2
    order by title_key asc, id asc limit $3::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"title","descending":false,"afterCursor":true,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, title_key as key from tasks
    where user_id = $2 and (title_key, id) > ($3::text, $4::uuid)
    order by title_key asc, id asc limit $5::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"title","descending":true,"afterCursor":false,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, title_key as key from tasks
    where user_id = $2
    order by title_key desc, id desc limit $3::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"title","descending":true,"afterCursor":true,"filters":[]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, title_key as key from tasks
    where user_id = $2 and (title_key, id) < ($3::text, $4::uuid)
    order by title_key desc, id desc limit $5::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"due_date","descending":false,"afterCursor":true,"filters":["status"]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then 'infinity'::date else due_date end as key from tasks
    where user_id = $2 and status = any($3::text[]) and (case when due_date is null then 'infinity'::date else due_date end, id) > ($4::date, $5::uuid)
    order by case when due_date is null then 'infinity'::date else due_date end asc, id asc limit $6::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"due_date","descending":false,"afterCursor":true,"filters":["priority"]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then 'infinity'::date else due_date end as key from tasks
    where user_id = $2 and priority_rank = any($3::smallint[]) and (case when due_date is null then 'infinity'::date else due_date end, id) > ($4::date, $5::uuid)
    order by case when due_date is null then 'infinity'::date else due_date end asc, id asc limit $6::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"due_date","descending":false,"afterCursor":true,"filters":["due_before"]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then 'infinity'::date else due_date end as key from tasks
    where user_id = $2 and (case when due_date is null then 'infinity'::date else due_date end <= $3::date and case when due_date is null then 'infinity'::date else due_date end > '-infinity'::date) and (case when due_date is null then 'infinity'::date else due_date end, id) > ($4::date, $5::uuid)
    order by case when due_date is null then 'infinity'::date else due_date end asc, id asc limit $6::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"due_date","descending":false,"afterCursor":true,"filters":["due_after"]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then 'infinity'::date else due_date end as key from tasks
    where user_id = $2 and (case when due_date is null then 'infinity'::date else due_date end >= $3::date and case when due_date is null then 'infinity'::date else due_date end < 'infinity'::date) and (case when due_date is null then 'infinity'::date else due_date end, id) > ($4::date, $5::uuid)
    order by case when due_date is null then 'infinity'::date else due_date end asc, id asc limit $6::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"due_date","descending":false,"afterCursor":true,"filters":["tag"]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (with rarest_tag_tasks as (select t.task_id from task_tags t where t.user_id = $2 and t.tag = (
    select tag.name from unnest($3::text[]) as tag (name)
    order by (select count(*) from (select t.task_id from task_tags t where t.user_id = $2 and t.tag = tag.name order by t.task_id limit 1000 + 1) counted) limit 1
  ) order by t.task_id limit 1000 + 1)
    (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then 'infinity'::date else due_date end as key from tasks
    where user_id = $2 and (
    select count(*) from task_tags t
    where t.user_id = $2 and t.task_id = tasks.id and t.tag = any($3::text[])
  ) = cardinality($3::text[]) and (case when due_date is null then 'infinity'::date else due_date end, id) > ($4::date, $5::uuid) and (select count(*) from rarest_tag_tasks) <= 1000 and id = any(array(select task_id from rarest_tag_tasks))
    order by case when due_date is null then 'infinity'::date else due_date end asc, id asc limit $6::int)
    union all
    (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then 'infinity'::date else due_date end as key from tasks
    where user_id = $2 and (
    select count(*) from task_tags t
    where t.user_id = $2 and t.task_id = tasks.id and t.tag = any($3::text[])
  ) = cardinality($3::text[]) and (case when due_date is null then 'infinity'::date else due_date end, id) > ($4::date, $5::uuid) and not ((select count(*) from rarest_tag_tasks) <= 1000)
    order by case when due_date is null then 'infinity'::date else due_date end asc, id asc limit $6::int)) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"due_date","descending":false,"afterCursor":true,"filters":["q"]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then 'infinity'::date else due_date end as key from tasks
    where user_id = $2 and not exists (
    select from (select (title_key || chr(10) || coalesce(description_key, lower(description collate "C"), '')) as searched offset 0) task, unnest($3::text[]) as word
    where strpos(searched, word) = 0
  ) and (case when due_date is null then 'infinity'::date else due_date end, id) > ($4::date, $5::uuid)
    order by case when due_date is null then 'infinity'::date else due_date end asc, id asc limit $6::int) candidates window preceding as (rows unbounded preceding)
  ) page;

-- selectPage {"sort":"due_date","descending":false,"afterCursor":true,"filters":["status","priority","due_before","due_after","tag","q"]}
select coalesce(json_agg(task) filter (where fits), '[]') as data,
    case when not bool_and(fits)
      then ((array_agg(key) filter (where fits))[count(*) filter (where fits)])::text end as key
  from (
    select task, key, row_number() over preceding <= $1::int
      and sum(pg_column_size(task)) over preceding - pg_column_size(task) <= 1048576 as fits
    from (with rarest_tag_tasks as (select t.task_id from task_tags t where t.user_id = $2 and t.tag = (
    select tag.name from unnest($3::text[]) as tag (name)
    order by (select count(*) from (select t.task_id from task_tags t where t.user_id = $2 and t.tag = tag.name order by t.task_id limit 1000 + 1) counted) limit 1
  ) order by t.task_id limit 1000 + 1)
    (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then 'infinity'::date else due_date end as key from tasks
    where user_id = $2 and status = any($4::text[]) and priority_rank = any($5::smallint[]) and (case when due_date is null then 'infinity'::date else due_date end <= $6::date and case when due_date is null then 'infinity'::date else due_date end > '-infinity'::date) and (case when due_date is null then 'infinity'::date else due_date end >= $7::date and case when due_date is null then 'infinity'::date else due_date end < 'infinity'::date) and (
    select count(*) from task_tags t
    where t.user_id = $2 and t.task_id = tasks.id and t.tag = any($3::text[])
  ) = cardinality($3::text[]) and not exists (
    select from (select (title_key || chr(10) || coalesce(description_key, lower(description collate "C"), '')) as searched offset 0) task, unnest($8::text[]) as word
    where strpos(searched, word) = 0
  ) and (case when due_date is null then 'infinity'::date else due_date end, id) > ($9::date, $10::uuid) and (select count(*) from rarest_tag_tasks) <= 1000 and id = any(array(select task_id from rarest_tag_tasks))
    order by case when due_date is null then 'infinity'::date else due_date end asc, id asc limit $11::int)
    union all
    (
    select json_build_object('id', id, 'user_id', user_id, 'title', title, 'description', description, 'status', status, 'completed', status = 'done', 'priority', priority, 'due_date', due_date, 'tags', array(select t.tag from task_tags t where t.user_id = tasks.user_id and t.task_id = tasks.id order by t.tag), 'completed_at', to_char(completed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'updated_at', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'version', version) as task, case when due_date is null then 'infinity'::date else due_date end as key from tasks
    where user_id = $2 and status = any($4::text[]) and priority_rank = any($5::smallint[]) and (case when due_date is null then 'infinity'::date else due_date end <= $6::date and case when due_date is null then 'infinity'::date else due_date end > '-infinity'::date) and (case when due_date is null then 'infinity'::date else due_date end >= $7::date and case when due_date is null then 'infinity'::date else due_date end < 'infinity'::date) and (
    select count(*) from task_tags t
    where t.user_id = $2 and t.task_id = tasks.id and t.tag = any($3::text[])
  ) = cardinality($3::text[]) and not exists (
    select from (select (title_key || chr(10) || coalesce(description_key, lower(description collate "C"), '')) as searched offset 0) task, unnest($8::text[]) as word
    where strpos(searched, word) = 0
  ) and (case when due_date is null then 'infinity'::date else due_date end, id) > ($9::date, $10::uuid) and not ((select count(*) from rarest_tag_tasks) <= 1000)
    order by case when due_date is null then 'infinity'::date else due_date end asc, id asc limit $11::int)) candidates window preceding as (rows unbounded preceding)
  ) page;
