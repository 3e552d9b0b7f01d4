import * as z from 'zod';
import { text } from '../kit/text';

/** The fields of a task that a client writes, and their limits. */

export const TITLE = { min: 1, max: 255, line: true, name: true };
export const DESCRIPTION = { min: 0, max: 10_000, line: false };
export const TAG = { min: 1, max: 50, line: true, name: true };
export const MAX_TAGS = 20;

export const title = text(TITLE, z.string().trim());
// A byte order mark in front is not text, and not every decoder on the way would keep it.
const withoutBom = z.string().overwrite((value) => value.replace(/^\uFEFF+/, ''));
export const description = text(DESCRIPTION, withoutBom).nullable();
export const status = z.enum(['todo', 'in_progress', 'done']);
export const priority = z.enum(['none', 'low', 'medium', 'high']);
export const dueDate = z.iso
  .date({ error: 'A date is YYYY-MM-DD and in the calendar', abort: true })
  .refine((date) => date >= '0001-01-01', 'Year must be 0001 or later')
  .nullable();
export const tags = z
  .array(text(TAG, z.string().trim().toLowerCase()))
  .max(MAX_TAGS, `At most ${MAX_TAGS} tags are allowed`)
  .transform((all) => [...new Set(all)]);
export const listId = z.uuid().toLowerCase().nullable();
export const parentId = z.uuid().toLowerCase().nullable();
