import { deleteTask, getTask, replaceTask, tasks, updateTask } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const GET = route(getTask, ({ ctx, params }) => tasks.get(ctx, params.task_id));
export const PUT = route(replaceTask, ({ ctx, params, body }) => tasks.replace(ctx, params.task_id, body));
export const PATCH = route(updateTask, ({ ctx, params, body }) => tasks.update(ctx, params.task_id, body));
export const DELETE = route(deleteTask, ({ ctx, params }) => tasks.remove(ctx, params.task_id));
export const { POST, OPTIONS } = methodNotAllowed(getTask, replaceTask, updateTask, deleteTask);
