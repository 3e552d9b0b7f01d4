'use client';

import { useEffect, useState } from 'react';
import { auth } from '../auth';
import { Email, Form, NewPassword } from '../form';

/** Asks for a mail with a link. */
export function RequestForm() {
  const [isDone, setDone] = useState(false);
  if (isDone) return <p role="status">If there is an account with this address, a mail with a link is on its way.</p>;
  return (
    <Form
      button="Send me a link"
      send={({ email = '' }) => auth.requestPasswordReset({ email, redirectTo: '/reset-password' })}
      onDone={() => setDone(true)}
    >
      <p className="text-muted">You get a mail with a link, and choose a new password there.</p>
      <Email />
    </Form>
  );
}

/** Where that link leads. */
export function ResetForm({ token }: { token: string }) {
  const [isDone, setDone] = useState(false);
  // The token is a password for as long as it lives: out of the address, and so out of the history.
  useEffect(() => window.history.replaceState(null, '', '/reset-password'), []);
  if (isDone) {
    return (
      <p role="status">
        The new password is set.{' '}
        <a href="/sign-in" className="link">
          Sign in
        </a>
      </p>
    );
  }
  return (
    <Form
      button="Set the password"
      send={({ newPassword = '' }) => auth.resetPassword({ newPassword, token })}
      onDone={() => setDone(true)}
    >
      <NewPassword />
    </Form>
  );
}
