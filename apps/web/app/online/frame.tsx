import type { ReactNode } from 'react';
import { Header } from '../header';

const LINKS = [
  { path: '/tasks', text: 'Tasks' },
  { path: '/history', text: 'History' },
  { path: '/trash', text: 'Trash' },
  { path: '/account', text: 'Account' },
];

interface FrameProps {
  /** The path of the page. */
  readonly path: string;
  readonly title: string;
  readonly children: ReactNode;
}

/** A page with links to the others of the user; on a narrow screen, without one to itself. */
export function Frame({ path, title, children }: FrameProps) {
  return (
    <>
      <Header isSignedIn>
        {LINKS.map((link) => (
          <a
            key={link.path}
            href={link.path}
            aria-current={link.path === path ? 'page' : undefined}
            className="button button-quiet px-1.5 aria-[current=page]:underline max-[22.5rem]:px-1 max-[22.5rem]:text-sm max-sm:aria-[current=page]:hidden sm:px-2.5"
          >
            {link.text}
          </a>
        ))}
      </Header>
      <main className="mx-auto flex w-full max-w-3xl grow flex-col px-4 py-8 sm:px-6">
        <h1 className="font-semibold text-2xl">{title}</h1>
        {children}
      </main>
    </>
  );
}
