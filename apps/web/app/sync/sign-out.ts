import { countUnsent, deleteLocalDatabase } from './database';
import { forgetUser, readLastUser } from './last-user';
import { forgetShell } from './service-worker';

const CHANNEL = 'taskward-sessions';

/** How many changes the server does not have yet, which signing out would lose. */
export async function countUnsentChanges(): Promise<number> {
  const user = readLastUser();
  return user ? countUnsent(user.id) : 0;
}

/** Removes everything that this browser has stored, and closes the pages of other tabs. Call it after signing out. */
export async function forgetEverything(): Promise<void> {
  const user = readLastUser();
  forgetUser();
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage('signed-out');
  channel.close();
  await Promise.all([user && deleteLocalDatabase(user.id), forgetShell()]);
}

/** Calls the listener when the user signs out in another tab. */
export function onSignedOut(listener: () => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = listener;
  return () => channel.close();
}
