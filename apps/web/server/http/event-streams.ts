import { type Feed, isApiError } from '@taskward/api-core';
import { isDatabaseUnavailable } from '@taskward/db';
import type { Logger } from 'pino';
import type { StreamBody, StreamConnection } from './message';
import { tooManyStreams, tooManyStreamsOfUser } from './rate-limit-headers';
import { type Opened, type Pacing, readPage, toEvent } from './stream-pages';

/** Times in milliseconds. */
export const STREAM_LIMITS = {
  /** Streams of one user in this process. */
  perUser: 10,
  /** Without an event for so long, a comment shows that the connection still works. */
  heartbeatMs: 20_000,
  /** A reader that takes nothing for so long is disconnected. */
  stallMs: 30_000,
  /** How often other processes' writes are looked for. */
  pollMs: 2_000,
};

/** How often streams are looked at. */
const TICK_MS = 1_000;
/** By how much the interval between two ticks varies: without it, the poll of every second tick would often miss one. */
const TIMER_SLACK_MS = 100;

interface EventStreamsOptions {
  /** Streams in this process; 0 for none. */
  readonly max: number;
  /** Of one stream, in seconds. */
  readonly maxSeconds: number;
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** The positions that the journals of these users have; users who do not exist any more are missing. */
  readonly readPositions: (userIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;
}

/** Whose stream it is. */
interface Subscriber {
  readonly userId: string;
  /** When the access token expires, in milliseconds since 1970. */
  readonly expiresAt: number;
  readonly requestId: string;
}

/** A stream that is about to be opened. */
export interface StreamSlot {
  /** Gives the slot back, where no stream is opened. */
  release(): void;
  /**
   * The body of the response.
   *
   * @param event the name of its events.
   * @param pacing spaces pages like other long responses to the user.
   */
  open(feed: Feed, event: string, pacing?: Pacing): StreamBody;
}

interface EventStream extends Subscriber {
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  readonly endsAt: number;
  /** Undefined until it is open. */
  opened?: Opened;
  /** Where the client is. */
  token: string;
  /** Whether there may be more after the token. */
  isBehind: boolean;
  isReading: boolean;
  /** When the connection stopped taking more. */
  blockedSince: number | undefined;
  writtenAt: number;
  events: number;
  isClosed: boolean;
}

/**
 * The event streams of this process (https://html.spec.whatwg.org/multipage/server-sent-events.html). Each holds a position
 * and whether there may be more, and no queue: a slow reader costs one page. Writes of this process wake the streams of their
 * user; those of others are found by one statement every two seconds, as long as there are streams.
 */
export class EventStreams {
  /** Totals since the start. */
  readonly totals = { events: 0, wakeUps: 0, polls: 0 };
  /** By user, those that are about to be opened, too. */
  private readonly streams = new Map<string, Set<EventStream>>();
  /** By user and token, those that began after the last write. */
  private readonly reads = new Map<string, Map<string, ReturnType<typeof readPage>>>();
  private total = 0;
  private isShutDown = false;
  private timer: NodeJS.Timeout | undefined;
  private polledAt = 0;
  private isPolling = false;

  constructor(private readonly options: EventStreamsOptions) {}

  /** How many there are. */
  get count(): number {
    return this.total;
  }

  /**
   * Takes a slot, which is to be opened or released.
   *
   * @throws {ApiError} 429 where the user has as many as they may have, 503 where the process has.
   */
  reserve(subscriber: Subscriber): StreamSlot {
    const { expiresAt, userId } = subscriber;
    const ofUser = this.streams.get(userId) ?? new Set();
    if (ofUser.size >= STREAM_LIMITS.perUser) throw tooManyStreamsOfUser(STREAM_LIMITS.perUser);
    if (this.total >= this.options.max || this.isShutDown) throw tooManyStreams();
    const now = Date.now();
    // Those that were opened together do not end together.
    const maxMs = this.options.maxSeconds * 1000 * (0.9 + 0.1 * Math.random());
    const stream: EventStream = {
      ...subscriber,
      ...{ startedAt: now, endsAt: Math.min(expiresAt, now + maxMs), token: '', isBehind: false, isReading: false },
      ...{ blockedSince: undefined, writtenAt: now, events: 0, isClosed: false },
    };
    this.streams.set(userId, ofUser.add(stream));
    this.total++;
    return {
      release: () => this.remove(stream),
      open: (feed, event, pacing) => (connection) => this.open(stream, { connection, feed, event, pacing }),
    };
  }

  /** Sends what a write of this user may have changed. */
  wake(userId: string): void {
    const streams = this.streams.get(userId);
    if (!streams) return;
    this.totals.wakeUps++;
    this.reads.delete(userId);
    for (const stream of streams) {
      stream.isBehind = true;
      void this.send(stream);
    }
  }

  /** Ends all streams, and refuses new ones. */
  shutDown(): void {
    this.isShutDown = true;
    for (const stream of this.all()) this.close(stream, 'shutdown');
    clearInterval(this.timer);
  }

  private *all(): Generator<EventStream> {
    for (const streams of this.streams.values()) yield* streams;
  }

