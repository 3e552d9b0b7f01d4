/** The contract of each resource. */
export * from './batch/contract';
export * from './journal/contract';
export * from './lists/contract';
export * from './tasks/contract';
