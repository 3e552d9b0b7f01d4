import type { Client } from '@taskward/api-core/client';
import { type ReactNode, useRef } from 'react';
import { Failure } from '../../online/failure';
import { useReady } from '../../ready';
import { type Job, useImport } from './data-job';
import { Outcome } from './data-outcome';
import { PlanView } from './data-plan-view';
import { WaitNote } from './data-wait';

/** Imports an exported file: what does not exist yet is created, nothing is changed. */
export function Import({ client, userId }: { client: Client; userId: string }) {
  const isReady = useReady();
  const { job, choose, send, stop, reset } = useImport(client, userId);
  const input = useRef<HTMLInputElement>(null);
  const file = () => input.current?.files?.[0];
  const clear = () => {
    if (input.current) input.current.value = '';
    reset();
    input.current?.focus();
  };

  return (
    <section aria-labelledby="import">
      <h3 id="import" className="font-semibold">
        Import
      </h3>
      <p id="import-hint" className="mt-1 text-muted">
        Add the tasks and lists of a JSON export. What already exists stays as it is, so you can import a file twice.
      </p>
      <label className="mt-3 block">
        <span className="mb-1 block font-medium">JSON file</span>
        <input
          ref={input}
          type="file"
          accept=".json,application/json"
          aria-describedby="import-hint"
          className="field max-w-md file:me-3 file:rounded-md file:border-0 file:bg-sunken file:px-3 file:py-1 file:font-medium file:text-ink"
          disabled={!isReady || job.kind === 'sending'}
          onChange={({ target: { files } }) => (files?.[0] ? choose(files[0]) : reset())}
        />
      </label>
      <div className="mt-3 flex flex-col gap-3 empty:hidden">
        <div role="status" className="empty:hidden">
          <Status job={job} />
        </div>
        {job.kind === 'invalid' && <Errors errors={job.errors} />}
        {job.kind === 'failed' && (
          <Failure
            error={job.error}
            title="Couldn’t compare the file with your tasks."
            path="/account"
            onRetry={() => {
              const chosen = file();
              if (chosen) choose(chosen);
            }}
          />
        )}
        {job.kind === 'ready' && <PlanView plan={job.plan} onImport={() => send(job.plan)} onCancel={clear} />}
        {job.kind === 'sending' && <Progress done={job.done} total={job.plan.steps.length} onStop={stop} />}
        {job.kind === 'stopped' && (
          <Outcome
            job={job}
            onContinue={() => {
              const chosen = file();
              if (chosen) choose(chosen);
            }}
          />
        )}
      </div>
    </section>
  );
}

function Status({ job }: { job: Job }): ReactNode {
  if (job.kind === 'reading') return job.wait ? <WaitNote wait={job.wait} /> : <p>Reading the file…</p>;
  if (job.kind === 'sending') return job.wait ? <WaitNote wait={job.wait} /> : <p>Importing…</p>;
  if (job.kind !== 'done') return null;
  const count = new Intl.NumberFormat().format(job.created);
  return (
    <p>
      Import finished: {count} {job.created === 1 ? 'item' : 'items'} added.{' '}
      <a href="/tasks" className="link">
        Show my tasks
      </a>
    </p>
  );
}

function Progress({ done, total, onStop }: { done: number; total: number; onStop: () => void }) {
  const format = new Intl.NumberFormat().format;
  return (
    <div className="flex flex-wrap items-center gap-3">
      <progress className="h-2 min-w-0 grow basis-40 accent-accent" aria-label="Import" value={done} max={total} />
      <span className="text-muted text-sm tabular-nums">
        {format(done)} of {format(total)}
      </span>
      <button type="button" className="button" onClick={onStop}>
        Stop
      </button>
    </div>
  );
}

const SHOWN_ERRORS = 10;

function Errors({ errors }: { errors: readonly string[] }) {
  const more = errors.length - SHOWN_ERRORS;
  return (
    <div role="alert" className="wrap-anywhere rounded-lg border border-danger px-4 py-3">
      <p className="font-medium">This file can’t be imported.</p>
      <ul className="mt-1 list-disc ps-5">
        {errors.slice(0, SHOWN_ERRORS).map((error) => (
          <li key={error}>{error}</li>
        ))}
        {more > 0 && (
          <li>
            And {more} more {more === 1 ? 'error' : 'errors'}.
          </li>
        )}
      </ul>
    </div>
  );
}
