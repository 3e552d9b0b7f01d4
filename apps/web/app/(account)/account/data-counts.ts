export interface Counts {
  readonly lists: number;
  readonly tasks: number;
}

/** "3 lists and 1 task": without what there is none of. */
export function countsOf({ lists, tasks }: Counts): string {
  const parts = [lists > 0 && counted(lists, 'list'), tasks > 0 && counted(tasks, 'task')].filter(
    (part) => part !== false,
  );
  return parts.length > 0 ? parts.join(' and ') : 'no tasks';
}

function counted(number: number, noun: string): string {
  return `${new Intl.NumberFormat().format(number)} ${noun}${number === 1 ? '' : 's'}`;
}
