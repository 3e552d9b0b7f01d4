import { operations } from './contract';
import * as kit from './kit/openapi';
import { endpoints } from './service/contract';

const info = {
  title: 'Taskward',
  version: '1.0.0',
  summary: 'A to-do API in which each task is bound to its user',
  description: `Sign up or in, get an access token, and send it as \`Authorization: Bearer\`.

- Every response carries \`X-Request-Id\`; a well-formed one of your own is returned.
- Failures are problem documents (RFC 9457), with all errors of a request at once.
- Each task has a strong \`ETag\`: \`If-Match\` makes a write fail with 412 when the task was modified.
- With an \`Idempotency-Key\`, POST and PATCH are safe to retry.
- \`HEAD\` works wherever \`GET\` does, \`OPTIONS\` names the methods, and any other method is a 405.
- Timestamps are RFC 3339 in UTC with milliseconds, dates are YYYY-MM-DD.`,
  license: { name: 'MIT', identifier: 'MIT' },
};

const securitySchemes = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'An access token from `GET /api/auth/token`, good for 15 minutes. Signed with EdDSA, used as RFC8725 asks.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'better-auth.session_token',
    description: 'The session, as signing up or in sets it. Over HTTPS its name begins with `__Secure-`.',
  },
};

/** The OpenAPI document of a deployment at this origin. */
export function toOpenApi(origin: string) {
  return kit.toOpenApi(origin, { info, securitySchemes, endpoints: [...operations, ...endpoints] });
}
