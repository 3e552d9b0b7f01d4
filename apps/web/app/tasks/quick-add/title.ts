import type { Token } from './types';

/** Stands for a token. Text that contains it has none. */
export const MARK = '\0';

/** Trimmed and in single spaces. */
export const collapse = (text: string) => text.replace(/\s+/g, ' ').trim();

/**
 * The text without its tokens, trimmed and in single spaces. Punctuation beside tokens stays only between words, and only
 * once: "Call Ann tomorrow, p1, then Bob" is "Call Ann, then Bob".
 */
export function withoutTokens(text: string, tokens: readonly Pick<Token, 'start' | 'end'>[]): string {
  let start = 0;
  let marked = '';
  for (const token of tokens) {
    marked += text.slice(start, token.start) + MARK;
    start = token.end;
  }
  const title = collapse(marked + text.slice(start)).replace(/(?: ?[,.;:])?(?: ?\0[,.;:]*)+ ?/g, (marks, at, all) => {
    if (at === 0) return '';
    if (at + marks.length === all.length) return marks.startsWith('.') ? '.' : '';
    return `${/[,.;:]+/.exec(marks) ?? ''} `;
  });
  return title.trim();
}
