import { handle, methodNotAllowed } from '@/server/app';
import { toAuthResponse } from '@/server/auth/auth-response';

const handler = handle(async (ctx) => toAuthResponse(await ctx.services.auth.handler(ctx.request, ctx.id), ctx));

export { handler as GET, handler as HEAD, handler as POST };
export const { PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' }, { method: 'POST' });
