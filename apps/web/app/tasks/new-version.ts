import { useEffect } from 'react';
import { onNewVersion, reloadWhenHidden } from '../sync/service-worker';
import { useValue, Value } from '../value';

const isReady = new Value(false);

/** Loads the page again. Nothing is lost: changes and drafts are stored. */
export const reloadNow = (): void => window.location.reload();

/** Whether a newer version of the page was found. It is loaded when the user turns to something else, or asks for it. */
export function useNewVersion(): boolean {
  useEffect(() => {
    const stops = [onNewVersion(() => isReady.set(true)), reloadWhenHidden(isReady.get)];
    return () => {
      for (const stop of stops) stop();
    };
  }, []);
  return useValue(isReady);
}
