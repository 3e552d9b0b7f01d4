import { listTags, tasks } from '@taskward/api-core';
import { methodNotAllowed, route } from '@/server/app';

export const dynamic = 'force-dynamic';
export const GET = route(listTags, ({ ctx }) => tasks.tags(ctx));
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed(listTags);
