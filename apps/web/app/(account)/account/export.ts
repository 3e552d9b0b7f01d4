import type { Client } from '@taskward/api-core/client';
import type { List, Task } from '@taskward/api-core/contract';
import { ProblemError } from '@taskward/api-core/kit/client';
import { type RetryOptions, retryWhileUnavailable } from '../../online/retry';
import { sortLists, sortTasks } from './data-order';

export interface Copy {
  readonly lists: readonly List[];
  /** Each after its parent. */
  readonly tasks: readonly Task[];
}

export interface CopyOptions extends RetryOptions {
  /** Called with how many tasks and lists there are so far. */
  readonly onProgress?: ((count: number) => void) | undefined;
}

/** How often a copy is begun again whose token is not valid any more. */
const MAX_RESTARTS = 3;

/**
 * All lists and tasks of a user, as they are at one moment.
 *
 * @throws {ProblemError} for what waiting does not help against.
 */
export async function readCopy(
  client: Pick<Client, 'listChanges'>,
  userId: string,
  options: CopyOptions,
): Promise<Copy> {
  let [lists, tasks] = [new Map<string, List>(), new Map<string, Task>()];
  let token: string | undefined;
  for (let restarts = 0; ; ) {
    const query = { limit: 500, ...(token !== undefined && { since: token }) };
    const { signal } = options;
    const page = await retryWhileUnavailable(
      async () => (await client.listChanges({ params: { user_id: userId }, query, signal })).body,
      options,
    ).catch((error: unknown) => {
      const isGone = token !== undefined && error instanceof ProblemError && error.status === 410;
      if (!isGone || restarts++ === MAX_RESTARTS) throw error;
    });
    token = page?.token;
    if (!page || page.reset) [lists, tasks] = [new Map(), new Map()];
    for (const change of page?.changes ?? []) {
      if (change.type === 'list') put(lists, change.id, change.list);
      else put(tasks, change.id, change.task);
    }
    options.onProgress?.(lists.size + tasks.size);
    if (page?.has_more === false) break;
  }
  const sorted = sortLists([...lists.values()]);
  return { lists: sorted, tasks: sortTasks(sorted, [...tasks.values()]) };
}

function put<T>(map: Map<string, T>, id: string, value: T | null): void {
  if (value === null) map.delete(id);
  else map.set(id, value);
}

export const FORMAT = 'taskward';
export const VERSION = 1;

/** A file that can be imported, as parts of one text: together they may be longer than a string can be. */
export function toJson({ lists, tasks }: Copy, exportedAt: Date): string[] {
  const head = JSON.stringify({ format: FORMAT, version: VERSION, exported_at: exportedAt.toISOString() }).slice(0, -1);
  return [`${head},\n"lists": [`, ...toRows(lists), '],\n"tasks": [', ...toRows(tasks), ']}\n'];
}

function toRows(resources: readonly { readonly user_id: string }[]): string[] {
  return resources.map(({ user_id: _, ...fields }, i) => `${i > 0 ? ',' : ''}\n${JSON.stringify(fields)}`);
}

const COLUMNS = [
  'id',
  'title',
  'description',
  'status',
  'priority',
  'due_date',
  'tags',
  'list',
  'parent_id',
  'completed_at',
  'created_at',
  'updated_at',
] as const;

/** The tasks for spreadsheets (RFC 4180), as parts of one text. Begins with a byte order mark, by which they recognise UTF-8. */
export function toCsv({ lists, tasks }: Copy): string[] {
  const names = new Map(lists.map(({ id, name }) => [id, name]));
  const rows = tasks.map((task) =>
    COLUMNS.map((column) => {
      if (column === 'list') return toCell(task.list_id === null ? '' : (names.get(task.list_id) ?? ''));
      return toCell(column === 'tags' ? task.tags.join(', ') : (task[column] ?? ''));
    }),
  );
  return ['\uFEFF', ...[[...COLUMNS], ...rows].map((cells) => `${cells.join(',')}\r\n`)];
}

/** What spreadsheets may take for a formula. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/**
 * Always quoted, as a spreadsheet may split cells at semicolons, too, and neutralised where it would be run as a formula.
 *
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
function toCell(text: string): string {
  return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

/** Starts the download of a file. */
export function download(parts: readonly string[], type: string, name: string): void {
  const url = URL.createObjectURL(new Blob([...parts], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has to have begun to read it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
