import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openDriver } from '.';
import { addSigningKey, listSigningKeys, type StoredKey } from './signing-keys';
import { freshDatabase } from './testing';

test('concurrent attempts to add a signing key add one, and all return it', async () => {
  const database = await freshDatabase();
  const driver = await openDriver(database.url, { neonEndpoint: database.neonEndpoint });
  const add = (id: string) => {
    const key = {
      publicKey: '{}',
      privateKey: '""',
      alg: 'EdDSA',
      crv: 'Ed25519',
      createdAt: new Date(),
      expiresAt: null,
    };
    const slowly = async ([first]: StoredKey[]) => {
      await setTimeout(50);
      return first;
    };
    return addSigningKey(driver.ownerDb, { ...key, id }, slowly, 0);
  };
  const added = await Promise.all(['a', 'b', 'c', 'd'].map(add));
  expect(new Set(added.map(({ id }) => id)).size).toBe(1);
  expect(await listSigningKeys(driver.ownerDb)).toMatchObject([{ id: added[0]?.id }]);
  await driver.close();
  await database.drop();
});
