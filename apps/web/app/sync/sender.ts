import type { Client } from '@taskward/api-core/client';
import type { Task } from '@taskward/api-core/contract';
import { ProblemError, randomKey } from '@taskward/api-core/kit/client';
import { retryIn } from './api';
import { type Change, idOf, type Refusal, subjectsOf } from './changes';
import { getObstacle } from './connection';
import { conflicts, foldInto, rebaseAfter, rebaseOnto, updateOf } from './merge';
import type { Store } from './store';

/** Requests at a time. The API allows a user eight. */
const MAX_IN_FLIGHT = 4;
/** When the copy does not contain a change that was sent, it is brought up to date. In milliseconds. */
const LAG_MS = 1_500;
/** What it does not contain then, it never will: somebody else has changed it again. */
const CONFIRMATION_MS = 5_000;

/** Sends the changes of a store: in their order where it matters, else several at a time, for as long as it takes. */
export class Sender {
  readonly #inFlight = new Set<string>();
  #pausedUntil = 0;

  constructor(
    private readonly store: Store,
    private readonly client: Pick<Client, 'runBatch' | 'undoRevision' | 'getTask'>,
    /** Called when the copy does not follow. */
    private readonly onLag: () => void,
  ) {}

  /** Sends what can be sent now. Call it when changes have come, and when the API may be reachable again. */
  readonly pump = (): void => {
    if (getObstacle() || Date.now() < this.#pausedUntil) return;
    const taken = new Set<string>();
    for (const { key } of this.store.getState().changes) {
      // Cancelling one replaces others.
      const change = this.store.findChange(key);
      if (change?.state !== 'waiting' || this.#cancels(change)) continue;
      const subjects = subjectsOf(change);
      const isFree = ![...subjects].some((subject) => taken.has(subject));
      for (const subject of subjects) taken.add(subject);
      if (isFree && !this.#inFlight.has(change.key) && this.#inFlight.size < MAX_IN_FLIGHT) void this.#send(change);
    }
  };

  /** A change and its undo need not be sent, if no request of either was begun. */
  #cancels(change: Change): boolean {
    const { changes } = this.store.getState();
    const undo = changes.find((one) => one.undoes === change.key && one.state === 'waiting');
    if (!undo || change.isAttempted || undo.isAttempted) return false;
    // Changes in between are based on what is undone.
    if (changes.some((one) => one.at > change.at && one.at < undo.at && overlaps(one, change))) return false;
    this.store.update({ put: [], removed: [change.key, undo.key] });
    return true;
  }

  async #send(change: Change): Promise<void> {
    const newer = this.#findNewer(change);
    if (newer) {
      this.#merge(change, newer, 'The task was changed elsewhere.');
      return;
    }
    this.#inFlight.add(change.key);
    if (!change.isAttempted) this.store.markAttempted(change);
    try {
      const { revision, results } = await this.#request(change);
      this.#settle(change.key, results, revision);
    } catch (error) {
      const ms = retryIn(error);
      if (ms !== undefined) this.#pause(ms);
      // To find out what has happened takes a request, too, which may fail.
      else await this.#refuse(change.key, error).catch((failure) => this.#pause(retryIn(failure) ?? LAG_MS));
    } finally {
      this.#inFlight.delete(change.key);
      this.pump();
    }
  }

  async #request({ idempotencyKey, operations, undoes, undoesRevision }: Change) {
    const params = { user_id: this.store.userId };
    if (undoes === undefined) {
      return (await this.client.runBatch({ params, body: { operations: [...operations] }, idempotencyKey })).body;
    }
    if (undoesRevision === undefined) throw new Error('There is nothing to undo.');
    const revised = { ...params, revision: String(undoesRevision) };
    const { body } = await this.client.undoRevision({ params: revised, idempotencyKey });
    return { revision: body.revision, results: [] };
  }

