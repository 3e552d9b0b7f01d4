/**
 * Positions order what a user arranges by hand. They are text that compares byte by byte, made by the server alone (the
 * function `key_between` of the database): ten digits and a fraction, so that there is always one between two others.
 */

/** The place of what stands in nothing else. */
export const NO_PLACE = `'00000000-0000-0000-0000-000000000000'::uuid`;

/** Where a position would be longer, its neighbours are renumbered with it. */
export const MAX_POSITION_LENGTH = 60;
/** How many neighbours on each side. */
const NEIGHBOURS = 500;

/** Where a resource stands among others: `after` one of them, as the first, or as the last. */
export interface Spot {
  readonly placing: 'first' | 'after' | 'last';
  readonly after: string | null;
}

/** @param after a sibling's id, null for the first, undefined for the last. */
export const toSpot = (after: string | null | undefined): Spot => ({
  placing: after === undefined ? 'last' : after === null ? 'first' : 'after',
  after: after ?? null,
});

/** The position after all others, given the last one of these: quicker than `key_between`. */
export const positionAfter = (last: string) => `coalesce((left((${last}), 10)::bigint + 1)::text, '5000000000')`;

/** Rows that are ordered by hand: a table, and the condition of those among which `:id` stands or shall stand. */
interface Siblings {
  readonly table: string;
  readonly condition: string;
  /** The queries that the condition needs. */
  readonly from?: string;
  /** What the one to stand after has to fulfil besides. */
  readonly isSibling?: string;
}

/**
 * The queries that move `:id`, which `old` has, to a spot of its siblings: `spot` lies between `low`, empty before the first,
 * and `high`, null after the last; `low` is null where the sibling to stand after does not exist. `moved` is its position
 * there: as it is, where it stands there already. `renumbered` are the neighbours that get other positions, where this one
 * would be too long, and the resource with them.
 *
 * @param isThere whether it is one of the siblings already.
 */
export function moveQueries({ table, condition, from = '', isSibling = 'true' }: Siblings, isThere: string): string[] {
  const others = (more = '') =>
    `select position from ${table}${from} where ${condition} and ${table}.id <> :id::uuid${more}`;
  const neighbours = (comparison: '<' | '>') => `(
      select ${table}.id, ${table}.position from ${table}${from}, moved
      where ${condition} and ${table}.id <> :id::uuid and ${table}.position ${comparison} moved.position
        and length(moved.position) > ${MAX_POSITION_LENGTH}
      order by ${table}.position ${comparison === '<' ? 'desc' : 'asc'} limit ${NEIGHBOURS} + 1
    )`;
  return [
    `spot as materialized (
    select low, (${others(' and position > low')} order by position limit 1) as high
    from (
      select case :placing::text
        when 'first' then ''
        when 'after' then (${others(` and ${table}.id = :after::uuid and ${isSibling}`)})
        else coalesce((${others()} order by position desc limit 1), '')
      end as low
    ) chosen
  )`,
    `moved as materialized (
    select case when ${isThere} and old.position > low and (high is null or old.position < high) then old.position
      else key_between(nullif(low, ''), high) end as position
    from old, spot where low is not null
  )`,
    // The outermost ones stay, if there are more than are renumbered: the others lie between them.
    `neighbours as materialized (
    select id, position, number from (
      select id, position, row_number() over (order by position desc) as number from ${neighbours('<')} before
      union all select id, position, row_number() over (order by position) from ${neighbours('>')} behind
    ) neighbours
  )`,
    `renumbered as materialized (
    select id, key_between(bounds.low, bounds.high, (row_number() over (order by row.position))::int, (count(*) over ())::int) as position
    from (
      select id, position from neighbours where number <= ${NEIGHBOURS}
      union all select :id::uuid, position from moved where length(position) > ${MAX_POSITION_LENGTH}
    ) row, (
      select max(n.position) filter (where n.position < moved.position) as low,
        min(n.position) filter (where n.position > moved.position) as high
      from moved left join neighbours n on number > ${NEIGHBOURS} group by moved.position
    ) bounds
  )`,
  ];
}
