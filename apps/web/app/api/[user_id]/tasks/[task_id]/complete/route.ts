import { completeTask, tasks } from '@taskward/api-core';
import { otherMethods } from '@/server/respond';
import { route } from '@/server/route';

export const PATCH = route(completeTask, ({ ctx, params, body, preconditions }) =>
  tasks.complete(ctx, params.task_id, body?.completed, preconditions),
);
export const { GET, HEAD, POST, PUT, DELETE, OPTIONS } = otherMethods(completeTask);
