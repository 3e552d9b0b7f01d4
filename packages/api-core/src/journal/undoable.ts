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
  /** The place of a row that shall exist, which is JSON. */
  readonly place: string;
  /** Whether a row, `t`, stands at the place of another one, `c`. */
  readonly isAtPlace: string;
  /** The column that stays null until its row is folded. */
  readonly unfolded?: string;
  /** The queries that write its tags. */
  readonly tags?: readonly string[];
}

const tags = [
  `removed_tags as (
    delete from task_tags t using updated_tasks, wanted_tasks wanted
    where t.user_id = :userId and t.task_id = updated_tasks.id and wanted.id = updated_tasks.id and t.tag <> all(wanted.tags)
  )`,
  `added_tags as (
    insert into task_tags (user_id, task_id, tag) select :userId::text, id, unnest(tags) from wanted_tasks
    where id in (select id from updated_tasks union all select id from inserted_tasks)
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
    place: NO_PLACE,
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
    place: `coalesce((wished ->> 'parent_id')::uuid, (wished ->> 'list_id')::uuid, ${NO_PLACE})`,
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

/** The queries that write what `plan` has of a resource, with the entries `changed_…`. */
function writesOf({ kind, count, table, ...resource }: Undoable): string[] {
  const { diffFields, imageRecord, imageColumns, isAtPlace, place, tags = [], unfolded } = resource;
  const assignments = Object.entries(imageColumns).map(([column, value]) =>
    column === unfolded
      ? `${column} = case when ${table}.${column} is not null then ${value} end`
      : `${column} = ${value}`,
  );
  const isTaken = `exists (
        select from ${table} t where t.user_id = :userId and ${isAtPlace} and t.position = c.position
          and t.id not in (select id from coming_${count}) and t.id not in (select id from plan where kind = '${kind}' and not existed)
      )`;
  const nextPosition = `least(
        (select t.position from ${table} t where t.user_id = :userId and ${isAtPlace} and t.position > c.position
          order by t.position limit 1),
        (select min(o.position) from coming_${count} o where o.place = c.place and o.position > c.position)
      )`;
  const lastPosition = `greatest(
        (select t.position from ${table} t where t.user_id = :userId and ${isAtPlace} order by t.position desc limit 1),
        (select max(o.position) from coming_${count} o where o.place = c.place), '4999999999'
      )`;
  return [
    `wished_${count} as materialized (
    select id, number, remained, present, wished, ${place} as place, wished ->> 'position' as position
    from (
      select id, number, remained, present, coalesce(present, '{}') || coalesce(target, '{}') as wished
      from plan where kind = '${kind}' and existed and exists (select from allowed)
    ) wished
  )`,
    `coming_${count} as materialized (
    select id, place, position collate "C" as position, row_number() over (partition by place, position order by number) as rank,
      row_number() over (partition by place order by number) as number
    from wished_${count}
    where not remained or (wished -> 'position', place) is distinct from (present -> 'position', ${place.replaceAll('wished', 'present')})
  )`,
    // Where another one has its position now, it comes right after that; else it would be as long as the neighbours', last.
    `placed_${count} as materialized (
    select id, case
        when position is not null and rank = 1 and not is_taken then position
        when rank = 1 and length(between_both) <= ${MAX_POSITION_LENGTH} then between_both
        else (left(${lastPosition}, 10)::bigint + number)::text
      end as position
    from (
      select c.*, is_taken, case when is_taken and rank = 1 then key_between(position, ${nextPosition}) end as between_both
      from coming_${count} c, lateral (select ${isTaken} as is_taken) taken
    ) c
  )`,
    // How those that shall exist differ from those that do.
    `wanted_${count} as materialized (
    select id, number, remained, (
      select json_object_agg(name, json_build_object('from', present -> name, 'to', wished -> name))
      from unnest('{${diffFields}}'::text[]) as name
      where present -> ${textOf('name')} is distinct from wished -> ${textOf('name')}
        and (name = ${textOf('name')} or jsonb_build_array(present -> name, wished -> name) <> '[null, null]')
    ) as diff, image.*
    from (
      select w.id, w.number, w.remained, w.present,
        w.wished || case when p.id is null then '{}' else jsonb_build_object('position', p.position) end as wished
      from wished_${count} w left join placed_${count} p on p.id = w.id
    ) wanted, jsonb_to_record(wished) as image (
      ${imageRecord}
    )
  )`,
    `removed_${count} as (
    delete from ${table} using plan where ${table}.user_id = :userId and ${table}.id = plan.id and kind = '${kind}' and not existed
      and exists (select from allowed)
    returning ${table}.id
  )`,
    `updated_${count} as (
    update ${table} set ${assignments.join(', ')}, version = ${table}.version + 1, updated_at = now()
    from wanted_${count} image where ${table}.user_id = :userId and ${table}.id = image.id and remained and diff is not null
    returning ${table}.id, ${table}.version
  )`,
    `inserted_${count} as (
    insert into ${table} (user_id, id, ${Object.keys(imageColumns)}, version)
    select :userId::text, id, ${Object.values(imageColumns)}, ${lastVersionOf({ kind, count }, 'image.id')} + 1
    from wanted_${count} image where not remained
    returning id, version
  )`,
    ...tags,
    `changed_${count} as (
    select '${kind}' as kind, number, id, 'deleted' as operation, version, image as diff
    from removed_${count} join plan using (id) where kind = '${kind}'
    union all select '${kind}', number, id, 'updated', updated_${count}.version, diff from updated_${count} join wanted_${count} using (id)
    union all select '${kind}', number, id, 'restored', inserted_${count}.version, null from inserted_${count} join wanted_${count} using (id)
  )`,
  ];
}

export const resources = undoables.map((resource) => ({ ...resource, writes: writesOf(resource) }));
