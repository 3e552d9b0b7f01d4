import { createTask, listTasks, tasks } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const GET = route(listTasks, ({ ctx, query }) => tasks.list(ctx, query));
export const POST = route(createTask, ({ ctx, body }) => tasks.create(ctx, body));
export const { PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed(listTasks, createTask);
