'use client';

import { useState } from 'react';
import { Modal } from '../../modal';
import { auth } from '../auth';
import { Form, Password } from '../form';

export function DeleteAccount() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <p className="mb-4 text-muted">Your account and all your tasks are removed at once and for good.</p>
      <button type="button" className="button button-danger" onClick={() => setOpen(true)}>
        Delete the account…
      </button>
      {isOpen && (
        <Modal title="Delete the account for good?" onClose={() => setOpen(false)}>
          <p className="mt-2 mb-4 text-muted">Nobody can bring your tasks back. Enter your password to go on.</p>
          <Form
            button="Delete my account and all tasks"
            isDangerous
            send={({ password = '' }) => auth.deleteUser({ password })}
            onDone={() => window.location.assign('/')}
          >
            <Password />
          </Form>
          <button type="button" className="button mt-3 w-full" onClick={() => setOpen(false)}>
            Keep it
          </button>
        </Modal>
      )}
    </>
  );
}
