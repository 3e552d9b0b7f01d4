import { ApiError } from '@taskward/api-core';
import type { Database } from '@taskward/db';
import type { Logger } from 'pino';
import { RateLimiterMemory, RateLimiterPostgres, type RateLimiterRes } from 'rate-limiter-flexible';
import { waitUntil } from './background';

/** So many requests of one key in so many seconds, counted from its first. */
export interface Policy {
  readonly name: string;
  readonly requests: number;
  readonly seconds: number;
}

export interface Usage {
  readonly isExceeded: boolean;
  readonly remaining: number;
  /** Seconds until all of it is there again. */
  readonly reset: number;
}

export interface RateLimit {
  consume(key: string): Promise<Usage>;
  /** Takes back one that was taken. */
  refund(key: string): Promise<void>;
  /** How many the key has taken. */
  count(key: string): Promise<number>;
  /** Forgets what the key has taken. */
  reset(key: string): Promise<void>;
}

/** The table that several processes count in together. */
export type SharedStore = Database['ownerDb'];

/** A limit counted by this process alone or, where `shared` is given, by all processes of the deployment, exactly. */
export function createRateLimit(policy: Policy, shared?: SharedStore): RateLimit {
  const limiter = shared ? inDatabase(policy, shared) : inMemory(policy);
  return {
    consume: async (key) => toUsage(policy, await limiter.penalty(key)),
    refund: async (key) => {
      await limiter.reward(key);
    },
    count: async (key) => (await limiter.get(key))?.consumedPoints ?? 0,
    reset: async (key) => {
      await limiter.delete(key);
    },
  };
}

/**
 * A limit for the hot path, which nobody waits for: this process counts in memory, and where `shared` is given tells the
 * database of it meanwhile, and takes over what the others have counted. Late by one answer of the database.
 */
export function createWriteBehindRateLimit(
  policy: Policy,
  log: Logger,
  shared?: SharedStore,
): Pick<RateLimit, 'consume'> {
  const local = inMemory(policy);
  const all = shared && inDatabase(policy, shared);
  /** What the database has not been told of yet; a key is there while it is being told. */
  const pending = new Map<string, number>();

  const flush = async (key: string) => {
    for (let count = 1; all && count > 0; count = pending.get(key) ?? 0) {
      pending.set(key, 0);
      const { consumedPoints, msBeforeNext } = await all.penalty(key, count);
      // Not 0, when the time was over before the answer came: for the library that is no end at all.
      await local.set(key, consumedPoints + (pending.get(key) ?? 0), Math.max(1, msBeforeNext) / 1000);
    }
  };
  return {
    async consume(key) {
      const usage = toUsage(policy, await local.penalty(key));
      const isFlushing = pending.has(key);
      if (isFlushing) pending.set(key, (pending.get(key) ?? 0) + 1);
      else if (all) {
        const flushed = flush(key)
          .catch(() => log.warn('rate limits are counted by each process alone: the database did not take the count'))
          .finally(() => pending.delete(key));
        waitUntil(flushed);
      }
      return usage;
    },
  };
}

function toUsage({ requests, seconds }: Policy, { consumedPoints, msBeforeNext }: RateLimiterRes): Usage {
  return {
    isExceeded: consumedPoints > requests,
    remaining: Math.max(0, requests - consumedPoints),
    // The clock of this process may have been set back since the count began.
    reset: Math.min(seconds, Math.max(1, Math.ceil(msBeforeNext / 1000))),
  };
}

function inMemory({ name, requests, seconds }: Policy): RateLimiterMemory {
  return new RateLimiterMemory({ keyPrefix: name, points: requests, duration: seconds });
}

function inDatabase({ name, requests, seconds }: Policy, database: SharedStore): RateLimiterPostgres {
  return new LimiterByDatabaseClock({
    // The pool below Drizzle, which is there in both drivers of servers, but not in the type that all drivers share.
    storeClient: (database as unknown as { $client: unknown }).$client,
    storeType: 'pool',
    tableName: 'rate_limits',
    tableCreated: true,
    keyPrefix: name,
    points: requests,
    duration: seconds,
  });
}

/**
 * Begins and ends counts by the clock of the database, since those of the processes that share them may differ. A count
 * that would end later than its window, from a time when clocks were wrong, begins again.
 */
class LimiterByDatabaseClock extends RateLimiterPostgres {
  declare readonly client: { query(query: object): Promise<{ rows: { points: number; ms_left: string }[] }> };

  /** In place of the library's statement, which compares with `Date.now()`. */
  async _upsert(key: string, points: number, windowMs: number, isReset = false) {
    const { rows } = await this.client.query({
      name: 'rate_limits',
      text: UPSERT,
      values: [key, points, windowMs, isReset],
    });
    return { rows: rows.map(({ points, ms_left }) => ({ points, expire: Date.now() + Number(ms_left) })) };
  }

  /** Called every five minutes; a failure waits for the next time. */
  async clearExpired(): Promise<void> {
    await this.client.query({ text: `delete from rate_limits where expire < ${NOW}` }).catch(() => {});
  }
}

// Not now(), the start of the transaction: one that has waited for the row would see a count that another has just begun
// end later than its own window.
const NOW = '(extract(epoch from clock_timestamp()) * 1000)::bigint';
const BEGINS = `$4::boolean or rate_limits.expire not between ${NOW} + 1 and ${NOW} + $3 + 1000`;
const UPSERT = `
  insert into rate_limits (key, points, expire) values ($1, $2, ${NOW} + $3::bigint)
  on conflict (key) do update set
    points = case when ${BEGINS} then excluded.points else rate_limits.points + excluded.points end,
    expire = case when ${BEGINS} then excluded.expire else rate_limits.expire end
  returning points, expire - ${NOW} as ms_left`;

/**
 * Header fields that tell a client how it stands with a limit.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function rateLimitHeaders(
  { name, requests, seconds }: Policy,
  { remaining, reset }: Usage,
): Record<string, string> {
  return {
    'RateLimit-Policy': `"${name}";q=${requests};w=${seconds}`,
    RateLimit: `"${name}";r=${remaining};t=${reset}`,
  };
}

export function tooManyRequests({ reset }: Usage): ApiError {
  const headers = { 'Retry-After': String(reset) };
  return new ApiError('rate_limited', `Send it again in ${reset} seconds.`, { headers });
}

/** For a request beside too many others of its user. `Retry-After` is never sooner than `RateLimit` says (its `t`). */
export function tooManyConcurrentRequests(usage: Usage | undefined): ApiError {
  const headers = { 'Retry-After': String(usage?.reset ?? 1) };
  const detail = 'Too many of your requests are in progress: wait for one to finish, then send it again.';
  return new ApiError('rate_limited', detail, { headers, reason: 'concurrency' });
}
