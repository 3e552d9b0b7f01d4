'use client';

import { useRef, useState } from 'react';

/** An access token to use outside of the browser. */
export function Token({ userId }: { userId: string }) {
  const [token, setToken] = useState<string>();
  const [failure, setFailure] = useState<string>();

  const load = async () => {
    const answer = await fetch('/api/auth/token').catch(() => undefined);
    const body = await answer?.json();
    setToken(answer?.ok ? body.token : undefined);
    setFailure(answer?.ok ? undefined : (body?.detail ?? 'The server cannot be reached. Try again.'));
  };

  return (
    <div className="flex flex-col gap-4">
      <p className="text-muted">
        A token stands for you for 15 minutes, even after you sign out. Give it to nobody. Your user id is{' '}
        <code className="wrap-anywhere text-ink">{userId}</code>.
      </p>
      <div role="alert" className="text-danger empty:hidden">
        {failure}
      </div>
      {token && <Copyable label="Token" text={token} />}
      {token && <Copyable label="Try it" text={example(userId, token)} />}
      <button type="button" className="button self-start" onClick={load}>
        {token ? 'Get another token' : 'Get a token'}
      </button>
    </div>
  );
}

function example(userId: string, token: string): string {
  return `curl -H 'Authorization: Bearer ${token}' ${window.location.origin}/api/${userId}/tasks`;
}

function Copyable({ label, text }: { label: string; text: string }) {
  const [isCopied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const copy = async () => {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else {
      // Over plain http there is no clipboard but this one.
      field.current?.select();
      document.execCommand('copy');
    }
    setCopied(true);
  };
  return (
    <div className="flex items-end gap-2">
      <label className="min-w-0 grow">
        <span className="mb-1 block text-muted text-sm">{label}</span>
        <input
          ref={field}
          readOnly
          className="field font-mono text-sm"
          value={text}
          onFocus={(event) => event.target.select()}
        />
      </label>
      <button type="button" className="button" aria-live="polite" onClick={copy}>
        {isCopied ? 'Copied' : 'Copy'}
        <span className="sr-only"> {label}</span>
      </button>
    </div>
  );
}
