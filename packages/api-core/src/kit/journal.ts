import { defineStatement } from '@taskward/db';
import type { Position } from './sync-token';

/** A condition that is true, of a statement that inserts rows of the user: see `lock_user` in the migrations. */
export const userLocked = 'lock_user(:userId)';

/** How the changes of a resource are recorded. */
export interface JournaledResource {
  readonly kind: string;
  /** The column of `journals` that counts the resources of a user. */
  readonly count: string;
}

/** The bytes of the difference of an entry. */
export const octets = 'coalesce(octet_length(diff::text), 0)';
/** By how much an entry changes the number of resources. */
const added = `case when operation in ('created', 'restored') then 1 when operation = 'deleted' then -1 else 0 end`;

/** The setting that has the revision of a batch of writes, while it runs. */
export const BATCH_REVISION = 'app.revision';
const batchRevision = `current_setting('${BATCH_REVISION}', true)::bigint`;
const later = `greatest(excluded.at, j.at + interval '1 microsecond')`;
/** All entries of a revision have the same moment. */
const momentOf = (inBatch: boolean) =>
  inBatch ? `case when j.seq >= ${batchRevision} then j.at else ${later} end` : later;

/**
 * Records what a statement changes, as a part of it: one entry for the row of `changed`, which has `id`, `operation`,
 * `version` and `diff`. Records nothing where `changed` is empty.
 *
 * @param inBatch whether it belongs to the revision of a batch.
 */
export const recordChange = ({ kind, count }: JournaledResource, inBatch = false) => `journal as (
    insert into journals as j (user_id, seq, at, ${count}, bytes)
    select :userId::text, 1, now(), ${added}, ${octets} from changed
    on conflict (user_id) do update set seq = j.seq + 1, ${count} = j.${count} + excluded.${count},
      bytes = j.bytes + excluded.bytes, at = ${momentOf(inBatch)}
    returning seq, at
  ), recorded as (
    insert into changes (user_id, seq, revision, at, kind, id, operation, version, diff)
    select :userId::text, seq, ${inBatch ? batchRevision : 'seq'}, at, '${kind}', id, operation, version, diff from journal, changed
    returning revision
  )`;

/**
 * The same for any number of rows, of any of these resources, as one revision, in the order of `changed`, which has `kind` besides.
 */
export function recordChanges(resources: readonly JournaledResource[], inBatch = false): string {
  const counts = resources.map(({ count }) => count);
  return `counted as (
    select count(*) as entries, sum(${octets}) as octets,
      ${resources.map(({ kind, count }) => `coalesce(sum(${added}) filter (where kind = '${kind}'), 0) as ${count}`).join(', ')}
    from changed having count(*) > 0
  ), journal as (
    insert into journals as j (user_id, seq, at, ${counts.join(', ')}, bytes)
    select :userId::text, entries, now(), ${counts.join(', ')}, octets from counted
    on conflict (user_id) do update set seq = j.seq + excluded.seq, ${counts.map((count) => `${count} = j.${count} + excluded.${count}`).join(', ')},
      bytes = j.bytes + excluded.bytes, at = ${momentOf(inBatch)}
    returning seq, at
  ), recorded as (
    select seq - entries + 1 as first_seq, ${inBatch ? batchRevision : 'seq - entries + 1'} as revision, at from journal, counted
  ), entered as (
    insert into changes (user_id, seq, revision, at, kind, id, operation, version, diff)
    select :userId::text, first_seq - 1 + row_number() over (), revision, at, kind, id, operation, version,
      diff
    from recorded, changed
  )`;
}

/** A moment as the tokens of clients have it, in microseconds; exact up to the year 2255. */
export const microseconds = (column: string) => `(extract(epoch from ${column}) * 1000000)::float8`;

/** The last entry of the journal; no row where nothing was ever changed. */
export const selectHead = defineStatement<Position>(
  `select seq::float8, ${microseconds('at')} as at from journals where user_id = :userId`,
  { isReadOnly: true },
);

/** Whether the journal does not end with one of the entries `:seqs` and `:ats`. */
export const journalMoved = `not exists (
      select from journals where user_id = :userId
        and (seq, ${microseconds('at')}) in (select * from unnest(:seqs::bigint[], :ats::float8[]))
    )`;

/** How long entries are kept after they ceased to be the last one, and how long what they tell can be read and undone. */
export const RETENTION = `interval '30 days'`;
/** How many entries one statement deletes at most, so that none takes long. */
const PRUNED_AT_ONCE = 400;

/**
 * Deletes some of the entries whose successor is older than the retention: the last entry stays. The highest version of the
 * deletions among them becomes the floor of versions.
 */
export const pruneJournal = defineStatement<{ pruned: number }>(`
  with oldest as (
    select seq, lead(at) over (order by seq) as until from changes
    where user_id = :userId
      and seq <= (select seq + ${PRUNED_AT_ONCE} from changes where user_id = :userId order by seq limit 1)
  ), pruned as (
    delete from changes where user_id = :userId
      and seq <= (select max(seq) from oldest where until < now() - ${RETENTION})
    returning operation, version, ${octets} as octets
  ), settled as (
    update journals set floor = greatest(floor, total.version), bytes = bytes - total.octets
    from (
      select max(version) filter (where operation = 'deleted') as version, sum(octets) as octets from pruned
      having count(*) > 0
    ) total
    where user_id = :userId
  )
  select count(*)::int as pruned from pruned`);

/** What the differences of a user's journal may take together: a change of a long text takes up to 80 KB. */
const MAX_BYTES = 64 * 2 ** 20;

/** Where the differences take more than that, deletes some of the oldest; their entries stay, so that tokens stay valid. */
export const trimJournal = defineStatement<{ trimmed: number }>(`
  with journal as (
    select trimmed from journals where user_id = :userId and bytes > ${MAX_BYTES}
  ), oldest as (
    select seq, ${octets} as octets from changes where user_id = :userId and seq > (select trimmed from journal)
    order by seq limit ${PRUNED_AT_ONCE}
  ), emptied as (
    update changes set diff = null where user_id = :userId and diff is not null
      and seq > (select trimmed from journal) and seq <= (select max(seq) from oldest)
  ), settled as (
    update journals set trimmed = total.seq, bytes = bytes - total.octets
    from (select max(seq) as seq, sum(octets) as octets from oldest having count(*) > 0) total
    where user_id = :userId
  )
  select count(*)::int as trimmed from oldest`);

/** The last version of a resource that does not exist: versions continue after a deletion, so that no entity tag is used twice. */
export const lastVersionOf = ({ kind }: JournaledResource, id: string) => `coalesce(
      (select c.version from changes c where c.user_id = :userId and c.id = ${id} and c.kind = '${kind}' order by c.seq desc limit 1),
      (select floor from journals where user_id = :userId), 0)`;

/** Whether the user has no more resources than a maximum with so many more, where that is not null. */
export const isWithinQuota = ({ count }: JournaledResource, more = '1', max = ':max') =>
  `(${max}::int is null or coalesce((select ${count} from journals where user_id = :userId), 0) + ${more} <= ${max}::int)`;
