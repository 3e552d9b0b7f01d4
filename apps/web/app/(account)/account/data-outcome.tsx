import { explain } from '../../online/failure';
import { SessionEnded } from '../../sync/api';
import { type Job, Stopped } from './data-job';
import { ImportStopped } from './data-send';

/** An import that did not reach its end. */
export function Outcome({ job, onContinue }: { job: Extract<Job, { kind: 'stopped' }>; onContinue: () => void }) {
  const { done, error, plan } = job;
  const format = new Intl.NumberFormat().format;
  return (
    <div role="alert" className="wrap-anywhere rounded-lg border border-edge bg-note px-4 py-3">
      <p className="font-medium">
        Import stopped after {format(done)} of {format(plan.steps.length)}.
      </p>
      {!(error instanceof Stopped) && <p className="mt-1">{reasonOf(error)}</p>}
      <p className="mt-1">What was added stays. Import the same file again to add the rest.</p>
      {error instanceof SessionEnded ? (
        <a href="/sign-in?next=%2Faccount" className="button mt-3">
          Sign in
        </a>
      ) : (
        <button type="button" className="button mt-3" onClick={onContinue}>
          Try again
        </button>
      )}
    </div>
  );
}

function reasonOf(error: unknown) {
  if (!(error instanceof ImportStopped)) return explain(error);
  if (!error.step) return error.message;
  return (
    <>
      “<bdi>{error.step.name}</bdi>”: {error.message}
    </>
  );
}
