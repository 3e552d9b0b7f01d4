import { type JournaledResource, lastVersionOf } from '../kit/journal';
import { MAX_POSITION_LENGTH, NO_PLACE } from '../kit/position';
import * as lists from '../lists/images';
import { journaledList } from '../lists/writes';
import { imageColumns, imageRecord, journaled, taskImage } from '../tasks/columns';

/** The resources that undo puts back, and the SQL that writes them. */

interface Undoable extends JournaledResource {
  readonly table: string;
  /** A row as the journal keeps it, as JSON; what of it is written, as a record, and in terms of that, `image`. */
  readonly image: string;
  readonly imageRecord: string;
  readonly imageColumns: Readonly<Record<string, string>>;
  /** The fields that a diff has. */
  readonly diffFields: readonly string[];
  /** The parameter that has how many the user may have. */
  readonly max: string;
  /** The place of a row that is JSON. */
  readonly place: (row: string) => string;
  /** Whether a row, `t`, stands at the place of another one, `c`. */
  readonly isAtPlace: string;
  /** The column that stays null until its row is folded. */
  readonly unfolded?: string;
  /** The queries that write its tags. */
  readonly tags?: readonly string[];
}

const tags = [
  `removed_tags as (
    delete from task_tags using updated_tasks, lateral (
      select t.ctid as row_id from task_tags t
      where t.user_id = :userId and t.task_id = updated_tasks.id and t.tag <> all(updated_tasks.tags) offset 0
    ) target
    where task_tags.user_id = :userId and task_tags.ctid = target.row_id
  )`,
  `added_tags as (
    insert into task_tags (user_id, task_id, tag)
    select :userId::text, id, unnest(tags) from updated_tasks
    union all select :userId::text, id, unnest(tags) from wanted_tasks where not remained
    on conflict do nothing
  )`,
];

const undoables: readonly Undoable[] = [
  {
    ...journaledList,
    table: 'lists',
    image: lists.listImage,
    imageRecord: lists.imageRecord,
    imageColumns: lists.imageColumns,
    diffFields: Object.keys(lists.imageColumns),
    max: ':maxLists',
    place: () => NO_PLACE,
    isAtPlace: 'true',
  },
  {
    ...journaled,
    table: 'tasks',
    image: taskImage,
    imageRecord,
    imageColumns,
    diffFields: [...Object.keys(imageColumns), 'tags'],
    max: ':maxTasks',
    place: (row) => `coalesce((${row} ->> 'parent_id')::uuid, (${row} ->> 'list_id')::uuid, ${NO_PLACE})`,
    isAtPlace: 't.place = c.place',
    unfolded: 'description_key',
    tags,
  },
];

/** The keys of the texts that a diff has, which are plain where it does not have them. */
export function textKeysOf(diff: string): string {
  const plain = (key: string) => `'{"${key}": {"from": null, "to": null}}'`;
  return `case when ${diff} ? 'title' then ${plain('title_key')} else '{}' end::jsonb
        || case when ${diff} ? 'description' then ${plain('description_key')} else '{}' end::jsonb`;
}

const textOf = (name: string) => `replace(${name}, '_key', '')`;

/**
 * The queries that write what `plan` has of a resource, with the entries `changed_…`. None joins two of the others: without
 * knowing how many rows they have, PostgreSQL would compare each of ten thousand with each.
 */
