import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDriver } from '..';
import { jwks } from '../schema';
import { engine, type FreshDatabase, freshDatabase } from '../testing';

let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

/** Runs the command as an operator would. */
async function revoke(): Promise<{ code: number | null; output: string }> {
  const command = fileURLToPath(new URL('revoke-signing-keys.ts', import.meta.url));
  const { url, neonEndpoint = '' } = database;
  const child = spawn(process.execPath, ['--import', 'tsx', command], {
    env: { ...process.env, DATABASE_URL: url, NEON_ENDPOINT: neonEndpoint },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

test('signing-keys:revoke deletes every key and prints their number', async () => {
  const { url, neonEndpoint } = database;
  const driver = await openDriver(url, { neonEndpoint });
  const key = { publicKey: '{}', privateKey: '""', alg: 'EdDSA', crv: 'Ed25519', createdAt: new Date() };
  await driver.ownerDb.insert(jwks).values(['a', 'b'].map((id) => ({ ...key, id })));
  await driver.close();
  expect(await revoke()).toEqual({ code: 0, output: expect.stringContaining('Revoked 2 signing keys.') });
  const after = await openDriver(url, { neonEndpoint });
  expect(await after.ownerDb.select().from(jwks)).toEqual([]);
  await after.close();
});

async function expectRefusedWhileInUse() {
  const driver = await openDriver(database.url);
  const { code, output } = await revoke();
  expect(code).toBe(1);
  expect(output).toMatch(/^Revocation failed: The data folder \S+ is in use by process \d+ on \S+: .+\n$/);
  await driver.close();
}

if (engine === 'pglite')
  test('signing-keys:revoke refuses an embedded database that is in use', expectRefusedWhileInUse);
