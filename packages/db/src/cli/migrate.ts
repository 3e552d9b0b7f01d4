import { DEFAULT_DATABASE_URL, migrationsFolder, openDriver } from '..';

/** Brings the database that `DATABASE_URL` names up to date. */
async function main(): Promise<void> {
  const driver = await openDriver(
    process.env.DATABASE_URL_UNPOOLED || process.env.DATABASE_URL || DEFAULT_DATABASE_URL,
  );
  try {
    const updated = await driver.migrate(migrationsFolder());
    console.log(
      `The schema is current.${updated > 0 ? ` The text of ${updated} tasks was normalized and folded.` : ''}`,
    );
  } finally {
    await driver.close();
  }
}

main().catch((error) => {
  console.error(`The migrations did not finish. ${error.message}`);
  process.exitCode = 1;
});
