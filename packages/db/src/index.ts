export { type Database, openDatabase } from './database';
export { query } from './query';
