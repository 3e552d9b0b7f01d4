import { useSyncExternalStore } from 'react';
import { checkAgain, getObstacle, type Obstacle, onObstacle } from '../sync/connection';
import { useStoreState, useTaskApp } from './context';
import { count } from './labels';
import { reloadNow, useNewVersion } from './new-version';

const WORDS: Record<Exclude<Obstacle, 'signed-out'>, string> = {
  offline: 'You’re offline.',
  unavailable: 'We can’t save right now.',
};

export function useObstacle(): Obstacle | undefined {
  return useSyncExternalStore(onObstacle, getObstacle, () => undefined);
}

/** What prevents saving, and what happens to changes meanwhile. In one line, so that little moves when it comes. */
export function Banner() {
  const { store } = useTaskApp();
  const { changes } = useStoreState();
  const obstacle = useObstacle();
  const hasNewVersion = useNewVersion();
  const waiting = changes.filter(({ state }) => state === 'waiting').length;
  const isBlocked = obstacle === 'offline' || obstacle === 'unavailable';
  return (
    <div role="status" data-print="hide">
      {isBlocked && (
        <div className="mb-3 flex items-center gap-3 rounded-lg border border-transparent bg-note py-1.5 pr-1.5 pl-4 text-sm">
          <p className="min-w-0 grow">
            <strong className="font-semibold">{WORDS[obstacle]}</strong> {promise(waiting, store.isDurable)}
          </p>
          <button type="button" className="button" onClick={() => checkAgain()}>
            Retry
          </button>
        </div>
      )}
      {!isBlocked && hasNewVersion && (
        <div className="mb-3 flex items-center gap-3 rounded-lg border border-transparent bg-note py-1.5 pr-1.5 pl-4 text-sm">
          <p className="min-w-0 grow">A new version is ready.</p>
          <button type="button" className="button" onClick={reloadNow}>
            Reload
          </button>
        </div>
      )}
    </div>
  );
}

function promise(waiting: number, isDurable: boolean): string {
  if (!isDurable) return 'This browser can’t store changes: leave the page open until you’re back.';
  if (waiting === 0) return 'Keep going – we’ll sync when you’re back.';
  return `${count(waiting, 'change')} waiting to sync. They’re safe on this device.`;
}
