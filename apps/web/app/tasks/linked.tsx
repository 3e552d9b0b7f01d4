const URL_PATTERN = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;

/** Text whose web addresses are links. They open beside this page, and learn nothing of it. */
export function Linked({ text, tabIndex }: { text: string; tabIndex?: number }) {
  const urls = text.match(URL_PATTERN) ?? [];
  const rest = text.split(URL_PATTERN);
  return rest.flatMap((words, index) => {
    const url = urls[index];
    if (url === undefined) return [words];
    return [
      words,
      <a key={index} href={url} className="link" target="_blank" rel="noopener noreferrer" tabIndex={tabIndex}>
        {url}
      </a>,
    ];
  });
}
