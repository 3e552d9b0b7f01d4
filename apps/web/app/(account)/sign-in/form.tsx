'use client';

import { auth, pathWithin } from '../auth';
import { Email, Password } from '../fields';
import { Form } from '../form';

interface SignInFormProps {
  readonly email?: string;
  /** Where to go after sign-in, unless there is `onDone`. */
  readonly next?: string | undefined;
  readonly onDone?: () => void;
}

export function SignInForm({ email, next, onDone }: SignInFormProps) {
  return (
    <Form
      button="Sign in"
      hasFocus
      send={({ email = '', password = '' }) => auth.signIn.email({ email, password })}
      onDone={onDone ?? (() => window.location.assign(pathWithin(next)))}
    >
      <Email defaultValue={email} />
      <Password />
    </Form>
  );
}
