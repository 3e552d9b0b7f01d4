import { fromAuthFailure } from '@/server/problem';
import { otherMethods, respond } from '@/server/respond';

const handle = (request: Request) =>
  respond(request, async (call) => {
    const response = await call.app.auth.handler(request);
    if (response.status >= 400) return fromAuthFailure(response, call);
    response.headers.set('Cache-Control', 'no-store');
    return response;
  });

export { handle as GET, handle as POST };
export const { PUT, PATCH, DELETE, OPTIONS } = otherMethods('GET', 'POST');
