import { type ReactNode, useId, useState } from 'react';
import { type Phrase, Words } from '../online/phrase';
import { SessionEnded } from '../sync/api';
import { whyNotUndone } from './conflicts';
import { Details, hasDetails } from './details';
import type { Story } from './words';

export const elementIdOf = (revision: number) => `revision-${revision}`;

interface EntryProps {
  readonly story: Story;
  /** Rejects with the error of the API. */
  readonly onUndo: (story: Story) => Promise<void>;
}

/** A revision: what was changed, when, and the button to undo it. */
export function Entry({ story, onUndo }: EntryProps) {
  const { revision, headline } = story;
  const [isBusy, setBusy] = useState(false);
  const [isUndone, setUndone] = useState(false);
  const [error, setError] = useState<unknown>();
  const id = useId();
  const undo = async () => {
    if (isBusy || isUndone) return;
    setBusy(true);
    setError(undefined);
    await onUndo(story).then(() => setUndone(true), setError);
    setBusy(false);
  };
  return (
    <li id={elementIdOf(revision.revision)} tabIndex={-1} className="flex flex-wrap gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 grow basis-48">
        <p id={`${id}-headline`} className="wrap-anywhere">
          <Words phrase={headline} />
        </p>
        <p className="text-muted text-sm">
          <time dateTime={revision.at} title={formatLong(revision.at)}>
            {formatTime(revision.at)}
          </time>
          {revision.via !== 'session' && (
            <>
              {' · with access key '}
              <code className="wrap-anywhere">{revision.via}</code>
            </>
          )}
        </p>
        {hasDetails(story) && <Details story={story} />}
      </div>
      <button
        type="button"
        id={`${id}-undo`}
        className="button self-start"
        aria-labelledby={`${id}-undo ${id}-headline`}
        aria-disabled={isBusy || isUndone}
        onClick={undo}
      >
        {isBusy ? 'Undoing…' : isUndone ? 'Undone' : 'Undo'}
      </button>
      <div role="alert" className="basis-full empty:hidden">
        {error !== undefined && <Refusal error={error} story={story} />}
      </div>
    </li>
  );
}

const MAX_REASONS = 5;

function Refusal({ error, story: { revision, names } }: { error: unknown; story: Story }): ReactNode {
  const reasons = whyNotUndone(error, revision, names);
  const [first, ...others] = reasons;
  if (!first) return null;
  return (
    <div className="wrap-anywhere rounded-lg border border-edge bg-note px-4 py-3">
      <p className="font-medium">Couldn’t undo this, so nothing was changed.</p>
      {others.length === 0 ? (
        <Reason phrase={first} />
      ) : (
        <ul className="mt-1 list-disc ps-5">
          {reasons.slice(0, MAX_REASONS).map((phrase, i) => (
            <li key={i}>
              <Words phrase={phrase} />
            </li>
          ))}
          {reasons.length > MAX_REASONS && <li>And {reasons.length - MAX_REASONS} more.</li>}
        </ul>
      )}
      {error instanceof SessionEnded && (
        <a href="/sign-in?next=%2Fhistory" className="link">
          Sign in
        </a>
      )}
    </div>
  );
}

const Reason = ({ phrase }: { phrase: Phrase }) => (
  <p>
    <Words phrase={phrase} />
  </p>
);

const formatTime = (at: string) => new Intl.DateTimeFormat(undefined, { timeStyle: 'short' }).format(new Date(at));
const formatLong = (at: string) =>
  new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' }).format(new Date(at));
