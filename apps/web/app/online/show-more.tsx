import { Failure } from './failure';
import type { Feed, FeedState } from './feed';

interface ShowMoreProps<T> {
  readonly feed: Feed<T>;
  readonly state: FeedState<T>;
  readonly path: string;
  /** The id of the element of an item, which takes the focus when it is the first new one. */
  readonly elementId: (item: T) => string;
}

/** Loads the next page, below the items of a feed. */
export function ShowMore<T>({ feed, state, path, elementId }: ShowMoreProps<T>) {
  if (state.error !== undefined) {
    return <Failure error={state.error} title="Couldn’t update this page." path={path} onRetry={() => feed.retry()} />;
  }
  if (!state.next) return null;
  const onClick = async () => {
    const shown = state.items.length;
    await feed.more();
    const first = feed.getState().items[shown];
    // The button may be gone, and with it the focus.
    if (first) requestAnimationFrame(() => document.getElementById(elementId(first))?.focus());
  };
  return (
    <button
      type="button"
      className="button self-center"
      aria-disabled={state.isLoading}
      onClick={() => state.isLoading || onClick()}
    >
      {state.isLoading ? 'Loading…' : 'Show more'}
    </button>
  );
}
