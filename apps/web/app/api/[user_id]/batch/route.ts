import { batch, runBatch } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const POST = route(runBatch, ({ ctx, body }) => batch.run(ctx, body));
export const { GET, HEAD, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed(runBatch);
