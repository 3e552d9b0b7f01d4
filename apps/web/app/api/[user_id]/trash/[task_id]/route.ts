import { journal, purgeTask } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const DELETE = route(purgeTask, ({ ctx, params }) => journal.purge(ctx, params.task_id));
export const { GET, HEAD, POST, PUT, PATCH, OPTIONS } = methodNotAllowed(purgeTask);
