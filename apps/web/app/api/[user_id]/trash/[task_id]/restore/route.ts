import { journal, restoreTask } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const POST = route(restoreTask, ({ ctx, params }) => journal.restore(ctx, params.task_id));
export const { GET, HEAD, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed(restoreTask);
