import { useEffect, useMemo } from 'react';
import { useValue } from '../value';
import { AddTask } from './add-task';
import { useAddress } from './address';
import { Banner } from './banner';
import { useToday } from './clock';
import { useStoreState, useTaskApp } from './context';
import { Filters } from './filters';
import { Heading } from './heading';
import { lazyPart } from './lazy-part';
import { loadLazyParts, parts } from './lazy-parts';
import { MessageList } from './message-list';
import { Problems } from './problems';
import { useShortcuts } from './shortcuts';
import { Sidebar } from './sidebar';
import { SignInAgain } from './sign-in-again';
import { TaskList } from './task-list';
import { countOpen, select } from './views';

const Dialogs = lazyPart(parts.dialogs);

export function Page({ serverSearch, serverToday }: { serverSearch: string; serverToday: string }) {
  const { store, ui } = useTaskApp();
  const state = useStoreState();
  const address = useAddress(serverSearch);
  const today = useToday(serverToday);
  const dialog = useValue(ui.dialog);
  const menu = useValue(ui.menu);
  const counts = useMemo(() => countOpen(state.view, today), [state.view, today]);
  const groups = useMemo(() => select(state.view, address, today), [state.view, address, today]);
  useShortcuts();
  useEffect(loadLazyParts, []);
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      const { changes, drafts } = store.getState();
      if (!store.isDurable && (changes.length > 0 || drafts.size > 0)) event.preventDefault();
    };
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [store]);

  return (
    <div className="lg:grid lg:min-h-dvh lg:grid-cols-[17rem_minmax(0,1fr)] print:block">
      <a href="#tasks" className="button sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-30">
        Skip to tasks
      </a>
      <Sidebar {...{ address, counts }} className="max-lg:hidden" />
      <main className="mx-auto w-full max-w-3xl px-3 pb-36 sm:px-6 lg:pt-6 lg:pb-16">
        <Heading {...{ address, counts, groups }} />
        <Banner />
        <Problems />
        <AddTask address={address} today={today} />
        <Filters address={address} />
        <TaskList {...{ address, groups, today }} />
      </main>
      <MessageList />
      {(dialog || menu) && <Dialogs {...{ address, counts, today }} />}
      <SignInAgain />
    </div>
  );
}
