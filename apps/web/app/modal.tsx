import { type ReactNode, useEffect, useId, useRef } from 'react';

/** A native dialog over the page, open for as long as it is rendered. Without `onClose` it cannot be left. */
export function Modal({ title, children, onClose }: { title: string; children: ReactNode; onClose?: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      className="card w-[min(36rem,calc(100vw-2rem))] p-6 shadow-xl"
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onKeyDown={(event) => {
        // The browser lets a second Escape through, whatever `cancel` said.
        if (event.key === 'Escape' && !onClose) event.preventDefault();
      }}
    >
      <h2 id={heading} className="font-semibold text-lg">
        {title}
      </h2>
      {children}
    </dialog>
  );
}
