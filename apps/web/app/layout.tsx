import type { Metadata } from 'next';
import { connection } from 'next/server';
import type { ReactNode } from 'react';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Taskward', template: '%s · Taskward' },
  description: 'Your tasks, and nobody else’s.',
};

export default async function Layout({ children }: { children: ReactNode }) {
  // Every page is made for its request: the nonce of its scripts is.
  await connection();
  return (
    <html lang="en">
      <body className="flex min-h-dvh flex-col">{children}</body>
    </html>
  );
}
