'use client';

import { useRef, useState } from 'react';
import { explainFailure } from '../explain-failure';

/** Gets an access token to use outside the browser. */
export function Token({ userId }: { userId: string }) {
  const [token, setToken] = useState<string>();
  const [failure, setFailure] = useState<string>();

  const load = async () => {
    const response = await fetch('/api/auth/token').catch(() => undefined);
    const body = response?.ok ? await response.json() : undefined;
    setToken(body?.token);
    setFailure(body ? undefined : explainFailure({ status: response?.status ?? 0 }).text);
  };

  return (
    <div className="flex flex-col gap-4">
      <p className="text-muted">
        A token gives access to your tasks for 15 minutes, even after you sign out. Keep it secret. Your user ID is{' '}
        <code className="wrap-anywhere text-ink">{userId}</code>. See the{' '}
        <a href="/docs" className="link">
          API docs
        </a>
        .
      </p>
      {failure && (
        <p role="alert" className="text-danger">
          {failure}
        </p>
      )}
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
  const [copied, setCopied] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  const copy = async () => {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else {
      // Over plain HTTP there is no other clipboard.
      field.current?.select();
      document.execCommand('copy');
    }
    setCopied(text);
  };
  return (
    <div className="flex items-end gap-2">
      <label className="min-w-0 grow">
        <span className="mb-1.5 block text-muted text-sm">{label}</span>
        <input
          ref={field}
          readOnly
          className="field font-mono text-sm"
          value={text}
          onFocus={(event) => event.target.select()}
        />
      </label>
      <button type="button" className="button" aria-live="polite" onClick={copy}>
        {copied === text ? 'Copied' : 'Copy'}
        <span className="sr-only"> {label}</span>
      </button>
    </div>
  );
}
