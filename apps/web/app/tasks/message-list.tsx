import { useEffect, useEffectEvent, useState } from 'react';
import { useValue } from '../value';
import { useTaskApp } from './context';
import { Icon } from './icons';
import type { Message } from './messages';

/** Long enough to find and press "Undo". The keyboard and the history undo later, too. */
const SHOWN_MS = 30_000;
const SHOWN_WITHOUT_UNDO_MS = 7_000;

export function MessageList() {
  const { messages } = useTaskApp();
  const shown = useValue(messages.shown);
  return (
    <section
      aria-label="Messages"
      aria-live="polite"
      data-print="hide"
      className="pointer-events-none fixed inset-x-0 top-14 z-20 flex flex-col items-center gap-2 p-3 lg:top-auto lg:bottom-0 lg:pl-72"
    >
      {shown.map((message) => (
        <MessageBox key={message.id} message={message} />
      ))}
    </section>
  );
}

/** Disappears by itself, unless the pointer or the focus is on it. */
function MessageBox({ message }: { message: Message }) {
  const { messages } = useTaskApp();
  const [isHeld, setHeld] = useState(false);
  const { id, text, changes, isFailure, link } = message;
  const close = useEffectEvent(() => messages.close(id));
  const undo = () => {
    messages.undoAll(message);
    // This button is gone.
    document.getElementById('tasks')?.focus();
  };
  useEffect(() => {
    if (isHeld || isFailure) return;
    const timer = setTimeout(() => close(), changes.length > 0 ? SHOWN_MS : SHOWN_WITHOUT_UNDO_MS);
    return () => clearTimeout(timer);
  }, [isHeld, isFailure, changes]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside are what is used; this only stops the timer.
    <div
      role={isFailure ? 'alert' : undefined}
      className="pointer-events-auto flex max-w-full items-center gap-1 rounded-lg border border-transparent bg-ink pl-4 text-canvas shadow-lg"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span dir="auto" className="line-clamp-3 min-w-0 break-words py-2">
        {text}
      </span>
      {link && (
        <button type="button" className="message-button" onClick={link.open}>
          {link.text}
        </button>
      )}
      {changes.length > 0 && (
        <button type="button" className="message-button" onClick={undo}>
          Undo
        </button>
      )}
      <button type="button" className="message-button" aria-label="Close" onClick={() => messages.close(id)}>
        <Icon name="close" />
      </button>
    </div>
  );
}
