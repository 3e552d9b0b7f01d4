import { createTask, listTasks, tasks } from '@taskward/api-core';
import { methodNotAllowed } from '@/server/http/request';
import { route } from '@/server/http/route';

export const dynamic = 'force-dynamic';
export const GET = route(listTasks, ({ ctx, query }) => tasks.list(ctx, query));
export const POST = route(createTask, ({ ctx, body }) => tasks.create(ctx, body));
export const { PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed(listTasks, createTask);
