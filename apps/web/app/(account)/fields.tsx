'use client';

import { EMAIL, PASSWORD } from '@taskward/api-core/accounts/limits';
import { type ComponentProps, use, useId, useState } from 'react';
import { FormErrorContext } from './form';

interface FieldProps extends ComponentProps<'input'> {
  readonly label: string;
  readonly name: string;
  readonly hint?: string;
}

/** A labelled field of a `Form`, with the form's error if it concerns this field. */
export function Field({ label, name, hint, ...input }: FieldProps) {
  const id = useId();
  const error = use(FormErrorContext);
  const text = error?.field === name ? error.text : undefined;
  const descriptions = [text && `${id}-error`, hint && `${id}-hint`].filter(Boolean);
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block font-medium">
        {label}
      </label>
      <input
        id={id}
        name={name}
        required
        className="field"
        aria-invalid={text !== undefined}
        aria-describedby={descriptions.join(' ') || undefined}
        {...input}
      />
      {text && (
        // An alert as well: if the field has the focus already, screen readers do not read its description again.
        <p id={`${id}-error`} role="alert" className="mt-1.5 text-danger text-sm">
          {text}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="mt-1.5 text-muted text-sm">
          {hint}
        </p>
      )}
    </div>
  );
}

export function Email(props: { defaultValue?: string | undefined }) {
  return <Field label="Email" name="email" type="email" autoComplete="username" maxLength={EMAIL.max} {...props} />;
}

/** An existing password. */
export function Password({ label = 'Password' }: { label?: string }) {
  return <Field label={label} name="password" type="password" autoComplete="current-password" />;
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
        // No `maxLength`: browsers would cut off what is pasted, unseen. The server returns an error instead.
        hint={`${PASSWORD.min} to ${PASSWORD.max} characters. Four words are easy to remember.`}
      />
      <label className="mt-2 flex w-fit items-center gap-2 text-sm pointer-coarse:min-h-11">
        <input type="checkbox" checked={isShown} onChange={(event) => setShown(event.target.checked)} />
        Show password
      </label>
    </div>
  );
}
