/** The contract of each resource. */
export * from './journal/contract';
export * from './tasks/contract';
