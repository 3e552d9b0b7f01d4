import type { Phrase } from '../online/phrase';
import type { Names } from './names';
import type { Net } from './net';

/** The lists, and the tasks that are not below another one of these. */
export function rootsOf(nets: readonly Net[], { tasks }: Names): Net[] {
  const ids = new Set(nets.filter(({ type }) => type === 'task').map(({ id }) => id));
  return nets.filter(({ type, id }) => {
    const parent = type === 'task' ? tasks.get(id)?.parent_id : undefined;
    return !parent || !ids.has(parent);
  });
}

export function subjectOf({ type, id, op, diff }: Net, names: Names): Phrase {
  const name = type === 'task' ? (names.tasks.get(id)?.title ?? diff?.title?.to) : names.lists.get(id);
  // “Deleted a deleted task” would say it twice.
  if (name === undefined) return [op !== 'deleted' && names.isComplete ? `a since-deleted ${type}` : `a ${type}`];
  return type === 'task' ? [{ name }] : ['list ', { name }];
}

/** Several, which are all tasks or all lists. */
export function subjectsOf(nets: readonly Net[], names: Names): Phrase {
  const roots = rootsOf(nets, names);
  const [first, second] = roots;
  if (!first) return [];
  const subject = subjectOf(first, names);
  if (nets.length === 1) return subject;
  if (roots.length === 1) return [...subject, ` and ${count(nets.length - 1, 'sub-task')}`];
  if (nets.length === 2 && second) return [...subject, ' and ', ...subjectOf(second, names)];
  return [...subject, ` and ${count(nets.length - 1, `other ${first.type}`)}`];
}

export function count(number: number, noun: string): string {
  return `${new Intl.NumberFormat().format(number)} ${noun}${number === 1 ? '' : 's'}`;
}
