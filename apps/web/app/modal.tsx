import { type MouseEvent, type ReactNode, useId, useLayoutEffect, useRef } from 'react';

interface ModalProps {
  readonly title: string;
  readonly children: ReactNode;
  /** Called when the user leaves the dialog: by Escape or by a click beside it. Without it, the dialog stays. */
  readonly onClose?: () => void;
}

/** A native dialog over the page, open for as long as it is rendered. The focus starts on its title. */
export function Modal({ title, children, onClose }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const pressedBeside = useRef(false);
  const id = useId();

  // Before the effects of the content, which may focus a field.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    heading.current?.focus();
    // Gives the focus back to where it was.
    return () => element?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      closedby={onClose ? 'any' : 'none'}
      className="card max-h-[calc(100dvh-2rem)] w-[min(36rem,calc(100vw-2rem))] overscroll-contain p-5 shadow-xl sm:p-6"
      onCancel={(event) => {
        // `cancel` of a file field inside bubbles.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose?.();
      }}
      onClose={({ target, currentTarget }) => {
        // A browser may close the dialog although `cancel` was prevented.
        if (target === currentTarget && !currentTarget.open) onClose?.();
      }}
      onKeyDown={(event) => {
        // The browser lets a second Escape through, whatever `cancel` said.
        if (event.key === 'Escape' && !onClose) event.preventDefault();
      }}
      onPointerDown={(event) => {
        pressedBeside.current = isBeside(event);
      }}
      onClick={(event) => {
        const isNative = 'closedBy' in event.currentTarget;
        if (!isNative && pressedBeside.current && isBeside(event)) onClose?.();
      }}
    >
      <h2
        ref={heading}
        id={id}
        tabIndex={-1}
        dir="auto"
        className="wrap-anywhere font-semibold text-xl tracking-tight outline-none"
      >
        {title}
      </h2>
      {children}
    </dialog>
  );
}

/** Whether a dialog was clicked on its backdrop, which is a part of it. */
function isBeside({ target, currentTarget, clientX: x, clientY: y }: MouseEvent<HTMLDialogElement>): boolean {
  const { left, right, top, bottom } = currentTarget.getBoundingClientRect();
  return target === currentTarget && (x < left || x > right || y < top || y > bottom);
}
