const PATTERN = /(?:\bhttps?:\/\/|\bwww\.)[^\s<>"']+/g;

interface Part {
  readonly text: string;
  /** Where the text is a web address. */
  readonly url?: string;
}

/** A text by its web addresses. What ends a sentence or closes a bracket around an address is no part of it. */
export function splitLinks(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(PATTERN)) {
    const address = withoutEnd(match);
    parts.push({ text: text.slice(end, index) });
    parts.push({ text: address, url: address.startsWith('www.') ? `https://${address}` : address });
    end = index + address.length;
  }
  return [...parts, { text: text.slice(end) }].filter((part) => part.text !== '');
}

function withoutEnd(address: string): string {
  const last = address.at(-1) ?? '';
  const isBracket = last === ')' && address.split(')').length > address.split('(').length;
  return isBracket || '.,;:!?]}'.includes(last) ? withoutEnd(address.slice(0, -1)) : address;
}

/** Text whose web addresses are links. They open beside this page, and learn nothing of it. */
export function Linked({ text, tabIndex }: { text: string; tabIndex?: number }) {
  return splitLinks(text).map(({ text: part, url }, index) =>
    url === undefined ? (
      part
    ) : (
      <a key={index} href={url} className="link" target="_blank" rel="noopener noreferrer" tabIndex={tabIndex}>
        {part}
      </a>
    ),
  );
}
