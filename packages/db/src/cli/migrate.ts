import { DEFAULT_DATABASE_URL, migrationsFolder, openDriver } from '..';

/** Brings the database that `DATABASE_URL` names up to date. */
async function main(): Promise<void> {
  const { DATABASE_URL, DATABASE_URL_UNPOOLED } = process.env;
  const driver = await openDriver(DATABASE_URL_UNPOOLED || DATABASE_URL || DEFAULT_DATABASE_URL).catch((error) => {
    throw new Error(`Migration failed: ${error.message}`, { cause: error });
  });
  try {
    const updated = await driver.migrate(migrationsFolder());
    console.log(
      `Migrations applied; schema is up to date.${updated > 0 ? ` The text of ${updated} tasks was normalized and folded.` : ''}`,
    );
  } finally {
    await driver.close();
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
