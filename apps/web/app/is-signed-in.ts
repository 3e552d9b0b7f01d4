import { readSession } from './session';

/** Whether the page's request has a session. False if the database is unavailable, so that a public page still renders. */
export async function isSignedIn(): Promise<boolean> {
  return readSession().then(Boolean, () => false);
}
