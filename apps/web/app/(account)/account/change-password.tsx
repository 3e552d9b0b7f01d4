'use client';

import { useState } from 'react';
import { auth } from '../auth';
import { Form, NewPassword, Password } from '../form';

export function ChangePassword({ email }: { email: string }) {
  // Another round empties the form.
  const [changes, setChanges] = useState(0);
  return (
    <div className="max-w-md">
      <Form
        key={changes}
        button="Change the password"
        send={({ password: currentPassword = '', newPassword = '' }) =>
          auth.changePassword({ currentPassword, newPassword })
        }
        onDone={() => setChanges(changes + 1)}
      >
        {/* Tells a password manager whose password it is. */}
        <input type="email" autoComplete="username" value={email} readOnly hidden />
        <Password label="Current password" />
        <NewPassword />
        <p className="text-muted">This signs you out everywhere else.</p>
      </Form>
      <p role="status" className="mt-3 text-accent empty:hidden">
        {changes > 0 && 'The password is changed.'}
      </p>
    </div>
  );
}
