import { journal, listRevisions } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const GET = route(listRevisions, ({ ctx, query }) => journal.revisions(ctx, query));
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed(listRevisions);
