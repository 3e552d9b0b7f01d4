import { ApiError, type FeedPage } from '@taskward/api-core';
import { DatabaseUnavailable } from '@taskward/db';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EventStreams, STREAM_LIMITS } from '../../server/http/event-streams';

const NOW = new Date('2026-03-01T12:00:00Z');
const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Streams over journals that are numbers: each page has the entry after its token. */
function create({ max = 100 } = {}) {
  const positions = new Map<string, number>();
  const reads: string[] = [];
  const log = { info: vi.fn(), error: vi.fn() };
  let error: Error | undefined;
  const readPositions = vi.fn(async () => positions);
  const streams = new EventStreams({ max, maxSeconds: 3_600, log, readPositions });

  const next = async (userId: string, token: string): Promise<FeedPage> => {
    reads.push(`${userId} ${token}`);
    await Promise.resolve();
    if (error) throw error;
    const end = positions.get(userId) ?? 0;
    const position = Math.min(Number(token) + 1, end);
    return { token: String(position), has_more: position < end };
  };

  const open = (userId: string, { expiresAt = NOW.getTime() + 2 * HOUR_MS, token = '0' } = {}) => {
    const slot = streams.reserve({ userId, expiresAt, requestId: `request-of-${userId}` });
    const connection = { isWritable: true, write: vi.fn(), end: vi.fn(), destroy: vi.fn() };
    const feed = { token, next: (after: string) => next(userId, after) };
    const listener = slot.open(feed, 'changes')(connection);
    const ids = () => connection.write.mock.calls.flatMap(([text]) => /^id: (\d+)$/m.exec(text)?.[1] ?? []);
    return { connection, ids, ...listener };
  };

  /** A write of this process. */
  const write = async (userId: string, entries = 1) => {
    positions.set(userId, (positions.get(userId) ?? 0) + entries);
    streams.wake(userId);
    await vi.advanceTimersByTimeAsync(0);
  };

  const reasons = () => log.info.mock.calls.map(([{ reason }]) => reason);
  const failWith = (failure: Error | undefined) => {
    error = failure;
  };
  return { failWith, log, open, positions, readPositions, reads, reasons, streams, write };
}

test('a write of this process is sent to the streams of its user, which share one read', async () => {
  const { open, reads, write } = create();
  const [first, second, other] = [open('ada'), open('ada'), open('bob')];
  await write('ada');
  expect([first.ids(), second.ids(), other.ids()]).toEqual([['1'], ['1'], []]);
  expect(reads).toEqual(['ada 0']);
});

test('a stream does not share a read that began before the write that woke it', async () => {
  const { streams } = create();
  let position = 0;
  const results: (() => void)[] = [];
  // Each read has its result at once, and returns it later.
  const next = () => {
    const page = { token: String(position), has_more: false };
    return new Promise<FeedPage>((resolve) => results.push(() => resolve(page)));
  };
  const open = () => {
    const slot = streams.reserve({ userId: 'ada', expiresAt: NOW.getTime() + HOUR_MS, requestId: 'request' });
    const write = vi.fn();
    slot.open({ token: '0', next }, 'changes')({ isWritable: true, write, end: vi.fn(), destroy: vi.fn() });
    return write;
  };
  open();
  streams.wake('ada');
  const write = open();
  position = 1;
  streams.wake('ada');
  for (const result of results) result();
  await vi.advanceTimersByTimeAsync(0);
  expect(write.mock.lastCall?.[0]).toContain('id: 1\n');
});

test('a write of another process is found by one statement for all users, every two seconds', async () => {
  const { open, positions, readPositions, streams } = create();
  const [ada, bob] = [open('ada'), open('bob')];
  for (const userId of ['ada', 'bob']) positions.set(userId, 0);
  await vi.advanceTimersByTimeAsync(1_000);
  positions.set('ada', 2);
  await vi.advanceTimersByTimeAsync(2_000);
  expect([ada.ids(), bob.ids()]).toEqual([['1', '2'], []]);
  const polls = readPositions.mock.calls.length;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(readPositions.mock.calls.length - polls).toBe(10);
  expect(readPositions.mock.lastCall).toEqual([['ada', 'bob']]);
  expect(streams.totals).toMatchObject({ events: 2, wakeUps: 1 });
});

