import { collapse, MARK, withoutTokens } from './title';
import { findTokens, INBOX } from './tokens';
import type { QuickAdd, QuickAddContext, Token } from './types';

export type { QuickAdd, QuickAddContext, Token } from './types';

/** In UTF-16 code units. Longer text is all title. */
const MAX_LENGTH = 1_000;

/** A bullet or a number, a box, or both. */
const MARKERS = /^(?:(?:[-*•]|\d{1,3}\.)(?:\s+|$))?(?:\[[ x]?\](?:\s+|$))?/i;

/**
 * The fields that a line of text sets: `Water the plants tomorrow !high #home /garden`. The first date, priority and list
 * count; later ones are part of the title. Text of tokens alone is all title. Takes any text and never throws.
 *
 * `ignored` are texts of tokens (as typed, compared without case) that the user removed: they are part of the title.
 */
export function parseQuickAdd(text: string, context: QuickAddContext, ignored: readonly string[] = []): QuickAdd {
  const found = text.length > MAX_LENGTH || text.includes(MARK) ? [] : findTokens(text, context, ignored);
  const rest = found.length > 0 ? withoutTokens(text, found) : '';
  const tokens = rest === '' ? [] : found;
  const first = (kind: Token['kind']) => tokens.find((token) => token.kind === kind);
  const list = first('list')?.value;
  return {
    title: rest || collapse(text),
    due_date: first('due')?.value ?? null,
    // The value of a token of this kind is a priority.
    priority: (first('priority')?.value ?? 'none') as QuickAdd['priority'],
    tags: [...new Set(tokens.filter(({ kind }) => kind === 'tag').map(({ value }) => value))],
    list_id: list === INBOX.id ? null : list,
    tokens,
  };
}

/** The non-empty lines of pasted text, without list markers ("- ", "* ", "• ", "1. ", "[ ] ", "- [x] "). */
export function splitLines(text: string): string[] {
  return text
    .split(/[\r\n\u2028\u2029]/)
    .map((line) => line.trim().replace(MARKERS, ''))
    .filter((line) => line !== '');
}
