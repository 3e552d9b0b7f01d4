import { useEffect, useRef } from 'react';
import { type Phrase, Words } from './phrase';

interface NoticeProps {
  /** Empty for none. */
  readonly phrase: Phrase;
  /** Where what had the focus goes away with what the notice is about. */
  readonly takesFocus?: boolean;
}

/** Says what was done. The region is there before its text, so that screen readers announce it. */
export function Notice({ phrase, takesFocus = false }: NoticeProps) {
  const text = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (takesFocus && phrase.length > 0) text.current?.focus();
  }, [phrase, takesFocus]);
  return (
    <div role="status">
      {phrase.length > 0 && (
        <p ref={text} tabIndex={-1} className="mt-4 wrap-anywhere rounded-lg border border-line bg-sunken px-4 py-3">
          <Words phrase={phrase} />
        </p>
      )}
    </div>
  );
}
