import type { List, Task } from '@taskward/api-core/contract';
import { hasVisible, isStreamSafe, MAX_MARKS, normalizeText } from '@taskward/db/text';

/** The limits of the API, which this repeats: its schemas are too large for a page. */
const TITLE = 255;
const DESCRIPTION = 10_000;
const TAG = 50;
const MAX_TAGS = 20;
export const MAX_LEVELS = 5;

export type ImportedList = Pick<List, 'id' | 'name' | 'position'>;
export type ImportedTask = Pick<
  Task,
  'id' | 'title' | 'description' | 'status' | 'priority' | 'due_date' | 'tags' | 'list_id' | 'parent_id' | 'position'
>;

/** Returns the value of a field, undefined where it is missing. @throws {Fault} where it is invalid. */
type Reader<T> = (value: unknown) => T;
export type Readers<T> = { readonly [Field in keyof T]: Reader<T[Field]> };

/** Says what a value has to be. */
class Fault extends Error {}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const CONTROL = /\p{Cc}/u;

const id: Reader<string> = (value) => {
  const uuid = typeof value === 'string' ? value.toLowerCase() : '';
  if (!UUID.test(uuid)) throw new Fault('must be a UUID');
  return uuid;
};

const text =
  (max: number, isLine: boolean): Reader<string> =>
  (value) => {
    if (typeof value !== 'string') throw new Fault('must be a text');
    const normal = normalizeText(isLine ? value.trim() : value);
    if (isLine && !hasVisible(normal)) throw new Fault('must have a visible character');
    if ([...normal].length > max) throw new Fault(`must have at most ${max} characters`);
    if (isLine && CONTROL.test(normal)) throw new Fault('must be one line, without control characters');
    if (!normal.isWellFormed() || normal.includes('\0')) throw new Fault('must be well-formed Unicode, without NUL');
    if (!isStreamSafe(normal)) throw new Fault(`must not have more than ${MAX_MARKS} combining marks in a row`);
    return normal;
  };

const dueDate: Reader<string> = (value) => {
  const isDate = typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && value >= '0001-01-01';
  // `Date` takes February 31 for March 3.
  const isInCalendar = isDate && !Number.isNaN(Date.parse(value)) && new Date(value).toISOString().startsWith(value);
  if (!isInCalendar) throw new Fault('must be a date like 2026-12-31, or null');
  return value;
};

const oneOf =
  <const T extends string>(...options: readonly T[]): Reader<T> =>
  (value) => {
    const option = options.find((one) => one === value);
    if (option === undefined) throw new Fault(`must be one of: ${options.join(', ')}`);
    return option;
  };

const tags: Reader<string[]> = (value) => {
  if (!Array.isArray(value) || value.length > MAX_TAGS)
    throw new Fault(`must be an array of at most ${MAX_TAGS} texts`);
  return [...new Set(value.map((tag) => text(TAG, true)(typeof tag === 'string' ? tag.toLowerCase() : tag)))];
};

const position: Reader<string> = (value) => {
  if (typeof value !== 'string' || !/^\d{1,100}$/.test(value)) throw new Fault('must be a text of digits');
  return value;
};

/** A field that may be missing or null, and then has that value. */
const or =
  <T, D>(instead: D, read: Reader<T>): Reader<T | D> =>
  (value) =>
    value === undefined || value === null ? instead : read(value);

export const LIST: Readers<ImportedList> = { id, name: text(TITLE, true), position: or('', position) };

export const TASK: Readers<ImportedTask> = {
  id,
  title: text(TITLE, true),
  description: or(null, text(DESCRIPTION, false)),
  status: or('todo', oneOf('todo', 'in_progress', 'done')),
  priority: or('none', oneOf('none', 'low', 'medium', 'high')),
  due_date: or(null, dueDate),
  tags: or([], tags),
  list_id: or(null, id),
  parent_id: or(null, id),
  // Without any, the order is that of the file.
  position: or('', position),
};

/** The fields of an object, others left out; undefined where any is invalid, which `report` is told. */
export function readFields<T>(
  readers: Readers<T>,
  value: unknown,
  report: (field: string, message: string) => void,
): T | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report('', 'must be an object');
    return undefined;
  }
  let isValid = true;
  const fields: Partial<T> = {};
  for (const field of Object.keys(readers) as (keyof T & string)[]) {
    try {
      fields[field] = readers[field]((value as Record<string, unknown>)[field]);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      isValid = false;
      report(field, error.message);
    }
  }
  // Every field has been read.
  return isValid ? (fields as T) : undefined;
}
