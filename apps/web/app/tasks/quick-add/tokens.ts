import { findDate } from './dates';
import { findList, foldLists } from './lists';
import { fold } from './match';
import type { QuickAddContext, Token } from './types';

interface Found {
  readonly kind: Token['kind'];
  /** Of a tag it is in the text. Otherwise undefined for words that are no token although a part of them looks like one. */
  readonly value?: string | undefined;
  readonly end: number;
}

/** Comes before the lists, and so before one that has its name. */
export const INBOX = { id: 'inbox', name: 'inbox' };

const PRIORITIES = [
  ['high', '!!! !high p1'],
  ['medium', '!! !medium p2'],
  ['low', '! !low p3'],
  ['none', 'p4'],
] as const;

/** The API's limits. A length in UTF-16 code units is at least that in its characters. */
const MAX_TAGS = 20;
const MAX_TAG_LENGTH = 50;

const QUOTED = /"[^"]*"|[“„][^“”„]*[“”]/g;
/** In the first group without the punctuation at its end. */
const WORD = /(\S+?)[,.;:]*(?: |$)/g;
/** At least one letter; with the joiners that some scripts need inside of words. */
const TAG = /^#(?=.*\p{L})[\p{L}\p{N}\u200c-\u200d_-]+$/u;

/** All tokens that count, in the order of the text. */
export function findTokens(text: string, context: QuickAddContext, ignored: readonly string[]): Token[] {
  const { folded, indexes } = foldWithIndexes(text);
  const lists = text.includes('/') ? foldLists([INBOX, ...context.lists], folded) : [];
  const ignoredTexts = ignored.map((one) => one.toLowerCase());
  const tokens: Token[] = [];
  let foldedEnd = 0;
  for (const { 1: word = '', index } of folded.matchAll(WORD)) {
    const found = index < foldedEnd ? undefined : findAt(folded, index, word, lists, context);
    if (!found) continue;
    foldedEnd = found.end;
    const start = indexes[index] ?? 0;
    const end = indexes[foldedEnd] ?? text.length;
    const typed = text.slice(start, end);
    const { kind, value = kind === 'tag' ? typed.slice(1).normalize('NFC').toLowerCase() : '' } = found;
    const isFull = tokens.filter((token) => token.kind === kind).length >= (kind === 'tag' ? MAX_TAGS : 1);
    // The other kinds have shorter values.
    const isValid = value !== '' && value.length <= MAX_TAG_LENGTH;
    if (!isValid || isFull || ignoredTexts.includes(typed.toLowerCase())) continue;
    tokens.push({ kind, start, end, value, text: typed });
  }
  return tokens;
}

/** The folded text, and for each of its code units the index into the text. What is in quotes is nothing but quotes in it. */
function foldWithIndexes(text: string) {
  const indexes: number[] = [];
  let folded = '';
  let index = 0;
  for (const character of text.replace(QUOTED, (quoted) => '"'.repeat(quoted.length))) {
    const more = fold(character);
    if (more !== ' ' || !folded.endsWith(' ')) folded += more;
    while (indexes.length < folded.length) indexes.push(index);
    index += character.length;
  }
  return { folded, indexes };
}

/** What begins with the word at an index of the folded text, and the index where it ends. */
function findAt(
  text: string,
  at: number,
  word: string,
  lists: QuickAddContext['lists'],
  { today, locale }: QuickAddContext,
): Found | undefined {
  const end = at + word.length;
  if (TAG.test(word)) return { kind: 'tag', end };
  const [priority] = PRIORITIES.find(([, signs]) => signs.split(' ').includes(word)) ?? [];
  if (priority) return { kind: 'priority', value: priority, end };
  const list = text[at] === '/' && findList(text, at + 1, lists);
  if (list) return { kind: 'list', ...list };
  const date = findDate(text, at, today, locale);
  return date && { kind: 'due', ...date };
}
