import { toOpenApi } from '@taskward/api-core';
import { handle, methodNotAllowed } from '@/server/app';
import { type HttpResponse, json } from '@/server/http/message';

let document: HttpResponse | undefined;

/** The OpenAPI document, serialized once. */
export const GET = handle(({ services }) => {
  document ??= json(toOpenApi(services.baseUrl));
  return document;
});
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' });
