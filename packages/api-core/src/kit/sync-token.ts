/** An entry of a journal. Its position and its moment together identify it, also in a copy or a restored backup. */
export interface Position {
  /** 0 where nothing was ever changed. */
  readonly seq: number;
  /** In microseconds since 1970. */
  readonly at: number;
}

/** Where nothing was ever changed. */
export const START: Position = { seq: 0, at: 0 };

/** Where a client is: at an entry, or on its way through everything that there was at that entry. */
export interface SyncToken {
  readonly position: Position;
  /** The last resource that was read on that way; without a kind, it is of the one that comes last. */
  readonly after?: { readonly kind?: string | undefined; readonly id: string } | undefined;
}

export const MAX_TOKEN = 100;
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** The position, the moment in base 36, up to 2^53, and the last resource with its kind. */
export const TOKEN = new RegExp(`^(?:0|([1-9]\\d{0,14})\\.([0-9a-z]{1,11}))(?:~(?:([a-z]{1,20})~)?(${UUID}))?$`);

export function encodeToken({ position, after }: SyncToken): string {
  const text = position.seq === 0 ? '0' : `${position.seq}.${position.at.toString(36)}`;
  return [text, ...(after ? [after.kind, after.id] : [])].filter((part) => part !== undefined).join('~');
}

/** @param text matches `TOKEN`. */
export function decodeToken(text: string): SyncToken {
  const [, seq = '0', at = '0', kind, id] = TOKEN.exec(text) ?? [];
  const position = { seq: Number(seq), at: Number.parseInt(at, 36) };
  return { position, after: id === undefined ? undefined : { kind, id } };
}

/** The weak entity tag of all lists of a user, whose journal ends with this entry. */
export function toWeakEntityTag(head: Position | undefined): string {
  return `W/"${encodeToken({ position: head ?? START })}"`;
}

/** The entries that entity tags of lists were made of. */
export function toPositions(opaqueTags: readonly string[]): Position[] {
  return opaqueTags.filter((tag) => TOKEN.test(tag)).map((tag) => decodeToken(tag).position);
}

/** The same as the statements take them that read a list only where the journal has moved. */
export const toColumnsOf = (positions: readonly Position[] = []) => ({
  seqs: positions.map(({ seq }) => seq),
  ats: positions.map(({ at }) => at),
});
