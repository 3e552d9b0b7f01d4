import type { ConnectionPool } from '@taskward/db';
import type { Logger } from 'pino';
import { RateLimiterMemory, RateLimiterPostgres, type RateLimiterRes } from 'rate-limiter-flexible';
import { waitUntil } from './background';

/** Allows a number of requests of one key in a window of seconds that begins with its first request. */
export interface Policy {
  readonly name: string;
  readonly requests: number;
  readonly seconds: number;
}

export interface Usage {
  readonly isExceeded: boolean;
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly reset: number;
}

export interface RateLimit {
  /** Counts requests, one by default. */
  consume(key: string, requests?: number): Promise<Usage>;
  /** Undoes one `consume`. */
  refund(key: string): Promise<void>;
  /** The number of requests counted in the current window. */
  count(key: string): Promise<number>;
  /** Ends the current window. */
  reset(key: string): Promise<void>;
}

/** Creates a limit that counts in this process or, with `pool`, exactly across all processes that share its database. */
export function createRateLimit(policy: Policy, pool?: ConnectionPool): RateLimit {
  const limiter = pool ? inDatabase(policy, pool) : inMemory(policy);
  return {
    consume: async (key, requests) => toUsage(policy, await limiter.penalty(key, requests)),
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
 * Creates a limit for the hot path, which waits for no database: this process counts in memory and, with `pool`, writes
 * its count to the database in the background and takes over the total. So the requests of other processes are counted
 * with a delay of one query.
 */
export function createWriteBehindRateLimit(
  policy: Policy,
  log: Logger,
  pool?: ConnectionPool,
): Pick<RateLimit, 'consume'> {
  const local = inMemory(policy);
  const all = pool && inDatabase(policy, pool);
  /** Requests not yet written to the database. A key is present while its count is being written. */
  const pending = new Map<string, number>();

  const flush = async (key: string, requests: number) => {
    for (let count = requests; all && count > 0; count = pending.get(key) ?? 0) {
      pending.set(key, 0);
      const { consumedPoints, msBeforeNext } = await all.penalty(key, count);
      // At least 1 ms: the window may have ended during the query, and for the library a duration of 0 means no end.
      await local.set(key, consumedPoints + (pending.get(key) ?? 0), Math.max(1, msBeforeNext) / 1000);
    }
  };
  return {
    async consume(key, requests = 1) {
      const usage = toUsage(policy, await local.penalty(key, requests));
      const isFlushing = pending.has(key);
      if (isFlushing) pending.set(key, (pending.get(key) ?? 0) + requests);
      else if (all) {
        const flushed = flush(key, requests)
          .catch(() => log.warn('shared rate-limit store unavailable; falling back to per-process counting'))
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
    // The clock of this process may have been set back since the window began.
    reset: Math.min(seconds, Math.max(1, Math.ceil(msBeforeNext / 1000))),
  };
}

function inMemory({ name, requests, seconds }: Policy): RateLimiterMemory {
  return new RateLimiterMemory({ keyPrefix: name, points: requests, duration: seconds });
}

function inDatabase({ name, requests, seconds }: Policy, pool: ConnectionPool): RateLimiterPostgres {
  return new LimiterByDatabaseClock({
    storeClient: pool,
    storeType: 'pool',
    tableName: 'rate_limits',
    tableCreated: true,
    keyPrefix: name,
    points: requests,
    duration: seconds,
  });
}

/**
 * Measures windows by the clock of the database, since the clocks of the processes may differ. A window that would end
 * too late, because a clock was wrong when it began, begins again.
 */
class LimiterByDatabaseClock extends RateLimiterPostgres {
  declare readonly client: { query(query: object): Promise<{ rows: { points: number; ms_left: string }[] }> };

  /** Replaces the library's statement, which compares with `Date.now()`. */
  async _upsert(key: string, points: number, windowMs: number, isReset = false) {
    const { rows } = await this.client.query({
      name: 'rate_limits',
      text: UPSERT,
      values: [key, points, windowMs, isReset],
    });
    return { rows: rows.map(({ points, ms_left }) => ({ points, expire: Date.now() + Number(ms_left) })) };
  }

  /** The library calls this every five minutes. A failure is retried then. */
  async clearExpired(): Promise<void> {
    await this.client.query({ text: `delete from rate_limits where expire < ${NOW}` }).catch(() => {});
  }
}

// Not now(), which is the start of the transaction: a transaction that waited for the row would take a window that has just
// begun for one that ends too late.
const NOW = '(extract(epoch from clock_timestamp()) * 1000)::bigint';
const BEGINS = `$4::boolean or rate_limits.expire not between ${NOW} + 1 and ${NOW} + $3 + 1000`;
const UPSERT = `
  insert into rate_limits (key, points, expire) values ($1, $2, ${NOW} + $3::bigint)
  on conflict (key) do update set
    points = case when ${BEGINS} then excluded.points else rate_limits.points + excluded.points end,
    expire = case when ${BEGINS} then excluded.expire else rate_limits.expire end
  returning points, expire - ${NOW} as ms_left`;
