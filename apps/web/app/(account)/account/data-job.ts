import type { Client } from '@taskward/api-core/client';
import { useEffect, useRef, useState } from 'react';
import type { Wait } from '../../online/retry';
import { type Plan, planImport } from './data-plan';
import { sendSteps } from './data-send';
import { readCopy } from './export';
import { InvalidFile, readFile } from './import';

/** Where an import is. */
export type Job =
  | { readonly kind: 'idle' }
  | { readonly kind: 'reading'; readonly wait?: Wait | undefined }
  | { readonly kind: 'invalid'; readonly errors: readonly string[] }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'ready'; readonly plan: Plan }
  | { readonly kind: 'sending'; readonly plan: Plan; readonly done: number; readonly wait?: Wait | undefined }
  | { readonly kind: 'done'; readonly created: number }
  | { readonly kind: 'stopped'; readonly plan: Plan; readonly done: number; readonly error: unknown };

/** An import from the choice of a file to its end, and what the user can do about it. */
export function useImport(client: Client, userId: string) {
  const [job, setJob] = useState<Job>({ kind: 'idle' });
  const run = useRef<AbortController>(undefined);
  const isSending = job.kind === 'sending';

  useEffect(() => {
    if (!isSending) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [isSending]);

  const begin = () => {
    run.current?.abort();
    run.current = new AbortController();
    return run.current.signal;
  };

  /** Reads the file, and compares it with what exists. */
  const choose = async (file: Blob) => {
    const signal = begin();
    setJob({ kind: 'reading' });
    const next = await readFile(file)
      .then(async (content): Promise<Job> => {
        const onWait = (wait: Wait) => setJob({ kind: 'reading', wait });
        const onProgress = () => setJob({ kind: 'reading' });
        return {
          kind: 'ready',
          plan: planImport(content, await readCopy(client, userId, { signal, onWait, onProgress })),
        };
      })
      .catch((error: unknown): Job => {
        return error instanceof InvalidFile ? { kind: 'invalid', errors: error.errors } : { kind: 'failed', error };
      });
    if (!signal.aborted) setJob(next);
  };

  const send = async (plan: Plan) => {
    const signal = begin();
    let done = 0;
    const show = (wait?: Wait) => setJob({ kind: 'sending', plan, done, wait });
    show();
    try {
      const onProgress = (count: number) => {
        done = count;
        show();
      };
      setJob({
        kind: 'done',
        created: await sendSteps(client, userId, plan.steps, { signal, onWait: show, onProgress }),
      });
    } catch (error) {
      setJob({ kind: 'stopped', plan, done, error });
    }
  };

  /** Stops after what has been sent. */
  const stop = () => run.current?.abort(new Stopped());
  const reset = () => {
    run.current?.abort();
    setJob({ kind: 'idle' });
  };
  return { job, choose, send, stop, reset };
}

/** The user has stopped the import. */
export class Stopped extends Error {}
