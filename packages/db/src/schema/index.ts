export * from './auth';
export * from './journal';
export * from './lists';
export * from './rate-limits';
export * from './tasks';
export * from './text-backfill';
