import { journal, undoRevision } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const POST = route(undoRevision, ({ ctx, params }) => journal.undo(ctx, params.revision));
export const { GET, HEAD, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed(undoRevision);
