'use client';

import { useState } from 'react';
import { Modal } from '../../modal';
import { forgetEverything } from '../../sync/sign-out';
import { auth } from '../auth';
import { Password } from '../fields';
import { Form } from '../form';

/** Nothing of the account stays in this browser either. */
async function leave(): Promise<void> {
  await forgetEverything();
  window.location.assign('/');
}

export function DeleteAccount() {
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <>
      <p className="mb-4 text-muted">Deletes your account and all your tasks immediately. This can’t be undone.</p>
      <button type="button" className="button button-danger" onClick={() => setOpen(true)}>
        Delete account…
      </button>
      {isOpen && (
        <Modal title="Delete your account?" onClose={close}>
          <p className="mt-2 mb-5 text-muted">
            All your tasks are deleted with it, and nobody can restore them. Enter your password to confirm.
          </p>
          <Form
            button="Delete account and all tasks"
            isDangerous
            send={({ password = '' }) => auth.deleteUser({ password })}
            onDone={leave}
          >
            <Password />
          </Form>
          <button type="button" className="button mt-3 w-full" onClick={close}>
            Cancel
          </button>
        </Modal>
      )}
    </>
  );
}
