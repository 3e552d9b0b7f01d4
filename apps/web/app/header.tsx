import type { ReactNode } from 'react';

interface HeaderProps {
  readonly children?: ReactNode;
  /** As wide as a page with `max-w-4xl` rather than `max-w-3xl`. */
  readonly wide?: boolean;
  /** Whether the logo leads to the tasks rather than to the first page. */
  readonly isSignedIn?: boolean;
}

/** The top of every page. Its links load a new document, so that nothing of one account stays in memory for another. */
export function Header({ children, wide = false, isSignedIn = false }: HeaderProps) {
  return (
    <header data-print="hide" className="border-line border-b bg-surface">
      <div
        className={`mx-auto flex h-14 items-center gap-1 pr-1.5 pl-4 sm:pr-3.5 sm:pl-6 ${wide ? 'max-w-4xl' : 'max-w-3xl'}`}
      >
        <a
          href={isSignedIn ? '/tasks' : '/'}
          className="mr-auto flex h-11 items-center gap-2 rounded-md font-semibold tracking-tight"
        >
          <svg viewBox="0 0 32 32" className="size-7" aria-hidden="true">
            <rect width="32" height="32" rx="9" fill="#0f766e" />
            <path
              d="m9 16.5 5 5 9.5-11"
              fill="none"
              stroke="#fff"
              strokeWidth="3.5"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
          Taskward
        </a>
        {children}
      </div>
    </header>
  );
}
