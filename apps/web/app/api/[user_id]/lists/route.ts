import { createList, listLists, lists } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const GET = route(listLists, ({ ctx, query }) => lists.list(ctx, query));
export const POST = route(createList, ({ ctx, body }) => lists.create(ctx, body));
export const { PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed(listLists, createList);
