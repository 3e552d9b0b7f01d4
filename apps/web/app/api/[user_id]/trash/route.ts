import { emptyTrash, journal, listTrash } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const GET = route(listTrash, ({ ctx, query }) => journal.trash(ctx, query));
export const DELETE = route(emptyTrash, ({ ctx }) => journal.emptyTrash(ctx));
export const { POST, PUT, PATCH, OPTIONS } = methodNotAllowed(listTrash, emptyTrash);
