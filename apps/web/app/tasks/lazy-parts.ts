import { today } from '../dates';
import { parseQuickAdd } from './quick-add/parse';

/** The parts of the page that are loaded after it. */
export const parts = {
  dialogs: async () => (await import('./dialogs')).Dialogs,
  editor: async () => (await import('./editor')).Editor,
  conflict: async () => (await import('./conflict-dialog')).ConflictDialog,
  signIn: async () => (await import('../(account)/sign-in/form')).SignInForm,
  drag: () => import('./drag'),
};

/** Loads them while there is nothing else to do, so that they are there offline, too. */
export function loadLazyParts(): () => void {
  const load = () => {
    void Promise.allSettled(Object.values(parts).map((part) => part()));
    // The names of the user's language are prepared before the first key is pressed.
    parseQuickAdd('warm up', { today: today(), locale: navigator.language, lists: [] });
  };
  // Safari has no idle callbacks.
  const timer = setTimeout(
    () => (window.requestIdleCallback ? window.requestIdleCallback(() => load()) : load()),
    2_000,
  );
  return () => clearTimeout(timer);
}
