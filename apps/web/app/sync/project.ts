import { applyOperations, Edit } from './apply';
import type { Change } from './changes';
import type { View } from './view';

/**
 * The copy with the changes applied.
 *
 * @param changes in their order; those that were refused are not shown.
 */
export function project(copy: View, changes: readonly Change[], userId: string): View {
  const edit = new Edit(copy, userId);
  for (const change of changes) {
    if (change.state === 'refused') continue;
    if (change.restores) edit.restore(change.restores);
    else applyOperations(edit, change);
    for (const { id, version } of change.results ?? []) if (version !== null) edit.setVersion(id, version);
  }
  return edit.view();
}
