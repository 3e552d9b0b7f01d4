/** A report in Markdown, printed as it is written. */
export class Report {
  private readonly lines: string[] = [];

  line(text = ''): void {
    console.log(text);
    this.lines.push(text);
  }

  heading(text: string): void {
    this.line(`\n## ${text}\n`);
  }

  /** The columns whose titles end with a colon are aligned to the right. */
  table(titles: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const write = (cells: readonly (string | number)[]) => this.line(`| ${cells.join(' | ')} |`);
    write(titles.map((title) => title.replace(/:$/, '')));
    write(titles.map((title) => (title.endsWith(':') ? '--:' : '---')));
    for (const row of rows) write(row);
  }

  get text(): string {
    return `${this.lines.join('\n')}\n`;
  }
}

export const toMs = (ms: number) => ms.toFixed(ms < 10 ? 2 : 1);
export const toMib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
export const toRatio = (of: number, to: number | undefined) => (to ? (of / to).toFixed(2) : '–');
