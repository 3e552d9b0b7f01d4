import { useEffect, useEffectEvent, useState } from 'react';

export interface Toast {
  readonly id: string;
  readonly text: string;
  readonly isFailure?: boolean;
  readonly undo?: () => void;
  /** Runs when the time to undo is over. */
  readonly onEnd?: () => void;
}

const SHOWN_MS = 7_000;

export function Toasts({ toasts, onClose }: { toasts: readonly Toast[]; onClose: (toast: Toast) => void }) {
  return (
    <section
      aria-label="Messages"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-0 z-10 flex flex-col items-center gap-2 p-4"
    >
      {toasts.map((toast) => (
        <Message key={toast.id} toast={toast} onClose={() => onClose(toast)} />
      ))}
    </section>
  );
}

/** Goes away by itself, but not while it is pointed at or has the focus. */
function Message({ toast, onClose }: { toast: Toast; onClose: () => void }) {
  const [isHeld, setHeld] = useState(false);
  const end = () => {
    onClose();
    toast.onEnd?.();
  };
  const onTime = useEffectEvent(end);
  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(() => onTime(), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isHeld]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside are what is used; here it is only held.
    <div
      role={toast.isFailure ? 'alert' : undefined}
      className="pointer-events-auto flex max-w-full items-center gap-2 rounded-lg bg-ink py-1.5 pr-2 pl-4 text-canvas shadow-lg"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span className="line-clamp-3 min-w-0 break-words">{toast.text}</span>
      {toast.undo && (
        <button
          type="button"
          className="rounded-md px-3 py-1.5 font-semibold underline underline-offset-4 outline-current"
          onClick={() => {
            onClose();
            toast.undo?.();
          }}
        >
          Undo
        </button>
      )}
      <button type="button" className="rounded-md px-2.5 py-1.5 outline-current" aria-label="Close" onClick={end}>
        ✕
      </button>
    </div>
  );
}
