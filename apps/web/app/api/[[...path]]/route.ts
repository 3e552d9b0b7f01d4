import { ApiError } from '@taskward/api-core';
import { handle } from '@/server/app';

/** Responds to every path that has no other route. */
const notFound = handle(() => {
  throw new ApiError('not_found', 'There is nothing at this path.');
});

export {
  notFound as DELETE,
  notFound as GET,
  notFound as HEAD,
  notFound as OPTIONS,
  notFound as PATCH,
  notFound as POST,
  notFound as PUT,
};