  /** The API has it. */
  #settle(key: string, results: NonNullable<Change['results']>, revision: number | null): void {
    const sent = this.store.findChange(key);
    if (!sent) return;
    const put: Change[] = [];
    const removed: string[] = [];
    const { tasks, lists } = this.store.copy;
    const versionOf = (id: string) => (tasks.get(id) ?? lists.get(id))?.version ?? 0;
    const isFollowed = results.length > 0 && results.every(({ id, version }) => version && versionOf(id) >= version);
    if (revision === null) removed.push(key);
    else put.push({ ...sent, state: 'sent', results, revision });
    for (const other of this.store.getState().changes) {
      if (other.state !== 'waiting' || other.key === key) continue;
      const rebased = rebaseAfter(other, sent, results);
      if (other.undoes !== key) {
        if (rebased !== other) put.push(rebased);
      } else if (revision === null) removed.push(other.key);
      else put.push({ ...rebased, undoesRevision: revision });
    }
    this.store.update({ put, removed });
    // The event may have come before the response.
    if (isFollowed) this.store.update({ put: [], removed: [key] });
    else if (revision !== null) this.confirmLater(key);
  }

  /** Makes sure that a change that was sent is not shown for ever on top of the copy. */
  confirmLater(key: string): void {
    setTimeout(() => this.store.findChange(key) && this.onLag(), LAG_MS);
    setTimeout(() => {
      if (getObstacle()) this.confirmLater(key);
      else this.store.update({ put: [], removed: this.store.findChange(key) ? [key] : [] });
    }, CONFIRMATION_MS);
  }

  #pause(ms: number): void {
    const wait = ms * (1 + Math.random() / 4);
    this.#pausedUntil = Date.now() + wait;
    setTimeout(this.pump, wait + 1);
  }

  async #refuse(key: string, error: unknown): Promise<void> {
    const change = this.store.findChange(key);
    if (!change) return;
    const { status = 0 } = error instanceof ProblemError ? error : {};
    const [operation] = change.operations;
    // An attempt whose response was lost has done it, more than a day ago.
    const isDone = (status === 404 && isDeletion(change)) || (status === 412 && operation?.op === 'replaceTask');
    if (isDone) return this.#settle(key, [], null);
    const update = updateOf(change);
    if (status !== 412 || !update) return this.#give(change, toRefusal(error, update !== undefined));
    const current = await this.#readTask(update.base.id);
    if (current) this.#merge(change, current, messageOf(error));
    else this.#give(change, { kind: 'gone', message: messageOf(error), errors: [] });
  }

  /** The task that an update is of, if the copy has a later version than the user saw. */
  #findNewer(change: Change): Task | undefined {
    const { update, base } = updateOf(change) ?? {};
    const current = base && this.store.copy.tasks.get(base.id);
    return current && typeof update?.if_match === 'number' && update.if_match < current.version ? current : undefined;
  }

  /** Puts the change on top of the task as it is now, or asks the user. */
  #merge(change: Change, current: Task, message: string): void {
    const { update, base } = updateOf(change) ?? {};
    if (!update || !base) return;
    if (conflicts(base, update.body, current).length > 0) {
      this.#give(change, { kind: 'conflict', message, errors: [], current });
      return;
    }
    const rebased = rebaseOnto(change, current, randomKey());
    if (rebased) this.store.update({ put: [rebased], removed: [] });
    else this.#settle(change.key, [], null);
  }

  async #readTask(id: string): Promise<Task | undefined> {
    try {
      return (await this.client.getTask({ params: { user_id: this.store.userId, task_id: id } })).body;
    } catch (error) {
      if (error instanceof ProblemError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Gives it to the user, who decides. What has no text in it is dropped. */
  #give(change: Change, refusal: Refusal): void {
    const later = this.store.getState().changes.filter((one) => one.at > change.at && one.state === 'waiting');
    const undone = later.filter(({ undoes }) => undoes === change.key).map(({ key }) => key);
    const isCreation = change.operations.some(({ op }) => op === 'replaceTask');
    // They would be refused, too.
    const dependent = isCreation ? later.filter((one) => overlaps(one, change)) : [];
    const removed = [...undone, ...dependent.map(({ key }) => key)];
    if (hasText(change)) {
      const refused: Change = { ...foldInto(change, dependent), state: 'refused', refusal };
      this.store.update({ put: [refused], removed });
      return;
    }
    this.store.update({ put: [], removed: [...removed, change.key] });
    const what = change.undoes === undefined ? 'Couldn’t save' : 'Couldn’t undo';
    this.store.notify(change.tab, `${what}: ${change.label}. ${refusal.message}`);
  }
}

function toRefusal(error: unknown, isUpdate: boolean): Refusal {
  const { status = 0, errors = [] } = error instanceof ProblemError ? error : {};
  const kind = status === 422 ? 'invalid' : status === 404 && isUpdate ? 'gone' : 'failed';
  return { kind, message: messageOf(error), errors };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the user has typed something for it. */
function hasText({ operations }: Change): boolean {
  return operations.some(({ op }) => ['replaceTask', 'updateTask', 'replaceList', 'updateList'].includes(op));
}

function isDeletion({ operations }: Change): boolean {
  return operations.length > 0 && operations.every(({ op }) => op === 'deleteTask' || op === 'deleteList');
}

function overlaps(a: Change, b: Change): boolean {
  return a.operations.some((operation) => idOf(operation) in b.before);
}
