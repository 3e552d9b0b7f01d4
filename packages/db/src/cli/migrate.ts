import { DEFAULT_DATABASE_URL, migrationsFolder, openDriver } from '..';

/** Brings the database that `DATABASE_URL` names up to date. */
async function main(): Promise<void> {
  const driver = await openDriver(
    process.env.DATABASE_URL_UNPOOLED || process.env.DATABASE_URL || DEFAULT_DATABASE_URL,
  );
  try {
    await driver.migrate(migrationsFolder());
    console.log('The schema is current.');
  } finally {
    await driver.close();
  }
}

main().catch((error) => {
  console.error(`The migrations did not run. ${error.message}`);
  process.exitCode = 1;
});
