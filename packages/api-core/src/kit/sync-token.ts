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
  /** The last resource that was read on that way: its id. */
  readonly after?: string | undefined;
}

export const MAX_TOKEN = 100;
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** Up to 2^53, in base 36. */
export const TOKEN = new RegExp(`^(?:0|([1-9]\\d{0,14})\\.([0-9a-z]{1,11}))(?:~(${UUID}))?$`);

export function encodeToken({ position, after }: SyncToken): string {
  const text = position.seq === 0 ? '0' : `${position.seq}.${position.at.toString(36)}`;
  return after === undefined ? text : `${text}~${after}`;
}

/** @param text matches `TOKEN`. */
export function decodeToken(text: string): SyncToken {
  const [, seq = '0', at = '0', after] = TOKEN.exec(text) ?? [];
  return { position: { seq: Number(seq), at: Number.parseInt(at, 36) }, after };
}

/** The weak entity tag of all lists of a user, whose journal ends with this entry. */
export function toWeakEntityTag(head: Position | undefined): string {
  return `W/"${encodeToken({ position: head ?? START })}"`;
}

/** The entries that entity tags of lists were made of. */
export function toPositions(opaqueTags: readonly string[]): Position[] {
  return opaqueTags.filter((tag) => TOKEN.test(tag)).map((tag) => decodeToken(tag).position);
}
