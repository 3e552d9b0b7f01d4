import { DEFAULT_DATABASE_URL, openDriver } from '..';
import { revokeSigningKeys } from '../signing-keys';

/** Revokes every key that signs tokens in the database that `DATABASE_URL` names: for when one may have leaked. */
async function main(): Promise<void> {
  const { DATABASE_URL, NEON_ENDPOINT } = process.env;
  const driver = await openDriver(DATABASE_URL || DEFAULT_DATABASE_URL, { neonEndpoint: NEON_ENDPOINT || undefined });
  try {
    const count = await revokeSigningKeys(driver.ownerDb);
    console.log(
      `Revoked ${count} signing key${count === 1 ? '' : 's'}. Every server rejects the tokens they signed within a minute; sessions stay valid.`,
    );
  } finally {
    await driver.close();
  }
}

main().catch((error) => {
  console.error(`Revocation failed: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
});
