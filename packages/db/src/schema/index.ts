export * from './auth';
export * from './journal';
export * from './rate-limits';
export * from './tasks';
export * from './text-backfill';
