import { moveTask, tasks } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const PATCH = route(moveTask, ({ ctx, params, body }) => tasks.move(ctx, params.task_id, body));
export const { GET, HEAD, POST, PUT, DELETE, OPTIONS } = methodNotAllowed(moveTask);
