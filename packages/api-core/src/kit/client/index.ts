export type { FieldError } from '../errors';
export { ProblemError } from './problem-error';
export { type ClientOptions, createClientOf, type OperationSpec, randomKey, toSpec } from './transport';
export type { ClientOf, OperationsOf, RequestOptions, Result, Version } from './types';
