/** Limits the requests of each key that are in progress in this process. */
export interface ConcurrencyLimit {
  /** Takes a slot, and returns the function that releases it; undefined if none is free. */
  enter(key: string): (() => void) | undefined;
}

/** @param max the slots of each key. */
export function createConcurrencyLimit(max: number): ConcurrencyLimit {
  const inProgress = new Map<string, number>();
  return {
    enter(key) {
      const count = inProgress.get(key) ?? 0;
      if (count >= max) return undefined;
      inProgress.set(key, count + 1);
      let isReleased = false;
      return () => {
        if (isReleased) return;
        isReleased = true;
        const rest = (inProgress.get(key) ?? 1) - 1;
        if (rest > 0) inProgress.set(key, rest);
        else inProgress.delete(key);
      };
    },
  };
}
