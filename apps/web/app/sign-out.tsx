'use client';

import { useState } from 'react';

/** Leaves by loading a new document, so that nothing of the account stays in memory. */
export function SignOut() {
  const [hasFailed, setFailed] = useState(false);
  const leave = async () => {
    // Better Auth's client would be an eighth of the list's script; here it is not needed before.
    const signOut = async () => (await import('./(account)/auth')).auth.signOut();
    const { error } = await signOut().catch((error) => ({ error }));
    if (error) setFailed(true);
    else window.location.assign('/');
  };
  return (
    <button type="button" className="button button-quiet" aria-live="polite" onClick={leave}>
      {hasFailed ? 'Not signed out, try again' : 'Sign out'}
    </button>
  );
}