function writesOf({ kind, count, table, ...resource }: Undoable): string[] {
  const { diffFields, imageRecord, imageColumns, isAtPlace, place, tags = [], unfolded } = resource;
  const assignments = Object.entries(imageColumns).map(([column, value]) =>
    column === unfolded
      ? `${column} = case when ${table}.${column} is not null then ${value} end`
      : `${column} = ${value}`,
  );
  // By the key to the row, one after the other: with a join by the key itself, PostgreSQL may compare each with each.
  const rowOf = (row: string) => `lateral (
      select t.ctid as row_id from ${table} t where t.user_id = :userId and t.id = ${row}.id offset 0
    ) target`;
  const ofTable = `from ${table} t where t.user_id = :userId and ${isAtPlace}`;
  const coming = `from wished_${count} o where is_coming`;
  const isTaken = `exists (
        select ${ofTable} and t.position = c.position and t.id not in (select id ${coming})
          and t.id not in (select id from plan where kind = '${kind}' and not existed)
      )`;
  const nextPosition = `least(
        (select t.position ${ofTable} and t.position > c.position order by t.position limit 1),
        (select min(o.position) ${coming} and o.place = c.place and o.position > c.position)
      )`;
  const lastPosition = `greatest(
        (select t.position ${ofTable} order by t.position desc limit 1),
        (select max(o.position) ${coming} and o.place = c.place), '4999999999'
      )`;
  return [
    `wished_${count} as materialized (
    select *, row_number() over (partition by is_coming, place, position order by number) as rank,
      row_number() over (partition by is_coming, place order by number) as number_at_place
    from (
      select id, number, remained, present, wished, ${place('wished')} as place, (wished ->> 'position') collate "C" as position,
        not remained or (wished -> 'position', ${place('wished')}) is distinct from (present -> 'position', ${place('present')})
          as is_coming
      from (
        select id, number, remained, present, coalesce(present, '{}') || coalesce(target, '{}') as wished
        from plan where kind = '${kind}' and existed and exists (select from allowed)
      ) wished
    ) wished
  )`,
    // How those that shall exist differ from those that do. Where another one has the position of one that comes, it comes right
    // after that; else it would be as long as the neighbours', last.
    `wanted_${count} as materialized (
    select id, number, remained, case when not remained then ${lastVersionOf({ kind, count }, 'wanted.id')} + 1 end as next_version, case when remained then (
      select json_object_agg(name, json_build_object('from', present -> name, 'to', wished -> name))
      from unnest('{${diffFields}}'::text[]) as name
      where present -> ${textOf('name')} is distinct from wished -> ${textOf('name')}
        and (name = ${textOf('name')} or jsonb_build_array(present -> name, wished -> name) <> '[null, null]')
    ) end as diff, image.*
    from (
      select id, number, remained, present, case when is_coming then wished || jsonb_build_object('position', case
          when position is not null and rank = 1 and not is_taken then position
          when rank = 1 and length(between_both) <= ${MAX_POSITION_LENGTH} then between_both
          else (left(${lastPosition}, 10)::bigint + number_at_place)::text
        end) else wished end as wished
      from (
        select c.*, is_taken, case when is_taken and rank = 1 then key_between(position, ${nextPosition}) end as between_both
        from wished_${count} c, lateral (select is_coming and ${isTaken} as is_taken) taken
      ) c
    ) wanted, jsonb_to_record(wished) as image (
      ${imageRecord}
    )
  )`,
    `removed_${count} as (
    delete from ${table} using plan, ${rowOf('plan')}
    where ${table}.user_id = :userId and ${table}.ctid = target.row_id and kind = '${kind}' and not existed
      and exists (select from allowed)
    returning plan.number, ${table}.id, plan.version, plan.image
  )`,
    `updated_${count} as (
    update ${table} set ${assignments.join(', ')}, version = ${table}.version + 1, updated_at = now()
    from wanted_${count} image, ${rowOf('image')}
    where ${table}.user_id = :userId and ${table}.ctid = target.row_id and remained and diff is not null
    returning image.number, ${table}.id, ${table}.version, diff${tags.length > 0 ? ', image.tags' : ''}
  )`,
    `inserted_${count} as (
    insert into ${table} (user_id, id, ${Object.keys(imageColumns)}, version)
    select :userId::text, id, ${Object.values(imageColumns)}, next_version from wanted_${count} image where not remained
  )`,
    ...tags,
    `changed_${count} as (
    select number, '${kind}' as kind, id, 'deleted' as operation, version, image as diff from removed_${count}
    union all select number, '${kind}', id, 'updated', version, diff from updated_${count}
    union all select number, '${kind}', id, 'restored', next_version, null from wanted_${count} where not remained
  )`,
  ];
}

export const resources = undoables.map((resource) => ({ ...resource, writes: writesOf(resource) }));
