'use client';

import { useEffect, useState } from 'react';
import { auth } from '../auth';
import { LINK_EXPIRED } from '../explain-failure';
import { Email, NewPassword } from '../fields';
import { Form } from '../form';
import { Notice } from '../notice';

/** Requests a mail with a link. */
export function RequestForm() {
  const [isDone, setDone] = useState(false);
  if (isDone) {
    return <Notice title="Check your email.">If this address has an account, we sent it a link.</Notice>;
  }
  return (
    <Form
      button="Send link"
      hasFocus
      send={({ email = '' }) => auth.requestPasswordReset({ email, redirectTo: '/reset-password' })}
      onDone={() => setDone(true)}
    >
      <p className="text-muted">We’ll email you a link. Open it to choose a new password.</p>
      <Email />
    </Form>
  );
}

type Progress = 'open' | 'done' | 'expired';

/** Sets a new password, with the token of that link. */
export function ResetForm({ token }: { token: string }) {
  const [progress, setProgress] = useState<Progress>('open');
  // The token is as good as a password: it must not stay in the address, nor in the history.
  useEffect(() => window.history.replaceState(null, '', '/reset-password'), []);
  if (progress === 'expired') {
    return (
      <Notice title={LINK_EXPIRED}>
        <a href="/reset-password" className="link link-alone">
          Request a new link
        </a>
      </Notice>
    );
  }
  if (progress === 'done') {
    return (
      <Notice title="Password changed.">
        <a href="/sign-in" className="link link-alone">
          Sign in
        </a>
      </Notice>
    );
  }
  return (
    <Form
      button="Set new password"
      hasFocus
      send={async ({ newPassword = '' }) => {
        const { error } = await auth.resetPassword({ newPassword, token });
        if (error?.code === 'INVALID_TOKEN') setProgress('expired');
        return { error };
      }}
      onDone={() => setProgress('done')}
    >
      <NewPassword />
    </Form>
  );
}
