import { attacks } from './attacks';

/** A process that runs an attack on the server its parent names, and reports the responses when it is stopped. */

const counts: Record<string, number> = {};

process.on('message', (message: { attack: number; port: number; user: never } | 'stop') => {
  if (message === 'stop') return void process.send?.(counts, undefined, undefined, () => process.exit());
  const { attack, ...target } = message;
  const count = (what: number | 'closed') => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  attacks[attack]?.run({ ...target, count });
});
process.once('disconnect', () => process.exit());
process.send?.('ready');
