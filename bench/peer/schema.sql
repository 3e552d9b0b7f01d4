create table peer_tasks (
  user_id text not null references "user" (id) on delete cascade,
  id uuid not null,
  title text not null,
  description text,
  status text not null default 'todo',
  priority text not null default 'none',
  due_date date,
  tags text[] not null default '{}',
  completed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version integer not null default 1,
  primary key (user_id, id)
);

create index peer_tasks_by_creation on peer_tasks (user_id, created_at, id);
