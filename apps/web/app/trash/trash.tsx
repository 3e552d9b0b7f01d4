'use client';

import type { TrashedTask } from '@taskward/api-core/contract';
import type { OperationSpec } from '@taskward/api-core/kit/client';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { Failure } from '../online/failure';
import { Notice } from '../online/notice';
import { type Phrase, Words } from '../online/phrase';
import { ShowMore } from '../online/show-more';
import { Skeleton } from '../online/skeleton';
import { useConnection } from '../online/use-connection';
import { connect } from '../sync/api';
import { Confirmation } from './confirmation';
import { Row, rowIdOf } from './row';
import { TrashSource } from './source';

/** What is to be confirmed: the deletion of one task, or of all. */
type Question = { readonly task: TrashedTask['task'] } | 'all';

export function Trash({ specs, userId }: { specs: readonly OperationSpec[]; userId: string }) {
  const [source] = useState(() => new TrashSource(connect(specs, userId), userId));
  const [question, setQuestion] = useState<Question>();
  const [message, setMessage] = useState<Phrase>([]);
  const [failure, setFailure] = useState<{ readonly title: Phrase; readonly error: unknown }>();
  const { feed } = source;
  const state = useSyncExternalStore(feed.subscribe, feed.getState, feed.getState);
  useConnection();
  useEffect(() => feed.start(), [feed]);

  const attempt = async (title: Phrase, act: () => Promise<Phrase>) => {
    setFailure(undefined);
    setMessage([]);
    try {
      setMessage(await act());
    } catch (error) {
      setFailure({ title, error });
    }
  };

  const onRestore = ({ id, title }: TrashedTask['task']) =>
    attempt(['Couldn’t restore ', { name: title }, '.'], async () =>
      (await source.restore(id))
        ? ['Restored ', { name: title }, '.']
        : [{ name: title }, ' isn’t in the trash any more.'],
    );

  const onConfirm = (question: Question) => {
    setQuestion(undefined);
    if (question === 'all') {
      return attempt(['Couldn’t empty the trash.'], async () => {
        await source.empty();
        return ['Emptied the trash.'];
      });
    }
    const { id, title } = question.task;
    return attempt(['Couldn’t delete ', { name: title }, '.'], async () => {
      await source.purge(id);
      return ['Deleted ', { name: title }, ' forever.'];
    });
  };

  return (
    <>
      <div className="mt-2 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <p className="min-w-0 grow basis-72 text-muted">
          Deleted tasks stay here for 30 days. To bring back a list, or a task with all its sub-tasks, undo its deletion
          in your{' '}
          <a href="/history" className="link">
            history
          </a>
          .
        </p>
        {state.items.length > 0 && (
          <button type="button" className="button button-danger" onClick={() => setQuestion('all')}>
            Empty trash…
          </button>
        )}
      </div>
      <Notice phrase={message} takesFocus />
      <div className="mt-6 flex flex-col gap-6" aria-busy={state.isLoading}>
        {failure && <Failure error={failure.error} title={<Words phrase={failure.title} />} path="/trash" />}
        {state.next === undefined &&
          (state.error === undefined ? (
            <Skeleton label="Loading the trash" />
          ) : (
            <Failure error={state.error} title="Couldn’t load the trash." path="/trash" onRetry={() => feed.retry()} />
          ))}
        {state.next === null && state.items.length === 0 && (
          <p className="py-12 text-center text-muted">The trash is empty.</p>
        )}
        {state.items.length > 0 && (
          <ul aria-label="Deleted tasks" className="card divide-y divide-line">
            {state.items.map((item) => (
              <Row key={item.task.id} item={item} onRestore={onRestore} onDelete={(task) => setQuestion({ task })} />
            ))}
          </ul>
        )}
        {state.next !== undefined && (
          <ShowMore feed={feed} state={state} path="/trash" elementId={({ task }) => rowIdOf(task.id)} />
        )}
      </div>
      {question && (
        <Confirmation
          title={
            question === 'all'
              ? titleOfAll(state.items.length, state.next === null)
              : `Delete ${quote(question.task.title)} forever?`
          }
          button={question === 'all' ? 'Empty trash' : 'Delete forever'}
          onConfirm={() => onConfirm(question)}
          onCancel={() => setQuestion(undefined)}
        />
      )}
    </>
  );
}

/** Isolated, so that its direction is its own. */
const quote = (title: string) => `“\u2068${title}\u2069”`;

function titleOfAll(shown: number, isAll: boolean): string {
  const number = new Intl.NumberFormat().format(shown);
  if (!isAll) return `Delete all tasks in the trash forever? There are more than ${number}.`;
  return shown === 1 ? 'Delete the 1 task in the trash forever?' : `Delete all ${number} tasks in the trash forever?`;
}
