import { completeTask, tasks } from '@taskward/api-core';
import { methodNotAllowed } from '@/server/http/request';
import { route } from '@/server/http/route';

export const dynamic = 'force-dynamic';
export const PATCH = route(completeTask, ({ ctx, params, body }) =>
  tasks.complete(ctx, params.task_id, body?.completed),
);
export const { GET, HEAD, POST, PUT, DELETE, OPTIONS } = methodNotAllowed(completeTask);
