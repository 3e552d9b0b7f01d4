'use client';

import { NAME } from '@taskward/api-core/accounts/limits';
import { useState } from 'react';
import { auth, CONFIRMED, pathWithin } from '../auth';
import { Email, Field, NewPassword } from '../fields';
import { Form } from '../form';
import { Notice } from '../notice';

export function SignUpForm({ next }: { next: string | undefined }) {
  const [isSignedIn, setSignedIn] = useState<boolean>();
  if (isSignedIn === false) {
    return (
      <Notice title="Check your email.">We sent you a link. Open it to confirm your address, then sign in.</Notice>
    );
  }
  return (
    <Form
      button="Create account"
      hasFocus
      send={async ({ name = '', email = '', newPassword: password = '' }) => {
        const { data, error } = await auth.signUp.email({ name, email, password, callbackURL: CONFIRMED });
        // If the server sends mail, the address has to be confirmed first.
        if (data && data.token === null) setSignedIn(false);
        else if (data) window.location.assign(pathWithin(next));
        return { error };
      }}
    >
      <Field label="Name" name="name" autoComplete="name" dir="auto" maxLength={NAME.max} />
      <Email />
      <NewPassword label="Password" />
    </Form>
  );
}
