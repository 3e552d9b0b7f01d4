'use client';

import type { OperationSpec } from '@taskward/api-core/kit/client';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { formatDue, today } from '../dates';
import { Failure } from '../online/failure';
import { Notice } from '../online/notice';
import type { Phrase } from '../online/phrase';
import { ShowMore } from '../online/show-more';
import { Skeleton } from '../online/skeleton';
import { useConnection } from '../online/use-connection';
import { connect } from '../sync/api';
import { Entry, elementIdOf } from './entry';
import { HistorySource } from './source';
import { type Story, tell } from './words';

export function History({ specs, userId }: { specs: readonly OperationSpec[]; userId: string }) {
  const [source] = useState(() => new HistorySource(connect(specs, userId), userId));
  const [message, setMessage] = useState<Phrase>([]);
  const state = useSyncExternalStore(source.feed.subscribe, source.feed.getState, source.feed.getState);
  // The names change with the items.
  const stories = useMemo(() => tell(state.items, source.names), [state.items, source]);
  useConnection();
  useEffect(() => source.feed.start(), [source]);

  const onUndo = async ({ revision, headline }: Story) => {
    setMessage([]);
    const made = await source.undo(revision.revision);
    setMessage(made === null ? ['There was nothing left to undo.'] : ['Undone: ', ...headline]);
    await source.feed.refresh();
  };

  return (
    <>
      <p className="mt-2 text-muted">
        What you changed in the last 30 days. You can undo each change, and undo the undo.
      </p>
      <Notice phrase={message} />
      <div className="mt-6 flex flex-col gap-8" aria-busy={state.isLoading}>
        {state.next === undefined &&
          (state.error === undefined ? (
            <Skeleton label="Loading your history" />
          ) : (
            <Failure
              error={state.error}
              title="Couldn’t load your history."
              path="/history"
              onRetry={() => source.feed.retry()}
            />
          ))}
        {state.next === null && state.items.length === 0 && (
          <p className="py-12 text-center text-muted">Nothing was changed in the last 30 days.</p>
        )}
        {daysOf(stories).map(([day, ofDay]) => (
          <section key={day} aria-labelledby={`day-${day}`}>
            <h2 id={`day-${day}`} className="mb-2 font-semibold first-letter:uppercase">
              <time dateTime={day}>{formatDue(day)}</time>
            </h2>
            <ol className="card divide-y divide-line">
              {ofDay.map((story) => (
                <Entry key={story.revision.revision} story={story} onUndo={onUndo} />
              ))}
            </ol>
          </section>
        ))}
        {state.next !== undefined && (
          <ShowMore
            feed={source.feed}
            state={state}
            path="/history"
            elementId={({ revision }) => elementIdOf(revision)}
          />
        )}
      </div>
    </>
  );
}

/** The stories by the day in the user's time zone, newest first. */
function daysOf(stories: readonly Story[]): [string, Story[]][] {
  const days = new Map<string, Story[]>();
  for (const story of stories) {
    const day = today(new Date(story.revision.at));
    const ofDay = days.get(day);
    if (ofDay) ofDay.push(story);
    else days.set(day, [story]);
  }
  return [...days];
}
