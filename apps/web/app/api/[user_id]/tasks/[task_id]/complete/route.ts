import { completeTask, tasks } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const PATCH = route(completeTask, ({ ctx, params, body }) =>
  tasks.complete(ctx, params.task_id, body?.completed),
);
export const { GET, HEAD, POST, PUT, DELETE, OPTIONS } = methodNotAllowed(completeTask);
