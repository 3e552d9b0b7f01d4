import type { ReactNode } from 'react';
import { Header } from '../header';

/** A page with one form on it. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <Header />
      <main className="mx-auto w-full max-w-md px-4 py-10 sm:py-16">
        <div className="card p-6 sm:p-8">
          <h1 className="mb-6 font-semibold text-2xl">{title}</h1>
          {children}
        </div>
      </main>
    </>
  );
}
