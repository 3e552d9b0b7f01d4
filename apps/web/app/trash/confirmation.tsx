import { Modal } from '../modal';

interface ConfirmationProps {
  readonly title: string;
  readonly button: string;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

/** Asks before something is deleted for good. */
export function Confirmation({ title, button, onConfirm, onCancel }: ConfirmationProps) {
  return (
    <Modal title={title} onClose={onCancel}>
      <p className="mt-2 mb-6 text-muted">This can’t be undone, here or in your history.</p>
      <div className="flex flex-wrap justify-end gap-2">
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="button" className="button button-danger" onClick={onConfirm}>
          {button}
        </button>
      </div>
    </Modal>
  );
}
