import { emptyTrash, listTrash, purgeTask, restoreTask } from '@taskward/api-core/contract';
import { toSpec } from '@taskward/api-core/kit/client';
import type { Metadata } from 'next';
import { Frame } from '../online/frame';
import { requireSession } from '../session';
import { Trash } from './trash';

const SPECS = [emptyTrash, listTrash, purgeTask, restoreTask].map(toSpec);

export const metadata: Metadata = { title: 'Trash' };

export default async function Page() {
  const { user } = await requireSession('/trash');
  return (
    <Frame path="/trash" title="Trash">
      <Trash specs={SPECS} userId={user.id} />
    </Frame>
  );
}
