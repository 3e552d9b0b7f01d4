import type { OperationSpec } from '@taskward/api-core/kit/client';
import { connect } from './api';
import { getObstacle, onObstacle, watchConnection } from './connection';
import { Follower } from './follower';
import { Sender } from './sender';
import type { Store } from './store';

/**
 * Opens a store and keeps it and the server the same, for as long as the page is open. Of all tabs of a user, one does
 * that for all; when it is closed, another one goes on. Call the returned function to stop.
 */
export function startSync(store: Store, specs: readonly OperationSpec[]): () => void {
  const stopping = new AbortController();
  const stopWatching = watchConnection();
  const opened = store.open();
  void opened.then(() =>
    lead(`taskward-${store.userId}`, stopping.signal, () => follow(store, specs, stopping.signal)),
  );
  return () => {
    stopping.abort();
    stopWatching();
    void opened.then((close) => close());
  };
}

/** Runs the task in one tab at a time (https://www.w3.org/TR/web-locks/), or in each, over plain http without locks. */
function lead(name: string, signal: AbortSignal, run: () => Promise<void>): void {
  if (signal.aborted) return;
  if (!navigator.locks) return void run();
  navigator.locks.request(name, { signal }, run).catch((error) => {
    if (!signal.aborted) throw error;
  });
}

/** Ends with the signal. */
function follow(store: Store, specs: readonly OperationSpec[], signal: AbortSignal): Promise<void> {
  const client = connect(specs, store.userId);
  const follower = new Follower(store, client);
  const sender = new Sender(store, client, () => follower.restart());
  const onObstacleChange = () => {
    if (getObstacle()) return;
    sender.pump();
    follower.restart();
  };
  const stops = [store.onChanges(sender.pump), onObstacle(onObstacleChange), () => follower.stop()];
  for (const { key, state } of store.getState().changes) if (state === 'sent') sender.confirmLater(key);
  if (!getObstacle()) follower.restart();
  sender.pump();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      for (const stop of stops) stop();
      resolve();
    });
  });
}
