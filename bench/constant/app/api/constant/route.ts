const task = {
  id: '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58',
  user_id: 'Zk3vT9qLr2WcXy7HbN4mDs8PfGa1JuKe',
  title: 'Task 1 of the list, about as long as a title is',
  description: null,
  status: 'todo',
  completed: false,
  priority: 'none',
  due_date: null,
  tags: ['home'],
  completed_at: null,
  created_at: '2026-02-27T09:30:00.000Z',
  updated_at: '2026-02-27T09:30:00.000Z',
  version: 1,
};
const page = { data: Array.from({ length: 20 }, () => task), next_cursor: null };

/** The cost of the framework by itself: a response of the same size without a database. */
export const dynamic = 'force-dynamic';
export const GET = () => Response.json(page);
