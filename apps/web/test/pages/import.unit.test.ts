import { randomUUID } from 'node:crypto';
import { ListInput, TaskInput } from '@taskward/api-core/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidFile, MAX_FILE, parseImport, readFile } from '../../app/(account)/account/import';

const [A, B, C, D, E, F] = [1, 2, 3, 4, 5, 6].map((i) => `0190000${i}-0000-7000-8000-000000000000`);

const fileOf = (content: object) =>
  JSON.stringify({ format: 'taskward', version: 1, lists: [], tasks: [], ...content });

function errorsOf(text: string): readonly string[] {
  try {
    parseImport(text);
    return [];
  } catch (error) {
    if (error instanceof InvalidFile) return error.errors;
    throw error;
  }
}

describe('a file that cannot be imported', () => {
  test.each<[string, string]>([
    ['The file isn’t valid JSON', '{"format": "taskward",'],
    ['The file isn’t an export of Taskward', '[]'],
    ['The file isn’t an export of Taskward', 'null'],
    ['The file isn’t an export of Taskward', '{"format":"todoist"}'],
    ['The file has version 2 of the format', '{"format":"taskward","version":2}'],
    ['“tasks” must be an array', '{"format":"taskward","version":1,"lists":[]}'],
  ])('is refused: %s', (expected, text) => {
    expect(errorsOf(text)[0]).toContain(expected);
  });

  test('names the place of each error', () => {
    const tasks = [
      { id: A, title: 'Fine' },
      { id: 'nonsense', title: 'x'.repeat(256), status: 'doing', priority: 1, due_date: '2026-02-30', tags: 'home' },
      'nothing',
      { id: A, title: 'Same', description: 7, list_id: 'inbox', parent_id: 3, position: 1 },
    ];
    expect(errorsOf(fileOf({ lists: [{ id: B, name: ' ' }], tasks }))).toEqual([
      'lists[0].name must have a visible character.',
      'tasks[1].id must be a UUID.',
      'tasks[1].title must have at most 255 characters.',
      'tasks[1].status must be one of: todo, in_progress, done.',
      'tasks[1].priority must be one of: none, low, medium, high.',
      'tasks[1].due_date must be a date like 2026-12-31, or null.',
      'tasks[1].tags must be an array of at most 20 texts.',
      'tasks[2] must be an object.',
      'tasks[3].description must be a text.',
      'tasks[3].list_id must be a UUID.',
      'tasks[3].parent_id must be a UUID.',
      'tasks[3].position must be a text of digits.',
    ]);
  });

  test('names references that lead nowhere, ids that are used twice, and trees that are too deep', () => {
    const task = (id: string | undefined, more: object = {}) => ({ id, title: 'Task', ...more });
    const errors = (tasks: object[], lists: object[] = []) => errorsOf(fileOf({ tasks, lists }));
    expect(errors([task(A), task(A?.toUpperCase())])).toEqual(['tasks[1].id is that of tasks[0], too.']);
    expect(errors([task(A)], [{ id: A, name: 'The same id as a task' }])).toEqual([]);
    expect(errors([task(A, { list_id: B })])).toEqual(['tasks[0].list_id is the id of no list of the file.']);
    expect(errors([task(A, { parent_id: B })])).toEqual(['tasks[0].parent_id is the id of no task of the file.']);
    expect(errors([task(A, { parent_id: B }), task(B, { parent_id: A })])).toHaveLength(2);
    expect(errors([task(A, { parent_id: A })])).toHaveLength(1);
    const chain = [A, B, C, D, E, F].map((id, i, all) => task(id, { parent_id: all[i - 1] ?? null }));
    expect(errors(chain.slice(0, 5))).toEqual([]);
    expect(errors(chain)).toEqual([expect.stringContaining('tasks[5].parent_id: sub-tasks can have at most 5 levels')]);
  });

  test('reports a hundred errors at most', () => {
    expect(errorsOf(fileOf({ tasks: Array(1_000).fill(null) }))).toHaveLength(100);
  });

  test('is refused before it is read where it is too large, and where it is not UTF-8', async () => {
    const tooLarge = { size: MAX_FILE + 1, arrayBuffer: () => Promise.reject(new Error('was read')) };
    await expect(readFile(tooLarge as unknown as Blob)).rejects.toThrow('The file is larger than 50 MB.');
    await expect(readFile(new Blob([Uint8Array.of(0xff, 0xfe)]))).rejects.toThrow('The file isn’t text in UTF-8.');
    await expect(readFile(new Blob(['\uFEFF', fileOf({})]))).resolves.toEqual({ lists: [], tasks: [] });
  });
});

