/** A limit on how much of one kind is under way at once for each key, in this process. */
export interface ConcurrencyLimit {
  /** Counts one more until the returned function is called; undefined where that would be too many. */
  enter(key: string): (() => void) | undefined;
}

export function createConcurrencyLimit(max: number): ConcurrencyLimit {
  const underWay = new Map<string, number>();
  return {
    enter(key) {
      const count = underWay.get(key) ?? 0;
      if (count >= max) return undefined;
      underWay.set(key, count + 1);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        const left = (underWay.get(key) ?? 1) - 1;
        if (left > 0) underWay.set(key, left);
        else underWay.delete(key);
      };
    },
  };
}
