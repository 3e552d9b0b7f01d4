import type { Operation } from './operation';
import * as taskContract from './tasks/contract';

/** Every operation of the API. Browser-safe: needs zod alone. */
export const operations: readonly Operation[] = [
  taskContract.listTasks,
  taskContract.createTask,
  taskContract.getTask,
  taskContract.replaceTask,
  taskContract.updateTask,
  taskContract.deleteTask,
  taskContract.completeTask,
];

export * from './tasks/contract';
