import { useState } from 'react';
import { cut } from './cut';

/** A text of a user, cut where it is long, with a button to see all of it. */
export function LongText({ text }: { text: string }) {
  const [isWhole, setWhole] = useState(false);
  const start = cut(text);
  return (
    <>
      <span dir="auto" className="block whitespace-pre-wrap">
        {isWhole || start === undefined ? text : `${start}…`}
      </span>
      {start !== undefined && (
        <button
          type="button"
          className="link py-1 pointer-coarse:min-h-11"
          aria-expanded={isWhole}
          onClick={() => setWhole(!isWhole)}
        >
          {isWhole ? 'Show less' : 'Show all'}
        </button>
      )}
    </>
  );
}
