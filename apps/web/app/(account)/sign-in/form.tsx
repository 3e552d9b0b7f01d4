'use client';

import { useEffect, useRef } from 'react';
import { auth, pathWithin } from '../auth';
import { Email, Form, Password } from '../form';

interface SignInFormProps {
  readonly email?: string;
  /** Where to go then, unless `onDone` has other plans. */
  readonly next?: string | undefined;
  readonly onDone?: () => void;
}

export function SignInForm({ email, next, onDone }: SignInFormProps) {
  const password = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (email) password.current?.focus();
  }, [email]);
  return (
    <Form
      button="Sign in"
      send={({ email = '', password = '' }) => auth.signIn.email({ email, password })}
      onDone={onDone ?? (() => window.location.assign(pathWithin(next)))}
    >
      <Email defaultValue={email} />
      <Password ref={password} />
    </Form>
  );
}
