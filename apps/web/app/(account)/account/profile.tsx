'use client';

import { NAME } from '@taskward/api-core/accounts/limits';
import { useState } from 'react';
import { auth } from '../auth';
import { Field } from '../fields';
import { Form } from '../form';

/** The name and the e-mail address of the account; the name can be changed. */
export function Profile({ name, email }: { name: string; email: string }) {
  const [isSaved, setSaved] = useState(false);
  return (
    <div className="max-w-md">
      <dl className="mb-5">
        <dt className="font-medium">Email</dt>
        <dd className="wrap-anywhere text-muted">{email}</dd>
      </dl>
      <Form
        button="Save name"
        isCompact
        send={({ name = '' }) => {
          setSaved(false);
          return auth.updateUser({ name });
        }}
        onDone={() => setSaved(true)}
      >
        <Field label="Name" name="name" autoComplete="name" dir="auto" maxLength={NAME.max} defaultValue={name} />
      </Form>
      <p role="status" className="mt-3 text-accent empty:hidden">
        {isSaved && 'Name saved.'}
      </p>
    </div>
  );
}
