'use client';

import { type ReactNode, useState } from 'react';
import { Modal } from './modal';
import { countUnsentChanges, forgetEverything } from './sync/sign-out';

/** Signs out, and removes what this browser has stored. Asks first where that would lose changes. */
export function SignOut({ className = '', icon }: { className?: string; icon?: ReactNode }) {
  const [hasFailed, setFailed] = useState(false);
  const [unsent, setUnsent] = useState(0);
  const signOut = async () => {
    setUnsent(0);
    // Better Auth's client would be an eighth of the page's script, and is not needed before.
    const request = async () => (await import('./(account)/auth')).auth.signOut();
    const { error } = await request().catch((error) => ({ error }));
    if (error) return setFailed(true);
    await forgetEverything();
    // A new document: nothing of the account stays in memory.
    window.location.assign('/');
  };
  const ask = async () => {
    setFailed(false);
    const count = await countUnsentChanges();
    if (count > 0) setUnsent(count);
    else await signOut();
  };
  return (
    <>
      <button type="button" className={`button button-quiet ${className}`} aria-live="polite" onClick={ask}>
        {icon}
        {hasFailed ? 'Couldn’t sign out. Try again.' : 'Sign out'}
      </button>
      {unsent > 0 && (
        <Modal title="Sign out without saving?" onClose={() => setUnsent(0)}>
          <p className="mt-2">
            {unsent === 1 ? 'One change hasn’t' : `${unsent} changes haven’t`} been saved yet. Signing out removes{' '}
            {unsent === 1 ? 'it' : 'them'} from this device.
          </p>
          <div className="mt-6 flex flex-wrap justify-end gap-3">
            <button type="button" className="button" onClick={() => setUnsent(0)}>
              Cancel
            </button>
            <button type="button" className="button button-danger" onClick={signOut}>
              Sign out and lose {unsent === 1 ? 'it' : 'them'}
            </button>
          </div>
        </Modal>
      )}
    </>
  );
}
