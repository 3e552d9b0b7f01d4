/** Compares the requests and responses of clients with the rows that are stored in the end. */

/** A task as a response showed it, or as it is stored. */
export interface State {
  readonly version: number;
  readonly title: string;
  readonly done: boolean;
}

/** A task that does not exist, and the version that it had last: versions continue when it comes back. */
interface Missing {
  readonly lastVersion: number;
}
type Possible = State | Missing;
const isMissing = (state: Possible): state is Missing => 'lastVersion' in state;
const toMissing = (state: Possible): Missing => (isMissing(state) ? state : { lastVersion: state.version });

/**
 * The outcome of a request for its client. `refused`: certainly not executed. `unknown`: no response, so executed as a
 * whole or not at all. The others correspond to 2xx, 404 and 412.
 */
export type Outcome = 'ok' | 'missing' | 'precondition failed' | 'refused' | 'unknown';

export interface Act {
  readonly kind: 'create' | 'put' | 'patch' | 'complete' | 'delete' | 'read';
  /** The title, description and only tag that it writes, unique to this act. */
  readonly title?: string;
  /** Of `complete`; without it, a toggle. */
  readonly done?: boolean;
  readonly ifMatch?: number | undefined;
  readonly outcome: Outcome;
  /** With `ok`: the task in the response. */
  readonly observed?: State;
  /** Whether an earlier attempt got no response. */
  readonly isRepeated?: boolean;
}

/** The history of one task of one user, from its creation. */
export interface History {
  readonly userId: string;
  /** Undefined until a response has returned it. */
  id?: string | undefined;
  /** In order; the acts of one step were concurrent. */
  readonly steps: Act[][];
}

export interface Row {
  readonly user_id: string;
  readonly id: string;
  readonly version: number;
  readonly title: string;
  readonly status: string;
  readonly description: string | null;
  readonly tags: readonly string[];
}

/** The violations, one line for each inconsistent task; empty when all rows agree with the responses. */
export function differences(histories: readonly History[], rows: readonly Row[]): string[] {
  const left = new Set(rows);
  const wrong: string[] = [];
  for (const history of histories) {
    const marks = new Set(history.steps.flat().map(({ title }) => title));
    const found = rows.find(({ id, title }) => (history.id ? id === history.id : marks.has(title)));
    if (found) left.delete(found);
    const violation = violationOf(history, found);
    if (violation) wrong.push(`task ${history.id ?? '(unknown id)'} of ${history.userId}: ${violation}`);
  }
  for (const { id, user_id, title } of left) wrong.push(`task ${id} of ${user_id} ("${title}"): nobody created it`);
  return wrong;
}

function violationOf({ userId, steps }: History, row: Row | undefined): string | undefined {
  let possible: Possible[] = [{ lastVersion: 0 }];
  for (const [i, step] of steps.entries()) {
    const next = orders(step).flatMap((acts) => acts.reduce((states, act) => states.flatMap(after(act)), possible));
    if (next.length === 0) return `step ${i} was ${format(step)}, when it could be ${format(possible)}`;
    // Without duplicates, which would double with each race.
    possible = [...new Map(next.map((state) => [format(state), state])).values()];
  }
  if (row && row.user_id !== userId) return `it is stored for ${row.user_id}`;
  if (row && (row.description !== row.title || row.tags.join() !== row.title))
    return `it is half written: ${format(row)}`;
  const stored = row && { version: row.version, title: row.title, done: row.status === 'done' };
  if (!possible.some((state) => (stored ? isSame(state, stored) : isMissing(state))))
    return `${format(stored)} is stored, when it can be ${format(possible)}`;
  return undefined;
}

/** The possible states after an act with this outcome; none if the outcome is impossible. */
const after =
  (act: Act) =>
  (before: Possible): Possible[] => {
    const [outcome, state] = perform(act, before);
    // The first attempt may have deleted it, so that the next found nothing.
    if (act.kind === 'delete' && act.isRepeated && act.outcome === 'missing') return [toMissing(before)];
    if (act.outcome === 'refused') return [before];
    if (act.outcome === 'unknown') return isSame(before, state) ? [before] : [before, state];
    const isObserved = act.outcome === 'ok' && act.kind !== 'delete';
    const matchesObserved = !isObserved || (act.observed !== undefined && isSame(state, act.observed));
    return outcome === act.outcome && matchesObserved ? [state] : [];
  };

/** The outcome and state that the API guarantees for an act. */
function perform({ kind, title = '', done, ifMatch }: Act, before: Possible): [Outcome, Possible] {
  const version = isMissing(before) ? before.lastVersion : before.version;
  if (kind === 'create' || kind === 'put') return ['ok', { version: version + 1, title, done: false }];
  if (isMissing(before)) return ['missing', before];
  if (ifMatch !== undefined && ifMatch !== before.version) return ['precondition failed', before];
  if (kind === 'delete') return ['ok', toMissing(before)];
  const wanted = kind === 'complete' ? (done ?? !before.done) : before.done;
  const changed = { version: before.version + 1, title: kind === 'patch' ? title : before.title, done: wanted };
  const isChange = changed.title !== before.title || changed.done !== before.done;
  return ['ok', isChange ? changed : before];
}

function orders(acts: readonly Act[]): Act[][] {
  if (acts.length < 2) return [[...acts]];
  return acts.flatMap((first, i) => orders(acts.toSpliced(i, 1)).map((rest) => [first, ...rest]));
}

const isSame = (state: Possible, other: Possible) => format(state) === format(other);
const format = (what: unknown) => JSON.stringify(what);
