'use client';

import { useState } from 'react';
import { auth } from '../auth';
import { NewPassword, Password } from '../fields';
import { Form } from '../form';
import { refreshSessions } from './use-sessions';

export function ChangePassword({ email }: { email: string }) {
  // A new key empties the form.
  const [changes, setChanges] = useState(0);
  return (
    <div className="max-w-md">
      <Form
        key={changes}
        button="Change password"
        isCompact
        send={({ password: currentPassword = '', newPassword = '' }) =>
          auth.changePassword({ currentPassword, newPassword })
        }
        onDone={() => {
          setChanges(changes + 1);
          refreshSessions();
        }}
      >
        {/* Tells a password manager whose password it is. */}
        <input type="email" autoComplete="username" value={email} readOnly hidden />
        <Password label="Current password" />
        <NewPassword />
        <p className="text-muted text-sm">This signs you out everywhere else, within 15 minutes.</p>
      </Form>
      <p role="status" className="mt-3 text-accent empty:hidden">
        {changes > 0 && 'Password changed.'}
      </p>
    </div>
  );
}
