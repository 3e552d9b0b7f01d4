import { lists, moveList } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const PATCH = route(moveList, ({ ctx, params, body }) => lists.move(ctx, params.list_id, body));
export const { GET, HEAD, POST, PUT, DELETE, OPTIONS } = methodNotAllowed(moveList);
