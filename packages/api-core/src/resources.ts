/** The contract of each resource. */
export * from './tasks/contract';
