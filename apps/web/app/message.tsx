import type { ReactNode } from 'react';

interface MessageProps {
  readonly title: string;
  readonly text: string;
  /** Links and buttons that lead on. */
  readonly children: ReactNode;
  readonly footnote?: ReactNode;
}

/** The main part of a page that has nothing else to show. */
export function Message({ title, text, children, footnote }: MessageProps) {
  return (
    <main className="mx-auto w-full max-w-3xl px-4 py-16 sm:px-6 sm:py-24">
      <h1 className="font-semibold text-3xl tracking-tight">{title}</h1>
      <p className="mt-3 max-w-md text-lg text-muted">{text}</p>
      <div className="mt-8 flex flex-wrap gap-3">{children}</div>
      {footnote && <p className="mt-8 text-muted text-sm">{footnote}</p>}
    </main>
  );
}
