/** What follows a token in folded text, as the source of a pattern: a space or the end, after any punctuation. */
export const DELIMITER = '(?=[,.;:]*(?: |$))';

/** The match of a sticky pattern that begins at an index. */
export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The form in which text is compared: lower case, without combining marks, in single spaces, with ASCII apostrophes. */
export function fold(text: string): string {
  return text.normalize('NFD').toLowerCase().replace(/\p{M}/gu, '').replace(/\s+/g, ' ').replace(/’/g, "'");
}
