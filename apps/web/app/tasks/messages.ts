import { randomKey } from '@taskward/api-core/kit/client';
import type { Change } from '../sync/changes';
import { Value } from '../value';

/** A message at the edge of the page. */
export interface Message {
  readonly id: string;
  readonly text: string;
  readonly isFailure: boolean;
  /** What "Undo" takes back, the last one first. */
  readonly changes: readonly Change[];
  /** In milliseconds since the epoch. */
  readonly at: number;
  readonly link?: Link | undefined;
}

interface Link {
  readonly text: string;
  readonly open: () => void;
}

/** At most so many changes can be undone by the keyboard; older ones in the history. */
const MAX_UNDO = 100;
/** Changes of the same kind are one message if no more time is between them. In milliseconds. */
const IN_A_ROW_MS = 5_000;

/** What the user is told, and what can be undone. */
export class Messages {
  readonly shown = new Value<readonly Message[]>([]);
  #undoable: Change[] = [];
  /** The undos that can be taken back. */
  #redoable: Change[] = [];

  constructor(private readonly undo: (change: Change) => Change) {}

  /**
   * Says what was done. Changes of the same kind in a row are one message.
   *
   * @param toText of a number of such changes; without it, the label of the change.
   */
  done(change: Change, toText?: (count: number) => string): void {
    this.#undoable = [...this.#undoable, change].slice(-MAX_UNDO);
    this.#redoable = [];
    const failures = this.shown.get().filter(({ isFailure }) => isFailure);
    const last = this.shown.get().find(({ isFailure }) => !isFailure);
    const isRecent = last && Date.now() - last.at < IN_A_ROW_MS;
    const isSame = toText && isRecent && last.changes[0] && verbOf(last.changes[0]) === verbOf(change);
    const changes = isSame ? [...last.changes, change] : [change];
    const text = toText && changes.length > 1 ? toText(changes.length) : change.label;
    const id = isSame ? last.id : randomKey();
    this.shown.set([...failures, { id, text, isFailure: false, changes, at: Date.now() }]);
  }

  fail(text: string): void {
    this.shown.set([...this.shown.get(), messageOf(text, true)]);
  }

  say(text: string): void {
    const failures = this.shown.get().filter(({ isFailure }) => isFailure);
    this.shown.set([...failures, messageOf(text, false)]);
  }

  /** Adds a link to what was said last. */
  link(link: Link): void {
    this.shown.set(this.shown.get().map((message) => (message.isFailure ? message : { ...message, link })));
  }

  close(id: string): void {
    this.shown.set(this.shown.get().filter((message) => message.id !== id));
  }

  undoAll({ changes }: Message): void {
    for (const change of changes.toReversed()) this.#undoOne(change);
    this.say(changes.length === 1 ? 'Undone' : `${changes.length} changes undone`);
  }

  undoLast(): void {
    const last = this.#undoable.at(-1);
    if (last) this.#undoOne(last);
    this.say(last ? `Undone: ${last.label}` : 'Nothing to undo here. See History for earlier changes.');
  }

  redoLast(): void {
    const undone = this.#redoable.pop();
    if (undone) this.#undoable.push(this.undo(undone));
    this.say(undone ? `Redone: ${undone.label}` : 'Nothing to redo.');
  }

  #undoOne(change: Change): void {
    this.#undoable = this.#undoable.filter(({ key }) => key !== change.key);
    this.#redoable.push(this.undo(change));
  }
}

function messageOf(text: string, isFailure: boolean): Message {
  return { id: randomKey(), text, isFailure, changes: [], at: Date.now() };
}

function verbOf({ label }: Change): string | undefined {
  return label.split(' ')[0];
}
