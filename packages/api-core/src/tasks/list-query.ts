import { foldText } from '@taskward/db/text';
import * as z from 'zod';
import { lengths, text } from '../kit/text';
import { dueDate, MAX_TAGS, priority, status, TAG, tags } from './fields';

/** The parameters of a list of tasks. */

export const MAX_LIMIT = 100;
/** Longer than any that is given out: that of a title of 255 characters which JSON escapes. */
export const MAX_CURSOR = 4096;
const MAX_WORDS = 8;
const MAX_FILTER_VALUES = 20;

const singleValue = z.string({ error: 'One value is expected' });
const commaSeparated = <T extends string>(one: z.ZodType<T>) =>
  singleValue
    .transform((all): unknown[] => all.split(','))
    .pipe(z.array(one).max(MAX_FILTER_VALUES, `At most ${MAX_FILTER_VALUES} values are allowed`));
const repeated = z.union([z.string(), z.array(z.string())]).transform((given) => [given].flat());
const date = singleValue.pipe(dueDate.unwrap());
const idOr = <const Word extends string>(word: Word) =>
  singleValue.pipe(
    z.union([z.literal(word), z.uuid().toLowerCase()], `The id of a resource, or \`${word}\`, is expected`),
  );
const idOrWord = (word: string) => ({ type: 'string', maxLength: 36, pattern: `^(${word}|[0-9A-Fa-f-]{36})$` });
const SORT_KEYS = ['created_at', 'updated_at', 'due_date', 'priority', 'title', 'position'] as const;
const SORTS = SORT_KEYS.flatMap((key) => [key, `-${key}`] as const);

/** What a parameter stands for, where its text on the wire does not show it. */
const listOf = ({ options }: { options: readonly string[] }) => ({
  type: 'array',
  items: { type: 'string', enum: options },
  maxItems: MAX_FILTER_VALUES,
});
const day = { type: 'string', format: 'date', maxLength: 10 };

const listFilters = z.strictObject({
  limit: singleValue
    .refine((text) => /^(100|[1-9]\d?)$/.test(text), `A whole number from 1 to ${MAX_LIMIT} is expected`)
    .transform(Number)
    .default(50)
    .meta({ type: 'integer', format: 'int32', minimum: 1, maximum: MAX_LIMIT, default: 50, description: 'How many.' }),
  cursor: singleValue
    .max(MAX_CURSOR, 'Invalid cursor')
    .optional()
    .meta({ minLength: 1, pattern: '^[\\w-]+$', description: '`next_cursor` of the page before, in the same list.' }),
  status: commaSeparated(status)
    .optional()
    .meta({ ...listOf(status), description: 'With one of these.' }),
  priority: commaSeparated(priority)
    .optional()
    .meta({ ...listOf(priority), description: 'With one of these.' }),
  tag: repeated
    .pipe(tags)
    .optional()
    .meta({
      type: 'array',
      items: { type: 'string', ...lengths(TAG) },
      maxItems: MAX_TAGS,
      description: 'With all of these: `?tag=home&tag=garden`.',
    }),
  due_before: date.optional().meta({ ...day, description: 'Due on this day or before.' }),
  due_after: date.optional().meta({ ...day, description: 'Due on this day or after.' }),
  completed: singleValue
    .pipe(z.enum(['true', 'false']))
    .transform((text) => text === 'true')
    .optional()
    .meta({ type: 'boolean', description: 'Whether `status` is `done`.' }),
  list: idOr('inbox')
    .optional()
    .meta({ ...idOrWord('inbox'), description: 'In this list, sub-tasks included; `inbox` for none.' }),
  parent: idOr('none')
    .optional()
    .meta({ ...idOrWord('none'), description: 'Directly below this task; `none` for the top level.' }),
  q: singleValue
    .pipe(text({ min: 1, max: 200, line: true }, z.string().trim()))
    .transform((words) => [...new Set(foldText(words).split(/\s+/))])
    .pipe(z.array(z.string()).max(MAX_WORDS, `At most ${MAX_WORDS} different words are allowed`))
    .optional()
    .meta({
      ...lengths({ min: 1, max: 200, line: true }),
      description: `With each of these words, at most ${MAX_WORDS} different ones, in title or description. Compared without
        case (Unicode's full case folding), without accents on Latin and Greek letters, and \`ё\` as \`е\`.`,
    }),
  sort: singleValue
    .pipe(z.enum(SORTS))
    .default('-created_at')
    .meta({
      enum: SORTS,
      default: '-created_at',
      description: `\`-\` is descending. Ties go by id; tasks without a due date come last either way. Titles are compared as
      \`q\` compares words, then by code point. \`position\` is the order made by hand: of the top level of a \`list\`, or of
      the tasks below a \`parent\`.`,
    }),
});
export const ListQuery = listFilters.refine(
  ({ list, parent, sort }) =>
    !sort.endsWith('position') || list !== undefined || (parent !== undefined && parent !== 'none'),
  { path: ['sort'], error: 'Sorting by position needs a list, or the id of a parent' },
);
export type ListQuery = z.output<typeof ListQuery>;
