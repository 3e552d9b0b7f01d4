import type { TestUser } from './harness';

/** A request whose round trips are counted. The cases of a resource are in its `round-trip-cases.ts`, by operation id. */
interface RoundTripCase {
  /** As `docs/round-trips.md` names it. */
  readonly name: string;
  /** Creates what the request needs, uncounted, and returns its path. */
  readonly path: (user: TestUser) => string | Promise<string>;
  readonly body?: unknown;
  readonly headers?: () => Record<string, string>;
  readonly status: number;
}
export type RoundTripCases = Readonly<Record<string, readonly RoundTripCase[]>>;
