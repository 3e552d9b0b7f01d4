import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { startNeonGateway } from '@taskward/db/testing/neon-gateway';
import { startPostgres } from '@taskward/db/testing/postgres';
import type { TestProject } from 'vitest/node';
import type {} from '../test/deployment';
import { buildForVercel } from './build';
import { serve } from './router';

/** The system variables that Vercel sets for a preview. */
const system = {
  VERCEL: '1',
  VERCEL_ENV: 'preview',
  VERCEL_URL: 'taskward-4f7k2m9qx-team.vercel.app',
  VERCEL_BRANCH_URL: 'taskward-git-topic-team.vercel.app',
  VERCEL_PROJECT_PRODUCTION_URL: 'taskward.vercel.app',
};

/** Builds a preview on an empty database behind Neon's protocols, and serves it. */
export default async function setup(project: TestProject) {
  const undo: (() => unknown)[] = [];
  const tearDown = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const server = await startPostgres();
    undo.push(() => server.dispose());
    const { url } = await server.createDatabase();
    const gateway = await startNeonGateway(server);
    undo.push(() => gateway.close());
    const pooled = Object.assign(new URL(url), { host: 'ep-still-rain-a1b2c3d4-pooler.us-east-1.aws.neon.tech' });
    const environment = {
      ...system,
      DATABASE_URL: pooled.href,
      DATABASE_URL_UNPOOLED: url,
      BETTER_AUTH_SECRET: randomBytes(32).toString('base64'),
      NEON_ENDPOINT: new URL(gateway.url).origin,
    };
    const output = await buildForVercel(environment);
    undo.push(() => rmSync(dirname(output), { recursive: true }));
    // All users of the tests share one address, and some send many requests.
    const unlimited = { API_CONCURRENCY_LIMIT: '0', API_RATE_LIMIT: '0', AUTH_RATE_LIMIT: '0', LOG_LEVEL: 'error' };
    const served = await serve(output, system.VERCEL_BRANCH_URL, { ...environment, ...unlimited });
    undo.push(() => served.close());
    const origin = `https://${system.VERCEL_BRANCH_URL}`;
    project.provide('deployment', { address: served.address, log: served.log, origin, environment, output });
  } catch (error) {
    await tearDown();
    throw error;
  }
  return tearDown;
}
