import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type {} from '../test/deployment';
import { freePort, onPostgres, startOn } from './server';

/** Starts the built server once for all test files of a project, with the project's own `DIRECT`. */
export default async function setup(project: TestProject) {
  const undo: (() => unknown)[] = [];
  const tearDown = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), 'taskward-api-'));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    const log = join(folder, 'log');
    writeFileSync(log, '');
    const database = await onPostgres();
    undo.push(() => database.dispose());
    const port = String(await freePort());
    const origin = `http://localhost:${port}`;
    const environment = {
      DATABASE_URL: database.url,
      BETTER_AUTH_SECRET: randomBytes(32).toString('base64'),
      BETTER_AUTH_URL: origin,
    };
    let isStarted = false;
    const server = await startOn(
      database.url,
      { ...environment, PORT: port, API_RATE_LIMIT: '0', LOG_LEVEL: 'error', DIRECT: project.config.env.DIRECT ?? '' },
      (text) => {
        if (isStarted) appendFileSync(log, text);
      },
    );
    isStarted = true;
    undo.push(() => server.dispose());
    project.provide('deployment', { address: `http://127.0.0.1:${port}`, log, origin, environment });
  } catch (error) {
    await tearDown();
    throw error;
  }
  return tearDown;
}
