import { operations } from '@taskward/api-core/contract';
import { toSpec } from '@taskward/api-core/kit/client';
import type { Metadata } from 'next';
import { requireSession } from '../session';
import { Tasks } from './tasks';

export const metadata: Metadata = { title: 'Tasks' };

export default async function Page({ searchParams }: PageProps<'/tasks'>) {
  const search = new URLSearchParams((await searchParams) as Record<string, string>).toString();
  const { user } = await requireSession(search ? `/tasks?${search}` : '/tasks');
  return <Tasks plans={operations.map(toSpec)} userId={user.id} email={user.email} />;
}