  private open(stream: EventStream, opened: Opened): ReturnType<StreamBody> {
    const { connection, event, feed } = opened;
    stream.opened = opened;
    stream.token = feed.token;
    stream.isBehind ||= feed.first?.has_more ?? false;
    connection.write('retry: 3000\n\n');
    if (feed.first) this.write(stream, connection, toEvent(feed.first, event));
    if (stream.isClosed) connection.end();
    else this.timer ??= setInterval(() => this.tick(), TICK_MS).unref();
    void this.send(stream);
    return {
      // A connection that takes nothing may also be closed by the limit on all connections.
      onClosed: () =>
        this.close(stream, stream.blockedSince ? 'client stopped reading' : 'client closed the connection'),
      onWritable: () => {
        stream.blockedSince = undefined;
        void this.send(stream);
      },
    };
  }

  /** Sends page after page, as long as there may be more and the client takes it. */
  private async send(stream: EventStream): Promise<void> {
    const { opened } = stream;
    if (stream.isReading || !opened) return;
    const { connection } = opened;
    stream.isReading = true;
    try {
      while (stream.isBehind && !stream.isClosed && connection.isWritable) {
        stream.isBehind = false;
        const { page, text } = await this.read(stream, opened);
        if (stream.isClosed) return;
        if (page.token !== stream.token) {
          stream.token = page.token;
          this.write(stream, connection, text);
        }
        stream.isBehind ||= page.has_more;
      }
    } catch (error) {
      // The next tick tries again.
      if (isDatabaseUnavailable(error)) stream.isBehind = true;
      else this.fail(stream, error);
    } finally {
      stream.isReading = false;
    }
  }

  private fail(stream: EventStream, error: unknown): void {
    if (!isApiError(error)) this.options.log.error({ request_id: stream.requestId, error }, 'stream failed');
    this.close(stream, isApiError(error) ? error.code : 'error');
  }

  /** Reads the page after the position of a stream: once for all streams of a user that are there. */
  private read({ token, userId }: EventStream, opened: Opened): ReturnType<typeof readPage> {
    const ofUser = this.reads.get(userId) ?? new Map();
    this.reads.set(userId, ofUser);
    const shared = ofUser.get(token);
    if (shared) return shared;
    const read = readPage(opened, userId, token).finally(() => {
      ofUser.delete(token);
      if (ofUser.size === 0 && this.reads.get(userId) === ofUser) this.reads.delete(userId);
    });
    ofUser.set(token, read);
    return read;
  }

  private write(stream: EventStream, connection: StreamConnection, text: string): void {
    connection.write(text);
    stream.writtenAt = Date.now();
    stream.events++;
    this.totals.events++;
    if (!connection.isWritable) stream.blockedSince ??= stream.writtenAt;
  }

  private tick(): void {
    const now = Date.now();
    for (const stream of this.all()) this.check(stream, now);
    if (this.streams.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    } else if (now - this.polledAt >= STREAM_LIMITS.pollMs - TIMER_SLACK_MS) {
      void this.poll(now);
    }
  }

  private check(stream: EventStream, now: number): void {
    const { heartbeatMs, stallMs } = STREAM_LIMITS;
    const { connection } = stream.opened ?? {};
    if (!connection) return;
    if (now >= stream.endsAt) {
      this.close(stream, now >= stream.expiresAt ? 'token expired' : 'maximum duration');
    } else if (stream.blockedSince !== undefined && now - stream.blockedSince >= stallMs) {
      this.close(stream, 'client stopped reading');
      connection.destroy();
    } else if (connection.isWritable && now - stream.writtenAt >= heartbeatMs) {
      connection.write(':\n\n');
      stream.writtenAt = now;
    }
    if (stream.isBehind) void this.send(stream);
  }

  /** Wakes the streams of users whose journal has another end than these have, and ends those of deleted accounts. */
  private async poll(now: number): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    this.polledAt = now;
    this.totals.polls++;
    try {
      const positions = await this.options.readPositions([...this.streams.keys()]);
      for (const [userId, streams] of this.streams) this.compare(userId, streams, positions.get(userId));
    } catch (error) {
      if (!isDatabaseUnavailable(error)) this.options.log.error({ error }, 'positions of journals cannot be read');
    } finally {
      this.isPolling = false;
    }
  }

  private compare(userId: string, streams: ReadonlySet<EventStream>, position: number | undefined): void {
    if (position === undefined) {
      // A stream that was opened since then is compared the next time.
      for (const stream of streams) if (stream.startedAt <= this.polledAt) this.close(stream, 'account deleted');
    } else if ([...streams].some(({ opened, token }) => opened && Number.parseInt(token, 10) !== position)) {
      this.wake(userId);
    }
  }

  private close(stream: EventStream, reason: string): void {
    if (!this.remove(stream)) return;
    stream.opened?.connection.end();
    const seconds = Math.round((Date.now() - stream.startedAt) / 100) / 10;
    const { events, requestId, userId } = stream;
    this.options.log.info({ request_id: requestId, user_id: userId, seconds, events, reason }, 'stream ended');
  }

  /** Returns false where it was removed before. */
  private remove(stream: EventStream): boolean {
    if (stream.isClosed) return false;
    stream.isClosed = true;
    this.total--;
    const streams = this.streams.get(stream.userId);
    streams?.delete(stream);
    if (streams?.size === 0) this.streams.delete(stream.userId);
    return true;
  }
}
