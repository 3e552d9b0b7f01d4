import { createContext, use, useSyncExternalStore } from 'react';
import type { State, Store } from '../sync/store';
import type { Actions } from './actions';
import type { Messages } from './messages';
import type { Ui } from './ui';

/** The parts of the page that live outside of components. */
export interface TaskApp {
  readonly store: Store;
  readonly actions: Actions;
  readonly messages: Messages;
  readonly ui: Ui;
  readonly email: string;
}

export const TaskAppContext = createContext<TaskApp | undefined>(undefined);

export function useTaskApp(): TaskApp {
  const app = use(TaskAppContext);
  if (!app) throw new Error('There is no TaskAppContext around this component.');
  return app;
}

export function useStoreState(): State {
  const { store } = useTaskApp();
  return useSyncExternalStore(store.subscribe, store.getState, store.getState);
}