test('without streams nothing is read and no timer is left', async () => {
  const { open, readPositions, streams } = create();
  const { onClosed } = open('ada');
  onClosed();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(vi.getTimerCount()).toBe(0);
  readPositions.mockClear();
  await vi.advanceTimersByTimeAsync(10_000);
  expect([readPositions.mock.calls.length, streams.count]).toEqual([0, 0]);
});

test('a client that has not taken an event gets no more until it has, and then all of them', async () => {
  const { open, reads, write } = create();
  const stream = open('ada');
  await write('ada');
  stream.connection.isWritable = false;
  for (let i = 0; i < 100; i++) await write('ada');
  expect([stream.ids(), reads.length]).toEqual([['1'], 1]);
  stream.connection.isWritable = true;
  stream.onWritable();
  await vi.advanceTimersByTimeAsync(0);
  expect(stream.ids()).toHaveLength(101);
});

test('a client that takes nothing for 30 seconds is disconnected', async () => {
  const { open, positions, reasons, write } = create();
  const stream = open('ada');
  positions.set('ada', 0);
  stream.connection.write.mockImplementation(() => {
    stream.connection.isWritable = false;
  });
  await write('ada');
  await vi.advanceTimersByTimeAsync(STREAM_LIMITS.stallMs - 1_000);
  expect(stream.connection.destroy).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(stream.connection.destroy).toHaveBeenCalledOnce();
  expect(reasons()).toEqual(['client stopped reading']);
});

test('a connection that takes nothing and is closed by another limit is logged as a client that stopped reading', async () => {
  const { open, reasons, write } = create();
  const stream = open('ada');
  stream.connection.write.mockImplementation(() => {
    stream.connection.isWritable = false;
  });
  await write('ada');
  stream.onClosed();
  expect(reasons()).toEqual(['client stopped reading']);
});

test('a comment is sent after 20 seconds without an event', async () => {
  const { open, positions } = create();
  positions.set('ada', 0);
  const { connection } = open('ada');
  await vi.advanceTimersByTimeAsync(61_000);
  expect(connection.write.mock.calls.map(([text]) => text)).toEqual(['retry: 3000\n\n', ':\n\n', ':\n\n', ':\n\n']);
});

test('a stream ends within a second of the expiry of its access token', async () => {
  const { open, positions, reasons, streams } = create();
  positions.set('ada', 0);
  const { connection } = open('ada', { expiresAt: NOW.getTime() + 60_500 });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(connection.end).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_500);
  expect([connection.end.mock.calls.length, reasons(), streams.count]).toEqual([1, ['token expired'], 0]);
});

test('a stream ends after at most an hour, and those that were opened together do not end together', async () => {
  const { open, positions, reasons } = create();
  const users = Array.from({ length: 20 }, (_, i) => `user-${i}`);
  for (const user of users) {
    positions.set(user, 0);
    open(user);
  }
  await vi.advanceTimersByTimeAsync(0.9 * HOUR_MS - 1_000);
  expect(reasons()).toEqual([]);
  await vi.advanceTimersByTimeAsync(0.05 * HOUR_MS);
  expect(reasons().length).toBeGreaterThan(0);
  expect(reasons().length).toBeLessThan(20);
  await vi.advanceTimersByTimeAsync(0.05 * HOUR_MS + 2_000);
  expect(reasons()).toEqual(Array(20).fill('maximum duration'));
});

test('a stream ends within three seconds of the deletion of its account by another process', async () => {
  const { open, positions, reasons } = create();
  positions.set('ada', 0);
  open('ada');
  await vi.advanceTimersByTimeAsync(5_000);
  positions.delete('ada');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(reasons()).toEqual(['account deleted']);
});

