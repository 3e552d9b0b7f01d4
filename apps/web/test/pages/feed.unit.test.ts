import { describe, expect, test } from 'vitest';
import { Feed } from '../../app/online/feed';

/** A feed of numbers, which are their own ids, from pages of two of a list, which the test can change. */
function feedOf(items: number[]) {
  const server = { items, failure: undefined as Error | undefined };
  const feed = new Feed<number>(
    async (cursor) => {
      if (server.failure) throw server.failure;
      const start = cursor === undefined ? 0 : server.items.indexOf(Number(cursor)) + 1;
      const page = server.items.slice(start, start + 2);
      return { items: page, next: start + 2 < server.items.length ? String(page.at(-1)) : null };
    },
    (item) => item,
  );
  return { feed, server };
}

describe('a feed', () => {
  test('loads page after page, each item once', async () => {
    const { feed } = feedOf([5, 4, 3, 2, 1]);
    feed.start()();
    await Promise.all([feed.more(), feed.more(), feed.more()]);
    expect(feed.getState()).toEqual({ items: [5, 4, 3, 2, 1], next: null, isLoading: false, error: undefined });
  });

  test('shows what is new after a refresh, above what was loaded', async () => {
    const { feed, server } = feedOf([4, 3, 2, 1]);
    await feed.more();
    await feed.more();
    server.items = [5, ...server.items];
    await feed.refresh();
    expect(feed.getState().items).toEqual([5, 4, 3, 2, 1]);
    server.items = [9, 8, 7, 6, ...server.items];
    await feed.refresh();
    expect(feed.getState().items, 'a gap').toEqual([9, 8]);
    while (feed.getState().next) await feed.more();
    expect(feed.getState().items).toEqual(server.items);
  });

  test('loses what was removed, and what a refresh does not find', async () => {
    const { feed, server } = feedOf([3, 2, 1]);
    await feed.more();
    feed.remove(3);
    expect(feed.getState().items).toEqual([2]);
    server.items = [];
    await feed.refresh();
    expect(feed.getState()).toMatchObject({ items: [], next: null });
  });

  test('has the error of a page, and goes on after a retry', async () => {
    const { feed, server } = feedOf([3, 2, 1]);
    await feed.more();
    server.failure = new Error('Broken');
    await feed.more();
    expect(feed.getState()).toMatchObject({ items: [3, 2], error: server.failure, isLoading: false });
    server.failure = undefined;
    await feed.retry();
    expect(feed.getState()).toMatchObject({ items: [3, 2, 1], error: undefined });
  });
});
