import type { Revision } from '@taskward/api-core/contract';
import { ProblemError } from '@taskward/api-core/kit/client';
import { explain } from '../online/failure';
import type { Phrase } from '../online/phrase';
import { listPhrase, type Names, taskPhrase } from './names';

/** What stands in the way of an undo, after the name of the task or list. */
const REASONS: Readonly<Record<string, { readonly task: string; readonly list: string }>> = {
  changed: {
    task: ' was changed or deleted since. Undo the later changes first.',
    list: ' was changed or deleted since. Undo the later changes first.',
  },
  taken: { task: ' exists again already.', list: ' exists again already.' },
  purged: {
    task: ' was deleted forever, so its former contents are gone.',
    list: ' was deleted forever, so its former contents are gone.',
  },
  in_use: {
    task: ' has newer sub-tasks. Move or delete them first.',
    list: ' has newer tasks. Move or delete them first.',
  },
  parent_gone: {
    task: ' can’t go back to where it was: that task or list was deleted, moved, or is full.',
    list: ' can’t go back to where it was.',
  },
};

/**
 * Why a revision could not be undone: a sentence for each task and list that prevents it.
 *
 * @param names right after the revision.
 */
export function whyNotUndone(error: unknown, { entries }: Revision, names: Names): readonly Phrase[] {
  if (!(error instanceof ProblemError)) return [[explain(error)]];
  if (error.status === 404) return [['This change is too old to undo, or its details aren’t stored any more.']];
  if (error.status !== 409) return [[explain(error)]];
  if (error.errors.length === 0)
    return [['Undoing this would bring back more tasks or lists than one account can have.']];
  return error.errors.map(({ pointer, code, message }): Phrase => {
    const entry = entries[Number(pointer.split('/')[2])];
    const reason = entry && REASONS[code]?.[entry.type];
    if (!entry || !reason) return [message];
    const known: Names = { ...names, isComplete: false };
    return capitalize([...(entry.type === 'task' ? taskPhrase : listPhrase)(known, entry.id), reason]);
  });
}

function capitalize([first, ...rest]: Phrase): Phrase {
  return typeof first === 'string'
    ? [first.charAt(0).toUpperCase() + first.slice(1), ...rest]
    : [...(first ? [first] : []), ...rest];
}
