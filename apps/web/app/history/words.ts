import type { Diff, Revision } from '@taskward/api-core/contract';
import type { Phrase } from '../online/phrase';
import { type Act, actOf } from './acts';
import type { KnownTask, Names } from './names';
import { type Net, netOf } from './net';
import { count, rootsOf, subjectOf, subjectsOf } from './subjects';

/** A revision in words. */
export interface Story {
  readonly revision: Revision;
  readonly headline: Phrase;
  readonly nets: readonly Net[];
  /** As they were right after the revision. */
  readonly names: Names;
}

/**
 * Revisions in words, each with the names of its time.
 *
 * @param revisions all of them up to some moment, newest first.
 * @param current the names of now.
 */
export function tell(revisions: readonly Revision[], current: Names): Story[] {
  let names = current;
  return revisions.map((revision) => {
    const nets = netOf(revision.entries);
    const story = { revision, nets, names, headline: headlineOf(nets, names) };
    names = before(names, nets);
    return story;
  });
}

/** The names before a revision, from those after it. */
function before(names: Names, nets: readonly Net[]): Names {
  const renamed = nets.filter(
    ({ diff }) => diff && ['title', 'name', 'parent_id', 'list_id'].some((field) => field in diff),
  );
  if (renamed.length === 0) return names;
  const [tasks, lists] = [new Map(names.tasks), new Map(names.lists)];
  for (const { type, id, diff } of renamed) {
    if (type === 'task') tasks.set(id, { ...tasks.get(id), ...formerly(diff ?? {}) });
    else if (diff?.name) lists.set(id, diff.name.from);
  }
  return { ...names, tasks, lists };
}

function formerly({ title, parent_id, list_id }: Diff): KnownTask {
  return {
    ...(title && { title: title.from }),
    ...(parent_id && { parent_id: parent_id.from }),
    ...(list_id && { list_id: list_id.from }),
  };
}

function headlineOf(all: readonly Net[], names: Names): Phrase {
  const isOrder = ({ op, diff }: Net) => op === 'updated' && diff !== null && Object.keys(diff).length === 0;
  const others = all.filter((net) => !isOrder(net));
  if (all.length === 0) return ['Made changes that cancel each other out'];
  if (others.length === 0 && all.length > 1)
    return [`Changed the order of ${count(all.length, all[0]?.type ?? 'task')}`];
  const nets = others.length > 0 ? others : all;
  return ofList(nets, names) ?? ofOneAct(nets, names) ?? summary(nets, names);
}

/** A list with its tasks. */
function ofList(nets: readonly Net[], names: Names): Phrase | undefined {
  const [list, ...others] = nets.filter(({ type }) => type === 'list');
  const tasks = nets.filter(({ type }) => type === 'task');
  if (!list || others.length > 0 || tasks.length === 0 || list.op === 'updated') return undefined;
  const subject = subjectOf(list, names);
  const verb = VERBS[list.op];
  const isIn = ({ id }: Net) => (names.tasks.get(id)?.list_id ?? list.id) === list.id;
  if (tasks.every((net) => net.op === list.op && isIn(net)))
    return [`${verb} `, ...subject, ` with ${count(tasks.length, 'task')}`];
  if (list.op === 'deleted' && tasks.every(({ diff }) => diff?.list_id?.from === list.id && diff.list_id.to === null)) {
    return [`${verb} `, ...subject, ` and moved ${count(tasks.length, 'task')} to the inbox`];
  }
  if (tasks.every(({ diff }) => diff?.list_id?.to === list.id)) {
    return [`${verb} `, ...subject, ` and moved ${count(tasks.length, 'task')} back to it`];
  }
  return undefined;
}

/** The same that was done to all, or to the tasks that the others are below. */
function ofOneAct(nets: readonly Net[], names: Names): Phrase | undefined {
  const roots = rootsOf(nets, names);
  // The roots come first.
  const [first, ...acts] = [...new Set([...roots, ...nets])].map((net) => actOf(net, names));
  const [one] = roots;
  if (!first || !one) return undefined;
  if (acts.length === 0) return sentenceOf(one, names);
  const hasVerb = ({ verb }: Act) => JSON.stringify(verb) === JSON.stringify(first.verb);
  const hasEnd = ({ to }: Act) => JSON.stringify(to) === JSON.stringify(first.to);
  if (!acts.every(hasVerb) || nets.some(({ type }) => type !== one.type)) return undefined;
  const to = acts.slice(0, roots.length - 1).every(hasEnd) ? (first.to ?? []) : [];
  return [...first.verb, ' ', ...subjectsOf(nets, names), ...to];
}

/** What was done to one task or list. */
export function sentenceOf(net: Net, names: Names): Phrase {
  const { verb, from = [], to = [] } = actOf(net, names);
  // Of a new name, the sentence has both.
  const subject = subjectOf(net, isRename(net) ? before(names, [net]) : names);
  return [...verb, ' ', ...subject, ...from, ...to, ...(isPurged(net) ? [PURGED] : [])];
}

const isRename = ({ diff }: Net) =>
  diff !== null && Object.keys(diff).every((field) => field === 'title' || field === 'name');
const isPurged = ({ op, diff }: Net) => op === 'updated' && diff === null;
const PURGED = ' (what exactly isn’t stored any more)';
const VERBS = { created: 'Created', restored: 'Restored', updated: 'Changed', deleted: 'Deleted' } as const;

/** Several things: how many of what. */
function summary(nets: readonly Net[], names: Names): Phrase {
  // The keys of VERBS are the operations.
  const parts = (Object.keys(VERBS) as Net['op'][]).flatMap((op): Phrase[] => {
    const [lists, tasks] = (['list', 'task'] as const).map((type) => {
      const some = nets.filter((net) => net.op === op && net.type === type);
      if (some.length === 0) return undefined;
      return rootsOf(some, names).length === 1 ? subjectsOf(some, names) : [count(some.length, type)];
    });
    const objects = lists && tasks ? [...lists, ' and ', ...tasks] : (lists ?? tasks);
    return objects ? [[VERBS[op], ' ', ...objects]] : [];
  });
  return parts.flatMap(([verb, ...rest], i) => {
    if (i === 0) return [verb ?? '', ...rest];
    return [i === parts.length - 1 ? ' and ' : ', ', String(verb).toLowerCase(), ...rest];
  });
}
