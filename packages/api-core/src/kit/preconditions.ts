/** The versions that a precondition names (RFC 9110, 13.1): any version, or one of a list. */
export type EntityTagList = '*' | readonly number[];

export interface Preconditions {
  /** The entity tags of `If-None-Match` without quotes, in weak comparison: for those that are not made of a version. */
  readonly ifNoneMatchTags?: readonly string[] | undefined;
  /** The resource must have one of these. */
  readonly ifMatch?: EntityTagList | undefined;
  /** The resource must have none of these. */
  readonly ifNoneMatch?: EntityTagList | undefined;
}

/** The entity tag of a version: strong, since a version is one state to the byte (RFC 9110, 8.8.3). */
export function toEntityTag(version: number): string {
  return `"${version}"`;
}

/** One entity tag, and a list of them in which elements may be empty (RFC 9110, 5.6.1 and 8.8.3). */
const ENTITY_TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g;
const LIST = /^[\t ]*(?:(?:W\/)?"[^"]*"[\t ]*)?(?:,[\t ]*(?:(?:W\/)?"[^"]*"[\t ]*)?)*$/;

/**
 * The versions that a header field names. Tags that are not ours match nothing, as do weak ones where the comparison is
 * strong; so does a field that is no list of tags.
 */
export function parseEntityTags(field: string, comparison: 'strong' | 'weak'): EntityTagList {
  if (field.trim() === '*') return '*';
  return parseOpaqueTags(field, comparison)
    .filter((opaque) => /^[1-9]\d{0,8}$/.test(opaque))
    .map(Number);
}

/** The entity tags of a list without their quotes; none where the field is no list. */
export function parseOpaqueTags(field: string, comparison: 'strong' | 'weak'): string[] {
  if (!LIST.test(field)) return [];
  return [...field.matchAll(ENTITY_TAG)]
    .filter(([, weak]) => !weak || comparison === 'weak')
    .map(([, , opaque = '']) => opaque);
}

/** The values of a precondition in SQL. */
export interface PreconditionValues {
  /** Versions of which the row must have one; null where any will do. */
  readonly ifMatch: readonly number[] | null;
  /** Versions of which the row must have none; null where any will do. */
  readonly ifNoneMatch: readonly number[] | null;
  readonly mustExist: boolean;
  readonly mustNotExist: boolean;
}

export function toPreconditionValues({ ifMatch, ifNoneMatch }: Preconditions): PreconditionValues {
  return {
    ifMatch: ifMatch === undefined || ifMatch === '*' ? null : ifMatch,
    ifNoneMatch: ifNoneMatch === undefined || ifNoneMatch === '*' ? null : ifNoneMatch,
    mustExist: ifMatch === '*',
    mustNotExist: ifNoneMatch === '*',
  };
}

/** The condition on a row that exists, with the parameters of `PreconditionValues`. */
export const preconditionsHold = `(:ifMatch::int[] is null or version = any(:ifMatch::int[]))
      and (:ifNoneMatch::int[] is null or version <> all(:ifNoneMatch::int[])) and not :mustNotExist::boolean`;

/** The condition where there is no row yet. */
export const preconditionsHoldForNone = '(:ifMatch::int[] is null and not :mustExist::boolean)';
