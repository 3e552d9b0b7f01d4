import type { Metadata } from 'next';
import { Header } from './header';

export const metadata: Metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <>
      <Header />
      <main className="mx-auto w-full max-w-3xl px-4 py-16 sm:px-6">
        <h1 className="font-semibold text-2xl">There is no such page</h1>
        <p className="mt-3 text-muted">
          The address may be mistyped.{' '}
          <a href="/tasks" className="link">
            Go to your tasks
          </a>
        </p>
      </main>
    </>
  );
}
