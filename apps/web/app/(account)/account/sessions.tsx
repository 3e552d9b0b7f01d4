'use client';

import { useCallback, useEffect, useState } from 'react';
import { formatMoment } from '../../dates';
import { auth, type Failure } from '../auth';

type Session = NonNullable<Awaited<ReturnType<typeof auth.listSessions>>['data']>[number];

/** Where the person is signed in. */
export function Sessions({ currentId }: { currentId: string }) {
  const [sessions, setSessions] = useState<Session[]>();
  const [failure, setFailure] = useState<string>();

  const run = useCallback(async (act?: () => Promise<{ error: Failure }>) => {
    const { error } = (await act?.().catch(() => UNREACHABLE)) ?? {};
    const list = await auth.listSessions().catch(() => ({ ...UNREACHABLE, data: null }));
    const fault = error ?? list.error;
    setFailure(fault ? (fault.message ?? `The server answered with status ${fault.status}.`) : undefined);
    if (list.data) setSessions(list.data);
  }, []);

  useEffect(() => void run(), [run]);

  const others = sessions?.filter(({ id }) => id !== currentId) ?? [];
  return (
    <div>
      <div role="alert" className="text-danger empty:hidden">
        {failure}
      </div>
      <ul className="divide-y divide-line">
        {sessions?.map((session) => (
          <li key={session.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
            <div className="min-w-0 grow">
              <p className="wrap-anywhere">{describe(session.userAgent)}</p>
              <p className="text-muted text-sm">
                {session.id === currentId ? 'This one, s' : 'S'}igned in {formatMoment(session.createdAt)}
                {session.ipAddress && ` from ${session.ipAddress}`}
              </p>
            </div>
            {session.id !== currentId && (
              <button
                type="button"
                className="button"
                onClick={() => run(() => auth.revokeSession({ token: session.token }))}
              >
                End
              </button>
            )}
          </li>
        ))}
      </ul>
      {others.length > 0 && (
        <button type="button" className="button mt-3" onClick={() => run(() => auth.revokeOtherSessions())}>
          Sign out everywhere else
        </button>
      )}
    </div>
  );
}

const UNREACHABLE = { error: { message: 'The server cannot be reached. Try again.', status: 0 } };

/** As much of a user agent as a person can tell apart. */
function describe(userAgent: string | null | undefined): string {
  const find = (names: readonly (readonly [RegExp, string])[]) =>
    names.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1];
  const browser = find([
    [/Edg\//, 'Edge'],
    [/Firefox\//, 'Firefox'],
    [/Chrome\//, 'Chrome'],
    [/Safari\//, 'Safari'],
    [/curl\//, 'curl'],
  ]);
  const system = find([
    [/Android/, 'Android'],
    [/iPhone|iPad/, 'iOS'],
    [/Windows/, 'Windows'],
    [/Mac OS X/, 'macOS'],
    [/Linux/, 'Linux'],
  ]);
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? userAgent ?? 'An unknown program';
}
