'use client';

import { useRef, useState } from 'react';
import { formatMoment } from '../../dates';
import { auth, type Failure } from '../auth';
import { formatAddress } from './address';
import { describeDevice } from './device';
import { type Session, useSessions } from './use-sessions';

/** Where the user is signed in. */
export function Sessions() {
  const { sessions, failure, run } = useSessions();
  const [message, setMessage] = useState('');
  const list = useRef<HTMLUListElement>(null);

  const end = async (send: () => Promise<{ error: Failure }>, success: string) => {
    setMessage('');
    if (!(await run(send))) return;
    setMessage(success);
    // Its button is removed with the session.
    list.current?.focus();
  };

  return (
    <div>
      {failure && (
        <p role="alert" className="mb-3 text-danger">
          {failure}
        </p>
      )}
      {!sessions && !failure && <p className="text-muted">Loading…</p>}
      <ul ref={list} tabIndex={-1} aria-label="Sessions" className="divide-y divide-line outline-none">
        {sessions?.map((session) => (
          <SessionRow
            key={session.id}
            session={session}
            onEnd={() => end(() => auth.revokeSession({ token: session.token }), 'Signed out of that device.')}
          />
        ))}
      </ul>
      <p role="status" className="mt-3 text-accent empty:hidden">
        {message}
      </p>
      {sessions?.some(({ isCurrent }) => !isCurrent) && (
        <button
          type="button"
          className="button mt-3"
          onClick={() => end(() => auth.revokeOtherSessions(), 'Signed out everywhere else.')}
        >
          Sign out everywhere else
        </button>
      )}
    </div>
  );
}

function SessionRow({ session, onEnd }: { session: Session; onEnd: () => void }) {
  const { createdAt, ipAddress, isCurrent, userAgent } = session;
  const device = describeDevice(userAgent);
  const address = formatAddress(ipAddress);
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3 first:pt-0">
      <div className="min-w-0 grow">
        <p className="wrap-anywhere font-medium">{device}</p>
        <p className="wrap-anywhere text-muted text-sm">
          {isCurrent ? 'This device · signed in ' : 'Signed in '}
          {formatMoment(createdAt)}
          {address && ` · ${address}`}
        </p>
      </div>
      {!isCurrent && (
        <button type="button" className="button" onClick={onEnd}>
          Sign out
          <span className="sr-only"> of {device}</span>
        </button>
      )}
    </li>
  );
}
