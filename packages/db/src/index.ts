export { createDatabase, type Database, openDriver } from './database';
export { DatabaseUnavailable, type Driver, isDatabaseUnavailable, SQLSTATE } from './driver';
export { DEFAULT_DATABASE_URL, embeddedFolder, migrationsFolder } from './location';
export { prepare, query, type Statement } from './query';
export { endOldestSessions } from './sessions';
export { addSigningKey, listSigningKeys, retireSigningKeys, type StoredKey } from './signing-keys';
