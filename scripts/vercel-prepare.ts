// Before each build on Vercel: refuses what the functions could not start with, and brings the database up to date.
import { readConfig } from '../apps/web/server/config';

try {
  const { migratesOnBuild } = readConfig({ ...process.env, NODE_ENV: 'production' });
  if (migratesOnBuild) await import('../packages/db/src/cli/migrate');
} catch (error) {
  console.error(`taskward cannot be built. ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
