import { toOpenApi } from '@taskward/api-core';
import { handleRequest, methodNotAllowed } from '@/server/app';

const headers = { 'Content-Type': 'application/json' };
let document: string | undefined;

/** The OpenAPI document, serialized once. */
export const GET = (request: Request) =>
  handleRequest(request, ({ services }) => {
    document ??= JSON.stringify(toOpenApi(services.baseUrl));
    return new Response(document, { headers });
  });
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' });
