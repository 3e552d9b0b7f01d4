import type { Diff } from '@taskward/api-core/contract';
import type { Phrase } from '../online/phrase';
import { listPhrase, type Names, taskPhrase } from './names';
import type { Net } from './net';
import { type Difference, differencesOf, FIELDS, type Field, inWords } from './values';

/** What was done to one task or list, as parts of a sentence: verb, then the task, then `from` and `to`. */
export interface Act {
  readonly verb: Phrase;
  readonly from?: Phrase;
  readonly to?: Phrase;
}

/** @param names as they were right after the change. */
export function actOf(net: Net, names: Names): Act {
  switch (net.op) {
    case 'created':
      return { verb: ['Created'], to: placeOf(net, names) };
    case 'restored':
      return { verb: ['Restored'] };
    case 'deleted':
      return { verb: ['Deleted'] };
    case 'updated':
      return net.diff ? update(net.diff, names) : { verb: ['Changed'] };
  }
}

function placeOf({ type, id }: Net, names: Names): Phrase {
  const { parent_id: parent, list_id: list } = (type === 'task' && names.tasks.get(id)) || {};
  if (parent) return [' under ', ...taskPhrase(names, parent)];
  return list ? [' in ', ...listPhrase(names, list)] : [];
}

function update(diff: Diff, names: Names): Act {
  const differences = differencesOf(diff);
  const [first] = differences;
  if (!first) return { verb: ['Changed the position of'] };
  if (differences.every(([field]) => field === 'list_id' || field === 'parent_id')) return move(diff, names);
  if (differences.length === 1) return changeOf(first[0], first[1], names);
  const fields = differences.map(([field]) => FIELDS[field]);
  return { verb: [`Changed ${new Intl.ListFormat('en-GB').format(fields)} of`] };
}

function move({ list_id: list, parent_id: parent }: Diff, names: Names): Act {
  if (parent?.to) return { verb: ['Moved'], to: [' under ', ...taskPhrase(names, parent.to)] };
  if (list) {
    const place = (id: string | null): Phrase => (id === null ? ['the inbox'] : listPhrase(names, id));
    return { verb: ['Moved'], from: [' from ', ...place(list.from)], to: [' to ', ...place(list.to)] };
  }
  return { verb: ['Moved'], from: parent?.from ? [' out of ', ...taskPhrase(names, parent.from)] : [] };
}

function changeOf(field: Field, difference: Difference, names: Names): Act {
  const special = SPECIAL[field]?.(difference);
  if (special) return special;
  const what = `the ${FIELDS[field]} of`;
  const [from, to] = [inWords(field, difference.from, names), inWords(field, difference.to, names)];
  if (isNone(difference.to)) return { verb: [`Removed ${what}`], from: [' (', ...from, ')'] };
  const end: Phrase = [' to ', ...to];
  if (isNone(difference.from)) return { verb: [`Set ${what}`], to: end };
  return { verb: [`Changed ${what}`], from: [' from ', ...from], to: end };
}

const isNone = (value: unknown) => value === null || value === 'none';

/** @param difference of the field `tags`. */
export function changedTags({ from, to }: Difference): { added: string[]; removed: string[] } {
  const [before, after] = [from as string[], to as string[]];
  return {
    added: after.filter((tag) => !before.includes(tag)),
    removed: before.filter((tag) => !after.includes(tag)),
  };
}

/** Changes that have a word of their own. The values have the types of their field. */
const SPECIAL: Partial<Record<Field, (difference: Difference) => Act | undefined>> = {
  title: ({ to }) => ({ verb: ['Renamed'], to: [' to ', { name: to as string }] }),
  name: ({ to }) => ({ verb: ['Renamed'], to: [' to ', { name: to as string }] }),
  status({ from, to }) {
    if (to === 'done') return { verb: ['Completed'] };
    if (from === 'done') return { verb: ['Reopened'] };
    return to === 'in_progress' ? { verb: ['Started'] } : undefined;
  },
  description({ from, to }) {
    if (from === null) return { verb: ['Added a description to'] };
    return { verb: [`${to === null ? 'Removed' : 'Edited'} the description of`] };
  },
  tags(difference) {
    const { added, removed } = changedTags(difference);
    const [tag] = [...added, ...removed];
    if (tag === undefined || added.length + removed.length > 1) return { verb: ['Changed the tags of'] };
    if (added.length > 0) return { verb: ['Tagged'], to: [' with ', { tag }] };
    return { verb: ['Removed ', { tag }, ' from'] };
  },
};
