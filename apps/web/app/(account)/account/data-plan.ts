import type { Client } from '@taskward/api-core/client';
import type { Counts } from './data-counts';
import type { Copy } from './export';
import type { ImportFile } from './import';

type Operation = Parameters<Client['runBatch']>[0]['body']['operations'][number];

/** An operation of the import, with the name of what it creates, for messages. */
export interface Step {
  readonly name: string;
  readonly operation: Operation;
}

export interface Plan {
  /** Lists first, and each task after its parent. */
  readonly steps: readonly Step[];
  readonly file: Counts;
  /** Of those in the file, what exists already. */
  readonly existing: Counts;
}

/** What an import does: it creates what does not exist. */
export function planImport({ lists, tasks }: ImportFile, account: Copy): Plan {
  const [listIds, taskIds] = [account.lists, account.tasks].map((all) => new Set(all.map(({ id }) => id)));
  const newLists = lists.filter(({ id }) => !listIds?.has(id));
  const newTasks = tasks.filter(({ id }) => !taskIds?.has(id));
  return {
    steps: [
      ...newLists.map(({ id, name }): Step => {
        return { name, operation: { op: 'replaceList', list_id: id, if_none_match: '*', body: { name } } };
      }),
      ...newTasks.map(({ id, position: _, list_id, parent_id, ...fields }): Step => {
        // Without a list, it is in that of its parent, which may have been moved in the account.
        const body = { ...fields, ...(parent_id === null ? { list_id } : { parent_id }) };
        return { name: fields.title, operation: { op: 'replaceTask', task_id: id, if_none_match: '*', body } };
      }),
    ],
    file: { lists: lists.length, tasks: tasks.length },
    existing: { lists: lists.length - newLists.length, tasks: tasks.length - newTasks.length },
  };
}

/** What one batch may have, and somewhat less than the bytes. */
const MAX_OPERATIONS = 100;
const MAX_BYTES = 200 * 1024;

/** The steps in their order, in batches that the API takes. */
export function toBatches(steps: readonly Step[]): Step[][] {
  const encoder = new TextEncoder();
  const batches: Step[][] = [];
  let bytes = 0;
  for (const step of steps) {
    const size = encoder.encode(JSON.stringify(step.operation)).length + 1;
    const last = batches.at(-1);
    bytes += size;
    if (last && last.length < MAX_OPERATIONS && bytes <= MAX_BYTES) last.push(step);
    else {
      batches.push([step]);
      bytes = size;
    }
  }
  return batches;
}
