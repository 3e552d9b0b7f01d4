import type { Metadata } from 'next';
import { TasksApp } from '../app';
import { SYNC_SPECS } from '../specs';

export const metadata: Metadata = { title: 'Tasks', robots: { index: false } };

/**
 * The task page without any data, for the service worker, which stores it and opens it as `/tasks`. Nothing in it may
 * depend on the session.
 */
export default function ShellPage() {
  return <TasksApp specs={SYNC_SPECS} />;
}
