declare module 'vitest' {
  interface ProvidedContext {
    /** The deployment that the tests send requests to; undefined where they call the route files. */
    deployment?: Deployment;
  }
}

/** A server that was started for many test files, which share its database. */
export interface Deployment {
  /** Where it is reached, such as `http://127.0.0.1:4444`. */
  readonly address: string;
  /** The file of what it prints: errors alone. */
  readonly log: string;
  /** Its own origin. */
  readonly origin: string;
  /** The variables with which a test opens the same database and signs with the same secret. */
  readonly environment: Record<string, string>;
  /** The folder of a build for Vercel, in the form of the Build Output API. */
  readonly output?: string;
}
