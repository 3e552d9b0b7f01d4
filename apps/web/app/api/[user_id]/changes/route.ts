import { journal, listChanges } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const GET = route(listChanges, ({ ctx, query }) => journal.changes(ctx, query));
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed(listChanges);
