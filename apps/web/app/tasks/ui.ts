import { Value } from '../value';

export type MenuSection = 'due' | 'priority' | 'list';
export type DialogName = 'help' | 'palette' | 'sidebar' | 'new-list' | 'edit-list';

/** What is open on the page. */
export class Ui {
  /** The id of the task in the editor. */
  readonly edited = new Value<string | undefined>(undefined);
  /** The task whose menu is open, and the section that has the focus. */
  readonly menu = new Value<{ readonly id: string; readonly section: MenuSection } | undefined>(undefined);
  readonly dialog = new Value<DialogName | undefined>(undefined);
  /** The id of the row that the keyboard is at. */
  readonly focused = new Value<string | undefined>(undefined);
  /** The id of the task below which the next task is added. */
  readonly parent = new Value<string | undefined>(undefined);

  readonly edit = (id: string | undefined): void => this.edited.set(id);
}
