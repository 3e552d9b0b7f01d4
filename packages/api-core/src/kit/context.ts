import type { KeyObject } from 'node:crypto';
import type { Database } from '@taskward/db';
import type { IdempotencyKey } from './idempotency';
import type { Preconditions } from './preconditions';

/** What a service is given with each request: the user it acts for, and what the request asks besides its input. */
export interface Context {
  readonly db: Database;
  readonly userId: string;
  /** Signs cursors; any secret, the same for all processes of a deployment. */
  readonly cursorKey: KeyObject;
  readonly preconditions: Preconditions;
  readonly idempotency?: IdempotencyKey | undefined;
}
