export { type Batch, type BatchRows, createDatabase, type Database, openDriver } from './database';
export { type ConnectionPool, DatabaseUnavailable, type Driver, isDatabaseUnavailable, SQLSTATE } from './driver';
export { DEFAULT_DATABASE_URL, migrationsFolder, pgliteDataDir } from './location';
export { endOldestSessions } from './sessions';
export { addSigningKey, listSigningKeys, revokeSigningKeys, type StoredKey } from './signing-keys';
export { type BoundStatement, defineStatement, type Statement } from './statement';
