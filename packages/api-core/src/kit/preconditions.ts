/** What a client says of the version it has in mind (RFC 9110, 13.1): any version at all, or one of these. */
export type EntityTagList = 'any' | readonly number[];

export interface Preconditions {
  /** Go on only where the task is at one of these. */
  readonly ifMatch?: EntityTagList | undefined;
  /** Go on only where it is at none of these. */
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
  if (field.trim() === '*') return 'any';
  if (!LIST.test(field)) return [];
  return [...field.matchAll(ENTITY_TAG)]
    .filter(([, weak, opaque = '']) => (!weak || comparison === 'weak') && /^[1-9]\d{0,8}$/.test(opaque))
    .map(([, , opaque]) => Number(opaque));
}
