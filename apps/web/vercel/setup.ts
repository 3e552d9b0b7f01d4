import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { startNeonGateway } from '@taskward/db/testing/neon-gateway';
import { startPostgres } from '@taskward/db/testing/postgres';
import type { TestProject } from 'vitest/node';
import { buildForVercel } from './build';
import { serve } from './router';

declare module 'vitest' {
  interface ProvidedContext {
    /** The deployment that the tests are for, where they are not for the route files themselves. */
    deployment?: {
      /** Where it is reached. */
      address: string;
      /** How it knows itself. */
      origin: string;
      /** What its functions are given. */
      environment: Record<string, string>;
      /** Its build, in the form of the Build Output API. */
      output: string;
    };
  }
}

/** Builds and serves a preview whose database is a new branch of Neon's, with no variable set by hand but the secret. */
export default async function setup(project: TestProject) {
  const server = await startPostgres();
  const { url } = await server.createDatabase();
  const gateway = await startNeonGateway(server);
  const pooled = Object.assign(new URL(url), { host: 'ep-still-rain-a1b2c3d4-pooler.us-east-1.aws.neon.tech' });
  const system = {
    VERCEL: '1',
    VERCEL_ENV: 'preview',
    VERCEL_URL: 'taskward-4f7k2m9qx-team.vercel.app',
    VERCEL_BRANCH_URL: 'taskward-git-topic-team.vercel.app',
    VERCEL_PROJECT_PRODUCTION_URL: 'taskward.vercel.app',
  };
  const environment = {
    ...system,
    DATABASE_URL: pooled.href,
    DATABASE_URL_UNPOOLED: url,
    BETTER_AUTH_SECRET: randomBytes(32).toString('base64'),
    NEON_ENDPOINT: new URL(gateway.url).origin,
  };
  const output = process.env.REUSE || (await buildForVercel(environment));
  if (process.env.REUSE) { const { openDriver, migrationsFolder } = await import('@taskward/db'); const d = await openDriver(url); await d.migrate(migrationsFolder()); await d.close(); }
  const served = await serve(output, system.VERCEL_BRANCH_URL, {
    ...environment,
    LOG_LEVEL: 'error',
    // All of these people come from one address, and some of them in a hurry.
    API_RATE_LIMIT: '0',
    AUTH_RATE_LIMIT: '0',
  });
  project.provide('deployment', {
    address: served.address,
    origin: `https://${system.VERCEL_BRANCH_URL}`,
    environment,
    output,
  });
  return async () => {
    await served.close();
    await gateway.close();
    await server.dispose();
    if (!process.env.REUSE) console.log('KEPT', output);
    if (served.printed()) throw new Error(`The functions reported:\n${served.printed()}`);
  };
}
