export { createDatabase, type Database, openDriver } from './database';
export type { Driver } from './driver';
export { query } from './query';
