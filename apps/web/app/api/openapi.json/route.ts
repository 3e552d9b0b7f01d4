import { toOpenApi } from '@taskward/api-core';
import { handleRequest, methodNotAllowed } from '@/server/http/request';

const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'private, no-cache' };
let document: string | undefined;

/** The API as a document. */
export const GET = (request: Request) =>
  handleRequest(request, ({ app }) => {
    document ??= JSON.stringify(toOpenApi(app.baseUrl));
    return new Response(document, { headers });
  });
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' });
