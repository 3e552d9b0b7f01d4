import type { Operation } from './kit/operation';
import * as tasks from './tasks/contract';

/** Every operation on tasks. Browser-safe: needs zod and pure functions alone. */
export const operations: readonly Operation[] = [
  tasks.listTasks,
  tasks.createTask,
  tasks.getTask,
  tasks.replaceTask,
  tasks.updateTask,
  tasks.deleteTask,
  tasks.completeTask,
];

export * from './tasks/contract';
