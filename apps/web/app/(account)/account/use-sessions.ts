import { useCallback, useEffect, useState } from 'react';
import { auth, type Failure, UNREACHABLE } from '../auth';
import { explainFailure } from '../explain-failure';

type Listed = NonNullable<Awaited<ReturnType<typeof auth.listSessions>>['data']>[number];

export interface Session extends Pick<Listed, 'createdAt' | 'id' | 'ipAddress' | 'token' | 'userAgent'> {
  /** Whether it is the session of this browser. */
  readonly isCurrent: boolean;
}

const changes = new EventTarget();

/** To be called after the server has ended sessions or replaced the current one. */
export function refreshSessions(): void {
  changes.dispatchEvent(new Event('change'));
}

/** The user's sessions, this browser's first. `run` ends some of them, and resolves to whether it did. */
export function useSessions() {
  const [sessions, setSessions] = useState<Session[]>();
  const [failure, setFailure] = useState<string>();

  const run = useCallback(async (end?: () => Promise<{ error: Failure }>) => {
    const ended = await end?.().catch(() => UNREACHABLE);
    const [list, current] = await Promise.all([
      auth.listSessions().catch(() => UNREACHABLE),
      auth.getSession().catch(() => UNREACHABLE),
    ]);
    const error = ended?.error ?? list.error ?? current.error;
    setFailure(error ? explainFailure(error).text : undefined);
    if (list.data && current.data) setSessions(sort(list.data, current.data.session.id));
    return !error;
  }, []);

  useEffect(() => {
    const load = () => void run();
    load();
    changes.addEventListener('change', load);
    return () => changes.removeEventListener('change', load);
  }, [run]);

  return { sessions, failure, run };
}

const timeOf = ({ createdAt }: Session) => new Date(createdAt).getTime();

function sort(listed: Listed[], currentId: string): Session[] {
  const sessions = listed.map((session) => ({ ...session, isCurrent: session.id === currentId }));
  return sessions.sort((a, b) => Number(b.isCurrent) - Number(a.isCurrent) || timeOf(b) - timeOf(a));
}
