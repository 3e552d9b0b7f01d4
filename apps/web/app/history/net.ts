import type { Diff, Revision } from '@taskward/api-core/contract';
import { type Difference, differencesOf } from './values';

type Entry = Revision['entries'][number];

/** What a revision did to one task or list, all of its entries together. */
export interface Net {
  readonly type: Entry['type'];
  readonly id: string;
  readonly op: Entry['op'];
  /** Of an update: null where it is not stored any more, empty where only the order changed. */
  readonly diff: Diff | null;
}

/** The entries by task and list, in the order of their first ones. What was created and deleted again is left out. */
export function netOf(entries: readonly Entry[]): Net[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = `${entry.type} ${entry.id}`;
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  return [...groups.values()].flatMap(toNet);
}

function toNet(group: readonly Entry[]): Net[] {
  const [first, last] = [group[0], group.at(-1)];
  if (!first || !last) return [];
  const { type, id } = first;
  const existed = first.op === 'updated' || first.op === 'deleted';
  const remained = last.op !== 'deleted';
  if (!existed && !remained) return [];
  if (!existed) return [{ type, id, op: first.op, diff: null }];
  if (!remained) return [{ type, id, op: 'deleted', diff: null }];
  const isUpdate = group.every(({ op }) => op === 'updated');
  return [{ type, id, op: 'updated', diff: isUpdate ? mergeDiffs(group.map(({ diff }) => diff)) : null }];
}

function mergeDiffs(diffs: readonly (Diff | null)[]): Diff | null {
  const merged: Record<string, Difference> = {};
  for (const diff of diffs) {
    if (!diff) return null;
    for (const [field, { from, to }] of differencesOf(diff)) merged[field] = { from: merged[field]?.from ?? from, to };
  }
  const changed = Object.entries(merged).filter(([, { from, to }]) => JSON.stringify(from) !== JSON.stringify(to));
  // Each field has the type that it has in the diffs.
  return Object.fromEntries(changed) as Diff;
}
