import { lists, tasks } from '@taskward/api-core';
import type { Metadata } from 'next';
import { getApp } from '@/server/app';
import { today } from '../dates';
import { requireSession } from '../session';
import type { FirstData } from '../sync/store';
import { TasksApp } from './app';
import { SYNC_SPECS } from './specs';

export const metadata: Metadata = { title: 'Tasks' };

export default async function TasksPage({ searchParams }: PageProps<'/tasks'>) {
  const search = toQuery(await searchParams);
  const { user } = await requireSession(`/tasks${search}`);
  return (
    <TasksApp
      specs={SYNC_SPECS}
      user={{ id: user.id, email: user.email }}
      first={await readFirst(user.id)}
      search={search}
      today={today()}
    />
  );
}

/** What most views begin with, so that it is in the document: open tasks by due date, and the lists. */
async function readFirst(userId: string): Promise<FirstData> {
  const { cursorKey, db, maxTasks } = await getApp();
  const ctx = { cursorKey, db, maxTasks, userId, preconditions: {} };
  const [open, all] = await Promise.all([
    tasks.list(ctx, { status: ['todo', 'in_progress'], sort: 'due_date', limit: 50 }),
    lists.list(ctx, { limit: 100 }),
  ]);
  return { tasks: open.body?.data ?? [], lists: all.body?.data ?? [] };
}

function toQuery(params: Record<string, string | string[] | undefined>): string {
  const entries = Object.entries(params).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one]));
  const query = new URLSearchParams(entries);
  return query.size > 0 ? `?${query}` : '';
}
