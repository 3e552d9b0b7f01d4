export { accountEndpoints } from './accounts/contract';
export { PASSWORD } from './accounts/limits';
export * from './contract';
export * from './errors';
export * from './openapi';
export * from './operation';
export * from './precondition';
export * as tasks from './tasks/service';
