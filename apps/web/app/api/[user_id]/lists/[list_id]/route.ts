import { deleteList, getList, lists, replaceList, updateList } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const GET = route(getList, ({ ctx, params }) => lists.get(ctx, params.list_id));
export const PUT = route(replaceList, ({ ctx, params, body }) => lists.replace(ctx, params.list_id, body));
export const PATCH = route(updateList, ({ ctx, params, body }) => lists.update(ctx, params.list_id, body));
export const DELETE = route(deleteList, ({ ctx, params, query }) => lists.remove(ctx, params.list_id, query));
export const { POST, OPTIONS } = methodNotAllowed(getList, replaceList, updateList, deleteList);
