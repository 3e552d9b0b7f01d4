'use client';

import { EMAIL, PASSWORD } from '@taskward/api-core/accounts/limits';
import { type ComponentProps, type FormEvent, type ReactNode, useId, useState } from 'react';
import { useReady } from '../ready';
import type { Failure } from './auth';

interface FormProps {
  readonly button: string;
  readonly send: (values: Record<string, string>) => Promise<{ error: Failure }>;
  readonly onDone?: () => void;
  readonly children: ReactNode;
  readonly isDangerous?: boolean;
}

/** A form that says what is wrong. It is sent by script alone: before that has loaded, it waits. */
export function Form({ button, send, onDone, children, isDangerous = false }: FormProps) {
  const isReady = useReady();
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();

  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    setBusy(true);
    setFailure(undefined);
    const { error } = await send(values).catch(() => ({ error: UNREACHABLE }));
    setBusy(false);
    if (error) setFailure(error.message || `The server answered with status ${error.status}.`);
    else onDone?.();
  };

  return (
    // By POST, so that a password never gets into an address.
    <form method="post" className="flex flex-col gap-4" onSubmit={onSubmit}>
      {children}
      <div role="alert" className="text-danger empty:hidden">
        {failure}
      </div>
      <button
        type="submit"
        className={`button ${isDangerous ? 'button-danger' : 'button-primary'}`}
        disabled={!isReady || isBusy}
      >
        {button}
      </button>
    </form>
  );
}

const UNREACHABLE: Failure = { message: 'The server cannot be reached. Try again.', status: 0 };

interface FieldProps extends ComponentProps<'input'> {
  readonly label: string;
  readonly hint?: string;
}

export function Field({ label, hint, ...input }: FieldProps) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
      </label>
      <input id={id} required className="field" aria-describedby={hint && `${id}-hint`} {...input} />
      {hint && (
        <p id={`${id}-hint`} className="mt-1 text-muted text-sm">
          {hint}
        </p>
      )}
    </div>
  );
}

export function Email(props: { defaultValue?: string | undefined }) {
  return <Field label="Email" name="email" type="email" autoComplete="username" maxLength={EMAIL.max} {...props} />;
}

/** A password that is known already. */
export function Password({ label = 'Password', ...input }: Partial<FieldProps>) {
  return <Field label={label} name="password" type="password" autoComplete="current-password" {...input} />;
}

export function NewPassword({ label = 'New password' }: { label?: string }) {
  const [isShown, setShown] = useState(false);
  return (
    <div>
      <Field
        label={label}
        name="newPassword"
        type={isShown ? 'text' : 'password'}
        autoComplete="new-password"
        minLength={PASSWORD.min}
        // No `maxLength`: browsers would cut off what is pasted, unseen. The server says so instead.
        hint={`${PASSWORD.min} to ${PASSWORD.max} characters. Four words are easy to remember.`}
      />
      <label className="mt-2 flex w-fit items-center gap-2 text-sm">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={isShown}
          onChange={(event) => setShown(event.target.checked)}
        />
        Show it
      </label>
    </div>
  );
}
