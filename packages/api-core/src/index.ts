export { accountEndpoints } from './accounts/contract';
export { PASSWORD } from './accounts/limits';
export * from './contract';
export * from './kit/errors';
export * from './kit/operation';
export * from './kit/preconditions';
export * from './kit/validation';
export { toOpenApi } from './openapi';
export * as tasks from './tasks/service';
