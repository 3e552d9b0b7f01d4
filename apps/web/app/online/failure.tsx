import { ProblemError } from '@taskward/api-core/kit/client';
import type { ReactNode } from 'react';
import { SessionEnded } from '../sync/api';
import { getObstacle, Outage } from '../sync/connection';

/** What went wrong, for people. */
export function explain(error: unknown): string {
  if (error instanceof SessionEnded) return 'Your session has ended.';
  if (error instanceof ProblemError && error.status === 429) return 'Too many requests. Wait a moment, then try again.';
  if (error instanceof Outage || (error instanceof ProblemError && error.status === 503)) {
    return getObstacle() === 'offline' ? 'You’re offline.' : 'The server isn’t available right now.';
  }
  if (error instanceof ProblemError && error.status < 500) return error.message;
  return 'Something went wrong.';
}

interface FailureProps {
  readonly error: unknown;
  /** What could not be done, as a sentence. */
  readonly title: ReactNode;
  /** The page to come back to after signing in. */
  readonly path: string;
  readonly onRetry?: (() => void) | undefined;
  readonly children?: ReactNode;
}

/** An error with what can be done about it: sign in, or try again. */
export function Failure({ error, title, path, onRetry, children }: FailureProps) {
  return (
    <div role="alert" className="card flex flex-wrap items-center gap-x-4 gap-y-3 p-4">
      <div className="min-w-0 grow basis-60">
        <p className="font-semibold">{title}</p>
        <p className="text-muted">{explain(error)}</p>
        {children}
      </div>
      {error instanceof SessionEnded ? (
        <a href={`/sign-in?next=${encodeURIComponent(path)}`} className="button">
          Sign in
        </a>
      ) : (
        onRetry && (
          <button type="button" className="button" onClick={onRetry}>
            Try again
          </button>
        )
      )}
    </div>
  );
}
