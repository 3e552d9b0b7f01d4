export * from './contract';
export * from './errors';
export * from './operation';
export * as tasks from './tasks/service';
