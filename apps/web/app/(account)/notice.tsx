import { type ReactNode, useEffect, useRef } from 'react';

/** Replaces a form that has done its work. It takes the focus, which would be lost with the form. */
export function Notice({ title, children }: { title: string; children: ReactNode }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => element.current?.focus(), []);
  return (
    <div ref={element} role="status" tabIndex={-1} className="outline-none">
      <p className="font-medium text-lg">{title}</p>
      <p className="mt-1 text-muted">{children}</p>
    </div>
  );
}
