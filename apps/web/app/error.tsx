'use client';

import { Header } from './header';

export default function ErrorPage() {
  return (
    <>
      <Header />
      <main className="mx-auto w-full max-w-3xl px-4 py-16 sm:px-6">
        <title>Not available · Taskward</title>
        <h1 className="font-semibold text-2xl">This page cannot be shown just now</h1>
        <p className="mt-3 text-muted">Nothing is lost. Wait a moment, then try again.</p>
        <button type="button" className="button mt-6" onClick={() => window.location.reload()}>
          Try again
        </button>
      </main>
    </>
  );
}
