import { journal, streamChanges } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
/** On Vercel, in seconds: more than the longest stream takes there. */
export const maxDuration = 300;
export const GET = route(streamChanges, ({ ctx, query }) => journal.openStream(ctx, query));
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed(streamChanges);
