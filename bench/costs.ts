import { setTimeout as sleep } from 'node:timers/promises';
import { median, runLoad } from './load';
import type { Scenario } from './scenarios';
import type { Server } from './server';
import { CONNECTIONS, LEAD, REQUESTS, ROUNDS, WARM_UP } from './settings';

/** Requests of one kind to one server. */
export interface Subject {
  readonly server: Server;
  readonly scenario: Scenario;
}

/** Milliseconds of CPU for one request. */
export interface Cost {
  readonly server: number;
  /** Zero where it is not measured. */
  readonly database: number;
}

/** For what a server and PostgreSQL still do after the last response. */
const SETTLE_MS = 50;

/**
 * Measures all subjects one after the other in each round, so that a noisy machine affects all alike. Returns the medians
 * of the rounds, in the order of the subjects.
 */
export async function measureCosts(
  subjects: readonly Subject[],
  { databaseCpu = () => 0, beforeRound }: { databaseCpu?: () => number; beforeRound?: () => Promise<void> } = {},
): Promise<Cost[]> {
  for (const { server, scenario } of subjects) await runLoad(server.port, CONNECTIONS, WARM_UP, scenario.next);
  const samples: Cost[][] = subjects.map(() => []);
  for (let round = 1; round <= ROUNDS; round++) {
    await beforeRound?.();
    for (const [i, subject] of subjects.entries()) samples[i]?.push(await sample(subject, databaseCpu));
    console.error(`CPU time: round ${round} of ${ROUNDS}`);
  }
  return samples.map((costs) => ({
    server: median(costs.map(({ server }) => server)),
    database: median(costs.map(({ database }) => database)),
  }));
}

async function sample({ server, scenario }: Subject, databaseCpu: () => number): Promise<Cost> {
  await runLoad(server.port, CONNECTIONS, LEAD, scenario.next);
  await sleep(SETTLE_MS);
  const before = { server: server.cpu(), database: databaseCpu() };
  await runLoad(server.port, CONNECTIONS, REQUESTS, scenario.next);
  await sleep(SETTLE_MS);
  return {
    server: (server.cpu() - before.server) / REQUESTS,
    database: (databaseCpu() - before.database) / REQUESTS,
  };
}
