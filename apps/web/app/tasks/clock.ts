import { useSyncExternalStore } from 'react';
import { formatDue, today } from '../dates';
import { useReady } from '../ready';

let current: string | undefined;
const listeners = new Set<() => void>();

function check(): void {
  const next = today();
  if (next === current) return;
  current = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // Not one timer until midnight: devices sleep, travel, and set their clocks.
  const timer = setInterval(check, 30_000);
  document.addEventListener('visibilitychange', check);
  return () => {
    listeners.delete(listener);
    clearInterval(timer);
    document.removeEventListener('visibilitychange', check);
  };
}

/** Today, where the user is; changes at midnight. While the page is hydrated, the day that the server rendered. */
export function useToday(serverToday: string): string {
  const getCurrent = () => {
    current ??= today();
    return current;
  };
  return useSyncExternalStore(subscribe, getCurrent, () => serverToday);
}

/** Formats a date for the user; while the page is hydrated as it is, since the server does not know the user's locale. */
export function useDateFormat(today: string): (date: string) => string {
  const isReady = useReady();
  return isReady ? (date) => formatDue(date, today) : (date) => date;
}
