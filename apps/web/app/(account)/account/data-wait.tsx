import { useEffect, useState } from 'react';
import type { Wait } from '../../online/retry';
import { getObstacle } from '../../sync/connection';

/** Why something waits, and until when. */
export function WaitNote({ wait }: { wait: Wait }) {
  return (
    <p>
      {wait.reason === 'busy'
        ? 'Too many requests in a short time.'
        : getObstacle() === 'offline'
          ? 'You’re offline.'
          : 'The server isn’t available right now.'}{' '}
      Continuing <Countdown key={wait.until} until={wait.until} />.
    </p>
  );
}

/** Not read out each second. */
function Countdown({ until }: { until: number }) {
  const [left, setLeft] = useState(() => secondsTo(until));
  useEffect(() => {
    const timer = setInterval(() => setLeft(secondsTo(until)), 1_000);
    return () => clearInterval(timer);
  }, [until]);
  if (left <= 1) return 'in a moment';
  return (
    <>
      <span className="sr-only">soon</span>
      <span aria-hidden="true">in {left} seconds</span>
    </>
  );
}

const secondsTo = (until: number) => Math.ceil((until - Date.now()) / 1_000);
