'use client';

import { NAME } from '@taskward/api-core/accounts/limits';
import { useState } from 'react';
import { auth, pathWithin } from '../auth';
import { Email, Field, Form, NewPassword } from '../form';

export function SignUpForm({ next }: { next: string | undefined }) {
  const [isSignedIn, setSignedIn] = useState<boolean>();
  if (isSignedIn === false) {
    return <p role="status">A mail is on its way. Open the link in it to confirm your address, then sign in.</p>;
  }
  return (
    <Form
      button="Create the account"
      send={async ({ name = '', email = '', newPassword: password = '' }) => {
        const { data, error } = await auth.signUp.email({ name, email, password, callbackURL: '/tasks' });
        // Where the server sends mail, an address has to be confirmed first.
        if (data && data.token === null) setSignedIn(false);
        else if (data) window.location.assign(pathWithin(next));
        return { error };
      }}
    >
      <Field label="Name" name="name" autoComplete="name" maxLength={NAME.max} />
      <Email />
      <NewPassword label="Password" />
    </Form>
  );
}
