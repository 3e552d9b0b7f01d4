import type { ReactNode } from 'react';

/** The top of every page. Its links load a new document, so that nothing of one account stays in memory for another. */
export function Header({ children, wide = false }: { children?: ReactNode; wide?: boolean }) {
  return (
    <header className="border-line border-b bg-surface">
      <div
        className={`mx-auto flex h-14 items-center gap-1 pr-1.5 pl-4 sm:pr-3.5 sm:pl-6 ${wide ? 'max-w-4xl' : 'max-w-3xl'}`}
      >
        <a href="/" className="mr-auto flex items-center gap-2 rounded-md font-semibold">
          <svg viewBox="0 0 32 32" className="size-7" aria-hidden="true">
            <rect width="32" height="32" rx="9" fill="#0f766e" />
            <path d="m9 16.5 5 5 9.5-11" fill="none" stroke="#fff" strokeWidth="3.5" strokeLinecap="round" />
          </svg>
          Taskward
        </a>
        {children}
      </div>
    </header>
  );
}
