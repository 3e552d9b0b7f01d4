import { lookAgain, type Obstacle } from './connection';

const WORDS = {
  unreachable: 'The server cannot be reached.',
  unavailable: 'The server is there, but its database is not.',
} as const;

/** What stands in the way, and what becomes of the changes that wait behind it. */
export function Banner({ obstacle, waiting }: { obstacle: Obstacle | undefined; waiting: number }) {
  return (
    <div role="status">
      {obstacle && obstacle !== 'signed-out' && (
        <div className="mb-4 flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg bg-note px-4 py-3">
          <p className="min-w-0 grow basis-64">
            <strong className="font-semibold">{WORDS[obstacle]}</strong> {promise(waiting)}
          </p>
          <button type="button" className="button" onClick={() => lookAgain()}>
            Try now
          </button>
        </div>
      )}
    </div>
  );
}

function promise(waiting: number): string {
  if (waiting === 0) return 'You can go on: changes are kept here and sent when it is back.';
  const what = waiting === 1 ? 'One change is' : `${waiting} changes are`;
  return `${what} kept in this page and sent when it is back. Leave the page open.`;
}
