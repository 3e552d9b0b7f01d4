import { DELIMITER, fold, matchAt } from './match';
import type { QuickAddContext } from './types';

type Lists = QuickAddContext['lists'];

const delimiter = new RegExp(DELIMITER, 'y');

/** The lists that a folded text may name, with folded names, the longest first; with hyphens for spaces, too. */
export function foldLists(lists: Lists, text: string): Lists {
  return lists
    .flatMap(({ id, name }) => {
      const folded = fold(name).trim();
      return [folded, folded.replaceAll(' ', '-')].map((one) => ({ id, name: one }));
    })
    .filter(({ name }) => name !== '' && text.includes(`/${name}`))
    .sort((one, other) => other.name.length - one.name.length);
}

/** The list with the longest name that begins at an index of folded text. */
export function findList(text: string, at: number, lists: Lists) {
  const list = lists.find(({ name }) => text.startsWith(name, at) && matchAt(delimiter, text, at + name.length));
  return list && { value: list.id, end: at + list.name.length };
}
