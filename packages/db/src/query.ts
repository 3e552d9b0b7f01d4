import { drizzle } from 'drizzle-orm/pg-proxy';

/** A statement as it goes to a driver, and where its rows are to be handed. */
export interface Collected {
  readonly text: string;
  readonly params: unknown[];
  /** `array`: rows are arrays in the order of the select list. `object`: rows are keyed by column name. */
  readonly rowMode: 'array' | 'object';
  readonly resolve: (result: { rows: unknown[] }) => void;
  readonly reject: (error: unknown) => void;
}

let collecting: Collected[] | undefined;

/**
 * Drizzle without a connection: its statements are gathered by `Database.asUser`, and refused anywhere else.
 * Statements used on every request are prepared from it once: `query.select()….prepare(name)`.
 */
export const query = drizzle((text, params, method) => {
  const batch = collecting;
  if (!batch) throw new Error('A statement was started outside asUser, where it would belong to nobody.');
  return new Promise((resolve, reject) => {
    batch.push({ text, params, rowMode: method === 'all' ? 'array' : 'object', resolve, reject });
  });
});

export type Queries = readonly PromiseLike<unknown>[];
export type Results<Q extends Queries> = { -readonly [I in keyof Q]: Awaited<Q[I]> };

/**
 * Gathers the statements of the queries that `build` returns, in their order: those it has started (prepared ones, by
 * `execute`) as well as those it has only described. Synchronous, so nothing can slip in between.
 */
export function collect<const Q extends Queries>(build: () => Q): [readonly Collected[], Promise<Results<Q>>] {
  const ordered: (Collected | undefined)[] = [];
  collecting = [];
  try {
    const queries = build();
    const started = collecting;
    const results = queries.map((one) => {
      collecting = [];
      // Drizzle starts a query that was only described when `then` is called on it.
      const result = one.then((rows) => rows);
      ordered.push(one instanceof Promise ? started.shift() : collecting[0]);
      return result;
    });
    const batch = ordered.filter((one) => one !== undefined);
    const all = Promise.all(results);
    // Those that fail by themselves, for want of a value, are told of here, and must not end the process besides.
    all.catch(() => {});
    if (started.length > 0 || batch.length !== queries.length) {
      throw new Error('asUser needs just the queries that its callback starts, in the order in which it starts them.');
    }
    return [batch, all as Promise<Results<Q>>];
  } finally {
    collecting = undefined;
  }
}
