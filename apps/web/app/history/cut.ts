const MAX_CHARACTERS = 300;
const MAX_LINES = 6;

/** The start of a text that is too long to be shown as a whole; undefined where it is not. Cuts no character in half. */
export function cut(text: string): string | undefined {
  const lines = text.split('\n');
  const start = lines.slice(0, MAX_LINES).join('\n');
  if (start.length > MAX_CHARACTERS) {
    const characters = [...new Intl.Segmenter().segment(start.slice(0, MAX_CHARACTERS))].slice(0, -1);
    return characters
      .map(({ segment }) => segment)
      .join('')
      .trimEnd();
  }
  return lines.length > MAX_LINES ? start.trimEnd() : undefined;
}
