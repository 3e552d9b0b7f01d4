import type { Client } from '@taskward/api-core/client';
import { useRef, useState } from 'react';
import { today } from '../../dates';
import { Failure } from '../../online/failure';
import type { Wait } from '../../online/retry';
import { useReady } from '../../ready';
import { countsOf } from './data-counts';
import { WaitNote } from './data-wait';
import { type Copy, download, readCopy, toCsv, toJson } from './export';

const FORMATS = {
  json: { label: 'Export JSON', type: 'application/json', write: (copy: Copy) => toJson(copy, new Date()) },
  csv: { label: 'Export CSV', type: 'text/csv;charset=utf-8', write: toCsv },
} as const;
type Format = keyof typeof FORMATS;

interface ExportState {
  /** While it runs. */
  readonly count?: number;
  readonly wait?: Wait | undefined;
  readonly error?: unknown;
  readonly message?: string;
}

export function Export({ client, userId }: { client: Client; userId: string }) {
  const isReady = useReady();
  const [state, setState] = useState<ExportState>({});
  const [format, setFormat] = useState<Format>('json');
  const run = useRef<AbortController>(undefined);
  const isBusy = state.count !== undefined;

  const start = async (format: Format) => {
    run.current = new AbortController();
    const { signal } = run.current;
    setFormat(format);
    setState({ count: 0 });
    try {
      const copy = await readCopy(client, userId, {
        signal,
        onWait: (wait) => setState((now) => ({ ...now, wait })),
        onProgress: (count) => setState({ count }),
      });
      const { type, write } = FORMATS[format];
      const name = `taskward-${today()}.${format}`;
      download(write(copy), type, name);
      const { tasks, lists } = copy;
      setState({ message: `Exported ${countsOf({ lists: lists.length, tasks: tasks.length })} to ${name}.` });
    } catch (error) {
      setState(signal.aborted ? { message: 'Export canceled.' } : { error });
    }
  };

  return (
    <section aria-labelledby="export">
      <h3 id="export" className="font-semibold">
        Export
      </h3>
      <p className="mt-1 text-muted">
        Download all your tasks and lists. JSON can be imported again; CSV is for spreadsheets, and contains the tasks
        only.
      </p>
      <div className="mt-3 flex flex-wrap gap-2">
        {(Object.keys(FORMATS) as Format[]).map((format) => (
          <button
            key={format}
            type="button"
            className="button"
            disabled={!isReady}
            aria-disabled={isBusy}
            onClick={() => isBusy || start(format)}
          >
            {FORMATS[format].label}
          </button>
        ))}
        {isBusy && (
          <button type="button" className="button" onClick={() => run.current?.abort()}>
            Cancel
          </button>
        )}
      </div>
      <div role="status" className="mt-3 empty:hidden">
        {isBusy && <p>Exporting…</p>}
        {state.wait && <WaitNote wait={state.wait} />}
        {state.message && <p className="wrap-anywhere">{state.message}</p>}
      </div>
      {state.count !== undefined && state.count > 0 && (
        <p className="text-muted text-sm">{new Intl.NumberFormat().format(state.count)} so far</p>
      )}
      {state.error !== undefined && (
        <Failure
          error={state.error}
          title="Couldn’t export your tasks."
          path="/account"
          onRetry={() => start(format)}
        />
      )}
    </section>
  );
}
