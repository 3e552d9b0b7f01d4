import { expect, test } from 'vitest';
import { parseQuickAdd, type QuickAddContext } from '../../app/tasks/quick-add/parse';

const LISTS = [
  { id: 'garden', name: 'Garden' },
  { id: 'garden-front', name: 'Garden front yard' },
  { id: 'cafe', name: 'Café' },
  { id: 'misc', name: 'Misc.' },
  { id: 'to-do', name: 'To-do' },
  { id: 'mine', name: 'Inbox' },
];
/** A Wednesday. */
const TODAY = '2026-11-18';

export const parse = (text: string, context: Partial<QuickAddContext> = {}, ignored?: readonly string[]) =>
  parseQuickAdd(text, { today: TODAY, locale: 'en-US', lists: LISTS, ...context }, ignored);

/** The due date of a task whose title has the text after it. */
export function due(text: string, today = TODAY, locale = 'en-US'): string | null {
  const { title, due_date } = parse(`Call Ann ${text}`, { today, locale });
  expect(title).toBe(due_date ? 'Call Ann' : `Call Ann ${text}`);
  return due_date;
}

/** Tests of a text, its due date, and what day it is, each on a line; without a due date the text is part of the title. */
export function testDue(table: string, locale = 'en-US'): void {
  const rows = table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  test.each(rows)(`${locale}: "%s" is %s (%s)`, (text = '', date, today) => {
    expect(due(text, today, locale)).toBe(date || null);
  });
}
