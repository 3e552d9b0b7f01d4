'use client';

import { auth, CONFIRMED, pathWithin } from '../auth';
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
      // An unconfirmed address gets another link.
      send={({ email = '', password = '' }) => auth.signIn.email({ email, password, callbackURL: CONFIRMED })}
      onDone={onDone ?? (() => window.location.assign(pathWithin(next)))}
    >
      <Email defaultValue={email} />
      <Password />
    </Form>
  );
}
