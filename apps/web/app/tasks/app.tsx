'use client';

import './tasks.css';
import type { OperationSpec } from '@taskward/api-core/kit/client';
import { useEffect, useState } from 'react';
import { readLastUser, rememberUser, type User } from '../sync/last-user';
import { forgetShell, storeShell } from '../sync/service-worker';
import { onSignedOut } from '../sync/sign-out';
import { type FirstData, Store } from '../sync/store';
import { startSync } from '../sync/sync';
import { Actions } from './actions';
import { type TaskApp, TaskAppContext } from './context';
import { Messages } from './messages';
import { Page } from './page-layout';
import { Skeleton } from './skeleton';
import { Ui } from './ui';

interface TasksAppProps {
  readonly specs: readonly OperationSpec[];
  /** The user of the session. Omitted in the shell, which opens for the last user of this browser. */
  readonly user?: User;
  /** What the server has read for the first view. */
  readonly first?: FirstData;
  /** The query of the URL, as the server got it. */
  readonly search?: string;
  /** The day when the server rendered the page. */
  readonly today?: string;
}

/** The whole task page. */
export function TasksApp({ specs, user, first, search = '', today = '' }: TasksAppProps) {
  const [app, setApp] = useState(() => user && createApp(user, first));

  useEffect(() => {
    if (user) {
      rememberUser(user);
      void storeShell();
      return;
    }
    const last = readLastUser();
    // The shell is of use to a user of this browser only.
    if (last) setApp(createApp(last));
    else void forgetShell().then(() => window.location.replace('/sign-in?next=/tasks'));
  }, [user]);

  useEffect(() => {
    if (!app) return;
    const stopSync = startSync(app.store, specs);
    const leave = () => {
      stopSync();
      window.location.assign('/');
    };
    const stops = [stopSync, app.store.onNotice((text) => app.messages.fail(text)), onSignedOut(leave)];
    return () => {
      for (const stop of stops) stop();
    };
  }, [app, specs]);

  if (!app) {
    return (
      <main className="mx-auto w-full max-w-3xl p-4 lg:pt-36">
        <h1 className="sr-only">Tasks</h1>
        <Skeleton />
      </main>
    );
  }
  return (
    <TaskAppContext value={app}>
      <Page serverSearch={search} serverToday={today} />
    </TaskAppContext>
  );
}

function createApp({ id, email }: User, first?: FirstData): TaskApp {
  const store = new Store(id, first);
  const messages = new Messages((change) => store.undo(change));
  return { store, messages, actions: new Actions(store, messages), ui: new Ui(), email };
}