test('a change during the opening of a stream is sent', async () => {
  const { positions, streams } = create();
  const slot = streams.reserve({ userId: 'ada', expiresAt: NOW.getTime() + HOUR_MS, requestId: 'request' });
  // After the feed has read its first page, and before it is opened.
  positions.set('ada', 1);
  streams.wake('ada');
  const write = vi.fn();
  const feed = { token: '0', next: async () => ({ token: '1', has_more: false }) };
  slot.open(feed, 'changes')({ isWritable: true, write, end: () => {}, destroy: () => {} });
  await vi.advanceTimersByTimeAsync(0);
  expect(write.mock.lastCall?.[0]).toContain('id: 1\n');
});

test('while the database is unavailable a stream stays open, and it continues afterwards', async () => {
  const { failWith, open, reasons, write } = create();
  const { ids } = open('ada');
  failWith(new DatabaseUnavailable(false, undefined));
  await write('ada');
  await vi.advanceTimersByTimeAsync(5_000);
  expect([ids(), reasons()]).toEqual([[], []]);
  failWith(undefined);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ids()).toEqual(['1']);
});

test('a stream whose position is not valid any more ends', async () => {
  const { failWith, log, open, reasons, write } = create();
  open('ada');
  failWith(new ApiError('gone', 'The token is not valid any more.'));
  await write('ada');
  expect([reasons(), log.error.mock.calls]).toEqual([['gone'], []]);
});

test('a stream that meets a bug ends, and the error is logged', async () => {
  const { failWith, log, open, reasons, write } = create();
  const bug = new Error('bug');
  open('ada');
  failWith(bug);
  await write('ada');
  expect(reasons()).toEqual(['error']);
  expect(log.error).toHaveBeenCalledWith({ request_id: 'request-of-ada', error: bug }, 'stream failed');
});

test('pages of a stream are spaced like other long responses of its user', async () => {
  const { positions, streams } = create();
  positions.set('ada', 2);
  const pacing = {
    waitForTurn: vi.fn(() => new Promise<void>((resolve) => setTimeout(resolve, 500))),
    record: vi.fn(),
  };
  const write = vi.fn();
  const next = async (token: string) => ({ token: `${Number(token) + 1}`, has_more: token === '0' });
  const slot = streams.reserve({ userId: 'ada', expiresAt: NOW.getTime() + HOUR_MS, requestId: 'request' });
  const first = { token: '0', has_more: true };
  slot.open(
    { token: '0', first, next },
    'changes',
    pacing,
  )({ isWritable: true, write, end: vi.fn(), destroy: vi.fn() });
  await vi.advanceTimersByTimeAsync(990);
  expect(write.mock.calls).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(20);
  expect(write.mock.calls).toHaveLength(4);
  expect(pacing.record.mock.calls).toEqual(write.mock.calls.slice(2).map(([text]) => ['ada', text.length]));
});

test('a process has a maximum of streams, and a slot that is released can be taken again', () => {
  const { streams } = create({ max: 1 });
  const subscriber = { userId: 'ada', expiresAt: NOW.getTime() + HOUR_MS, requestId: 'request' };
  const slot = streams.reserve(subscriber);
  expect(() => streams.reserve({ ...subscriber, userId: 'bob' })).toThrow(
    expect.objectContaining({ code: 'unavailable' }),
  );
  slot.release();
  slot.release();
  streams.reserve(subscriber);
  expect(streams.count).toBe(1);
});

test('at shutdown all streams end, and new ones are refused', () => {
  const { open, reasons, streams } = create();
  const { connection } = open('ada');
  streams.shutDown();
  expect([connection.end.mock.calls.length, reasons(), streams.count]).toEqual([1, ['shutdown'], 0]);
  expect(() => open('ada')).toThrow(expect.objectContaining({ code: 'unavailable' }));
  expect(vi.getTimerCount()).toBe(0);
});

test('the line in the log has the ids, the duration, the number of events and the reason', async () => {
  const { log, open, write } = create();
  const { onClosed } = open('ada');
  await write('ada', 2);
  await vi.advanceTimersByTimeAsync(1_500);
  onClosed();
  const line = { request_id: 'request-of-ada', user_id: 'ada', seconds: 1.5, events: 2 };
  expect(log.info.mock.calls).toEqual([[{ ...line, reason: 'client closed the connection' }, 'stream ended']]);
});
