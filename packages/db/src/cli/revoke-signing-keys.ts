import { DEFAULT_DATABASE_URL, openDriver } from '..';
import { revokeSigningKeys } from '../signing-keys';

/** Retires every key that signs tokens in the database that `DATABASE_URL` names: for when one may have leaked. */
async function main(): Promise<void> {
  const { DATABASE_URL, NEON_ENDPOINT } = process.env;
  const driver = await openDriver(DATABASE_URL || DEFAULT_DATABASE_URL, { neonEndpoint: NEON_ENDPOINT || undefined });
  try {
    const count = await revokeSigningKeys(driver.ownerDb);
    console.log(
      `Retired ${count === 1 ? '1 key' : `${count} keys`}. Tokens signed so far are refused by every server within a minute; sessions go on.`,
    );
  } finally {
    await driver.close();
  }
}

main().catch((error) => {
  console.error(`The keys were not retired. ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
});
