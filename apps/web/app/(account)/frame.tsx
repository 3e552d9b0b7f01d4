import type { ReactNode } from 'react';
import { Header } from '../header';

/** A page with one form on it. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <Header />
      <main className="mx-auto w-full max-w-md px-4 py-8 sm:py-16">
        <div className="card p-6 shadow-raised sm:p-8">
          <h1 className="mb-6 font-semibold text-2xl tracking-tight">{title}</h1>
          {children}
        </div>
      </main>
    </>
  );
}
