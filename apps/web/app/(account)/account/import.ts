import { type ImportedList, type ImportedTask, LIST, MAX_LEVELS, type Readers, readFields, TASK } from './data-checks';
import { sortLists, sortTasks } from './data-order';
import { FORMAT, VERSION } from './export';

/** In bytes. */
export const MAX_FILE = 50 * 2 ** 20;
/** Further errors are not reported. */
const MAX_ERRORS = 100;

/** What a file contains. Each task comes after its parent. */
export interface ImportFile {
  readonly lists: readonly ImportedList[];
  readonly tasks: readonly ImportedTask[];
}

/** Why a file cannot be imported. */
export class InvalidFile extends Error {
  constructor(readonly errors: readonly string[]) {
    super(errors[0]);
  }
}

/** @throws {InvalidFile} */
export async function readFile(file: Blob): Promise<ImportFile> {
  if (file.size > MAX_FILE) throw new InvalidFile([`The file is larger than ${MAX_FILE / 2 ** 20} MB.`]);
  const bytes = await file.arrayBuffer();
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InvalidFile(['The file isn’t text in UTF-8.']);
  }
  return parseImport(text);
}

/**
 * Reads an exported file. Fields that it does not know are ignored.
 *
 * @throws {InvalidFile} with the place of each error in the file.
 */
export function parseImport(text: string): ImportFile {
  const { lists, tasks } = parseEnvelope(text);
  const errors: string[] = [];
  const report = (message: string) => errors.length < MAX_ERRORS && errors.push(message);
  const readAll = <T extends { readonly id: string }>(
    name: string,
    values: readonly unknown[],
    readers: Readers<T>,
  ) => {
    const indexes = new Map<string, number>();
    return values.flatMap((value, i) => {
      const place = `${name}[${i}]`;
      const read = readFields(readers, value, (field, message) =>
        report(`${place}${field && `.${field}`} ${message}.`),
      );
      if (!read) return [];
      const other = indexes.get(read.id);
      if (other !== undefined) report(`${place}.id is that of ${name}[${other}], too.`);
      indexes.set(read.id, i);
      return [read];
    });
  };
  const [ownLists, ownTasks] = [sortLists(readAll('lists', lists, LIST)), readAll('tasks', tasks, TASK)];
  // References can be checked only where every id could be read.
  if (errors.length === 0) checkTree(ownLists, ownTasks, report);
  if (errors.length > 0) throw new InvalidFile(errors);
  return { lists: ownLists, tasks: sortTasks(ownLists, ownTasks) };
}

function parseEnvelope(text: string): { lists: readonly unknown[]; tasks: readonly unknown[] } {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new InvalidFile(['The file isn’t valid JSON. Use one that “Export JSON” has saved.']);
  }
  const { format, version, lists, tasks } = (file ?? {}) as Record<string, unknown>;
  if (format !== FORMAT) throw new InvalidFile(['The file isn’t an export of Taskward: “format” isn’t “taskward”.']);
  if (version !== VERSION) {
    throw new InvalidFile([
      `The file has version ${JSON.stringify(version)} of the format. This page can read version ${VERSION}.`,
    ]);
  }
  const notArrays = Object.entries({ lists, tasks }).filter(([, value]) => !Array.isArray(value));
  if (notArrays.length > 0) throw new InvalidFile(notArrays.map(([name]) => `“${name}” must be an array.`));
  return { lists: lists as unknown[], tasks: tasks as unknown[] };
}

function checkTree(
  lists: readonly ImportedList[],
  tasks: readonly ImportedTask[],
  report: (message: string) => void,
): void {
  const listIds = new Set(lists.map(({ id }) => id));
  const byId = new Map(tasks.map((task) => [task.id, task]));
  for (const [i, { list_id: list, parent_id: parent }] of tasks.entries()) {
    if (parent !== null && !byId.has(parent)) report(`tasks[${i}].parent_id is the id of no task of the file.`);
    // A sub-task is in the list of its parent.
    if (parent === null && list !== null && !listIds.has(list))
      report(`tasks[${i}].list_id is the id of no list of the file.`);
    let levels = 1;
    for (let at = parent; at !== null && levels <= MAX_LEVELS; at = byId.get(at)?.parent_id ?? null) levels++;
    if (levels > MAX_LEVELS)
      report(`tasks[${i}].parent_id: sub-tasks can have at most ${MAX_LEVELS} levels, and no task is below itself.`);
  }
}
