import { type ReactNode, useEffect, useRef } from 'react';
import { Icon } from './icons';

/** A dialog at the left edge, for phones. */
export function Drawer({ children, onClose }: { children: ReactNode; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it; the click is that on the backdrop.
    <dialog
      ref={dialog}
      aria-label="Views and lists"
      className="m-0 h-dvh max-h-none w-[min(20rem,85vw)] border-line border-r bg-surface p-3"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className="flex min-h-full flex-col">
        <button type="button" className="button button-quiet self-end" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
        {children}
      </div>
    </dialog>
  );
}
