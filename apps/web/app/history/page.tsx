import { listLists, listRevisions, listTasks, listTrash, undoRevision } from '@taskward/api-core/contract';
import { toSpec } from '@taskward/api-core/kit/client';
import type { Metadata } from 'next';
import { Frame } from '../online/frame';
import { requireSession } from '../session';
import { History } from './history';

const SPECS = [listLists, listRevisions, listTasks, listTrash, undoRevision].map(toSpec);

export const metadata: Metadata = { title: 'History' };

export default async function Page() {
  const { user } = await requireSession('/history');
  return (
    <Frame path="/history" title="History">
      <History specs={SPECS} userId={user.id} />
    </Frame>
  );
}