test('fields that are missing have their defaults, and unknown ones are ignored', () => {
  const { tasks } = parseImport(
    fileOf({ tasks: [{ id: A?.toUpperCase(), title: ' Milk ', color: 'red' }], theme: 'dark' }),
  );
  expect(tasks).toEqual([
    {
      id: A,
      title: 'Milk',
      description: null,
      status: 'todo',
      priority: 'none',
      due_date: null,
      tags: [],
      list_id: null,
      parent_id: null,
      position: '',
    },
  ]);
});

test('tasks come after their parents, in the order of their positions, or else of the file', () => {
  const tasks = [
    { id: A, title: 'A', parent_id: C, position: '1' },
    { id: B, title: 'B', position: '3' },
    { id: C, title: 'C', position: '2' },
  ];
  expect(parseImport(fileOf({ tasks })).tasks.map(({ title }) => title)).toEqual(['C', 'A', 'B']);
  const unordered = [...'BAC'].map((title) => ({ id: randomUUID(), title }));
  expect(parseImport(fileOf({ tasks: unordered })).tasks.map(({ title }) => title)).toEqual(['B', 'A', 'C']);
});

const trickyText = (max: number) =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 5 }),
    fc.constantFrom('', ' ', '\u200b', '\ud800', 'a\0', 'a\nb', 'e\u0301', `e${'\u0301'.repeat(31)}`, '\u{1f418}'),
    fc.integer({ min: max - 1, max: max + 1 }).map((length) => 'x'.repeat(length)),
    fc.integer({ min: max - 1, max: max + 1 }).map((length) => '\u{1f418}'.repeat(length)),
    fc.constantFrom(null, 1, []),
  );
const trickyDate = fc.oneof(
  fc.constantFrom(
    null,
    '2026-02-29',
    '2028-02-29',
    '0000-01-01',
    '0001-01-01',
    '9999-12-31',
    '2026-13-01',
    '2026-1-1',
    '',
  ),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)),
);
const trickyTask = fc.record(
  {
    title: trickyText(255),
    description: trickyText(10_000),
    status: fc.constantFrom('todo', 'in_progress', 'done', 'doing', ''),
    priority: fc.constantFrom('none', 'low', 'medium', 'high', 'urgent'),
    due_date: trickyDate,
    tags: fc.oneof(
      fc.array(trickyText(50), { maxLength: 3 }),
      fc.constant(Array.from({ length: 21 }, (_, i) => `${i}`)),
    ),
  },
  { requiredKeys: ['title'] },
);

test('the check of a file accepts what the API accepts, and reads it in the same way', () => {
  const check = fc.property(trickyTask, (task) => {
    const expected = TaskInput.safeParse(task);
    const errors = errorsOf(fileOf({ tasks: [{ ...task, id: A }] }));
    expect(errors.length === 0, errors.join()).toBe(expected.success);
    if (!expected.success) return;
    const [{ id: _1, position: _2, ...read } = { id: '', position: '' }] = parseImport(
      fileOf({ tasks: [{ ...task, id: A }] }),
    ).tasks;
    // What is sent is what the API makes of it, the order of tags apart.
    expect(TaskInput.parse(read)).toEqual({ ...expected.data, list_id: null });
  });
  fc.assert(check, { numRuns: 2_000 });
  fc.assert(
    fc.property(trickyText(255), (name) => {
      expect(errorsOf(fileOf({ lists: [{ id: A, name }] })).length === 0).toBe(ListInput.safeParse({ name }).success);
    }),
    { numRuns: 1_000 },
  );
});
