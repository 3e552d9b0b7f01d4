import { headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { getApp } from '@/server/app';

interface Session {
  readonly user: { readonly id: string; readonly name: string; readonly email: string };
  readonly session: { readonly id: string };
}

/**
 * The session of the page's request, or null. Only what is shown depends on it: the API looks at tokens alone.
 *
 * @throws where the database cannot be reached.
 */
export async function readSession(): Promise<Session | null> {
  const { auth } = await getApp();
  // A page cannot set the cookie that goes with a longer session, so the session is left as it is.
  const target = { path: '/api/auth/get-session', search: '?disableRefresh=true' };
  const request = { method: 'GET', ...target, headers: await headers(), body: undefined };
  const response = await auth.handler(request, crypto.randomUUID());
  return response.json();
}

/** The same, for pages that are of use only to somebody: others sign in first, and come back. */
export async function requireSession(path: string): Promise<Session> {
  return (await readSession()) ?? redirect(`/sign-in?next=${encodeURIComponent(path)}`);
}
