import {
  ApiError,
  accountMissing,
  type IdempotencyKey,
  type Input,
  type Operation,
  type Output,
  type Preconditions,
} from '@taskward/api-core';
import type { Policy, RateLimit, Usage } from '../ops/rate-limit';
import type { ConcurrencyLimit } from './concurrency-limit';
import { readIdempotencyKey, readPreconditions } from './conditional-headers';
import type { EventStreams } from './event-streams';
import { readInput } from './input';
import { ClientDisconnected, type HttpResponse, type PathParams } from './message';
import { rateLimitHeaders, tooManyConcurrentRequests, tooManyRequests } from './rate-limit-headers';
import { closeRequest, toErrorResponse } from './request';
import { openRequest, type RequestContext, type RequestServices } from './request-context';
import type { RequestPacing } from './request-pacing';
import { toEventStream, toResponse } from './response';
import { addTiming } from './server-timing';
import { type RouteHandler, toRouteHandler } from './web';

/** Who sends a request. */
export interface Caller {
  readonly userId: string;
  /** When the access token expires, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Returns the user that the `Authorization` header names; synchronously if the token is cached.
 *
 * @throws {ApiError} 401
 */
export type Authenticate = (authorization: string | null) => Caller | Promise<Caller>;

/** The services that operations need besides those of every request. */
export interface RouteServices extends RequestServices {
  readonly authenticate: Authenticate;
  /** Limits the requests of each user by time; undefined for no limit. */
  readonly userLimit: { readonly policy: Policy; readonly limit: Pick<RateLimit, 'consume'> } | undefined;
  /** Limits the requests of each user that are in progress; undefined for no limit. */
  readonly concurrencyLimit: ConcurrencyLimit | undefined;
  /** Spaces the requests of users with long bodies; undefined for no limit. */
  readonly requestPacing: RequestPacing | undefined;
  readonly streams: Pick<EventStreams, 'reserve'>;
}

/** What the lifecycle knows of a request when the handler runs. */
export interface RequestFacts {
  readonly userId: string;
  readonly preconditions: Preconditions;
  readonly idempotency: IdempotencyKey | undefined;
}

type Handler<O extends Operation, C> = (input: Input<O> & { ctx: C }) => Promise<Output<O>>;

/**
 * Creates `route`, which makes a route handler of an operation and the function that performs it.
 *
 * @param createContext creates the `ctx` of the function.
 */
export function createRoute<S extends RouteServices, C>(
  getServices: () => Promise<S>,
  createContext: (services: S, facts: RequestFacts) => C,
) {
  return <const O extends Operation>(operation: O, handle: Handler<O, C>): RouteHandler =>
    toRouteHandler(async (request, path) => {
      const ctx = openRequest(request, await getServices(), operation);
      let response: HttpResponse;
      try {
        const caller = await authorize(ctx, path);
        const input = await readInput(operation, request, path);
        await countOperations(ctx, caller.userId, operation, input);
        const preconditions = readPreconditions(request.headers);
        const idempotency = operation.idempotent && readIdempotencyKey(request, input.body);
        addTiming(ctx, 'input');
        const { userId } = caller;
        const { requestPacing, streams } = ctx.services;
        const slot = operation.event ? streams.reserve({ ...caller, requestId: ctx.id }) : undefined;
        const turn = requestPacing?.waitForTurn(userId);
        if (turn) await turn;
        let success: HttpResponse | undefined;
        try {
          if (turn && request.isDisconnected) throw new ClientDisconnected();
          const facts = { userId, preconditions, idempotency };
          const result = await handle({ ...input, ctx: createContext(ctx.services, facts) });
          addTiming(ctx, 'handler');
          success = slot
            ? toEventStream(operation, result, request, (feed, event) => slot.open(feed, event, requestPacing))
            : toResponse(operation, result, request, preconditions);
        } finally {
          requestPacing?.record(userId, (request.body?.bytesRead ?? 0) + (success?.body?.length ?? 0));
          if (!success?.stream) slot?.release();
        }
        response = success;
      } catch (error) {
        response = toErrorResponse(ctx, accountMissing(error) ?? error);
      }
      return closeRequest(ctx, response);
    });
}

/** Authenticates the request, counts it, and checks whose path it is. */
async function authorize(ctx: RequestContext<RouteServices>, path: PathParams): Promise<Caller> {
  const caller = await ctx.services.authenticate(ctx.request.headers.get('authorization'));
  ctx.userId = caller.userId;
  addTiming(ctx, 'token');
  // Before the path is checked, so that probing the paths of others uses up the limit.
  const usage = await countRequest(ctx, caller.userId);
  assertPathOwner(path, caller.userId);
  assertRateLimit(usage);
  takeConcurrencySlot(ctx, caller.userId, usage);
  return caller;
}

/** Counts a request that does the work of several as so many. */
async function countOperations<O extends Operation>(
  ctx: RequestContext<RouteServices>,
  userId: string,
  { cost }: O,
  { body }: Input<O>,
): Promise<void> {
  const others = cost ? cost(body as never) - 1 : 0;
  if (others > 0) assertRateLimit(await countRequest(ctx, userId, others));
}

/** Counts the request, and reports the usage in the headers of the response. */
async function countRequest(
  ctx: RequestContext<RouteServices>,
  userId: string,
  requests = 1,
): Promise<Usage | undefined> {
  const { userLimit } = ctx.services;
  if (!userLimit) return undefined;
  const usage = await userLimit.limit.consume(userId, requests);
  Object.assign(ctx.headers, rateLimitHeaders(userLimit.policy, usage));
  return usage;
}

function assertPathOwner(path: PathParams, userId: string): void {
  if (path.user_id !== userId) throw new ApiError('forbidden', "The path's user_id does not match the token.");
}

function assertRateLimit(usage: Usage | undefined): void {
  if (usage?.isExceeded) throw tooManyRequests(usage);
}

function takeConcurrencySlot(ctx: RequestContext<RouteServices>, userId: string, usage: Usage | undefined): void {
  const { concurrencyLimit } = ctx.services;
  if (!concurrencyLimit) return;
  const release = concurrencyLimit.enter(userId);
  if (!release) throw tooManyConcurrentRequests(usage);
  ctx.releaseSlot = release;
}
