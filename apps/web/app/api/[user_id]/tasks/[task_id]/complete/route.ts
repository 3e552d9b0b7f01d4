import { completeTask, tasks } from '@taskward/api-core';
import { otherMethods } from '@/server/respond';
import { route } from '@/server/route';

export const dynamic = 'force-dynamic';
export const PATCH = route(completeTask, ({ ctx, params, body }) =>
  tasks.complete(ctx, params.task_id, body?.completed),
);
export const { GET, HEAD, POST, PUT, DELETE, OPTIONS } = otherMethods(completeTask);
