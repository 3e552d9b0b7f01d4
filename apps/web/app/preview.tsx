import type { ReactNode } from 'react';

interface PreviewTask {
  readonly title: string;
  readonly isDone?: boolean;
  readonly due?: string;
  readonly isOverdue?: boolean;
  readonly isHigh?: boolean;
  readonly tag?: string;
}

const GROUPS: readonly { readonly title: string; readonly tasks: readonly PreviewTask[] }[] = [
  { title: 'Overdue', tasks: [{ title: 'Renew the passport', due: 'Yesterday', isOverdue: true, tag: 'home' }] },
  {
    title: 'Today',
    tasks: [
      { title: 'Send the quarterly report', isHigh: true, tag: 'work' },
      { title: 'Water the plants', tag: 'garden' },
      { title: 'Buy oat milk', isDone: true },
    ],
  },
];

/** A picture of the task list, in HTML: it has both themes and is sharp at every size. */
export function Preview() {
  return (
    <div aria-hidden="true" className="select-none">
      <div className="card overflow-hidden rounded-2xl shadow-raised">
        <div className="flex gap-1 border-line border-b px-4 pt-3 text-sm">
          <Tab isCurrent>Today</Tab>
          <Tab>Upcoming</Tab>
          <Tab>All</Tab>
        </div>
        <div className="p-4 sm:p-5">
          <QuickAdd />
          {GROUPS.map(({ title, tasks }) => (
            <div key={title} className="mt-5">
              <div className="mb-1 font-semibold text-muted text-xs uppercase tracking-wider">{title}</div>
              <div className="divide-y divide-line">
                {tasks.map((task) => (
                  <Row key={task.title} {...task} />
                ))}
              </div>
            </div>
          ))}
        </div>
      </div>
      <div className="relative mx-auto -mt-5 flex w-fit items-center gap-2 rounded-full bg-ink px-4 py-2.5 text-canvas text-sm shadow-raised">
        <span className="size-2 rounded-full bg-current" />
        Completed “Buy oat milk” · <span className="underline underline-offset-4">Undo</span>
      </div>
    </div>
  );
}

function Tab({ isCurrent = false, children }: { isCurrent?: boolean; children: ReactNode }) {
  const look = isCurrent ? 'border-accent font-medium text-ink' : 'border-transparent text-muted';
  return <div className={`-mb-px border-b-2 px-2 pb-2.5 ${look}`}>{children}</div>;
}

/** The field for a new task, with what is typed and how it is read. */
function QuickAdd() {
  return (
    <div className="rounded-xl border-2 border-accent px-3.5 py-3">
      <div>
        Book the dentist <Mark>friday</Mark> <Mark>!high</Mark> <Mark>#health</Mark>
        <span className="ml-0.5 inline-block h-[1.1em] w-0.5 translate-y-0.5 bg-accent" />
      </div>
    </div>
  );
}

function Mark({ children }: { children: ReactNode }) {
  return <span className="rounded bg-accent-soft px-1 py-0.5 text-accent">{children}</span>;
}

function Row({ title, isDone = false, isHigh = false, isOverdue = false, due, tag }: PreviewTask) {
  return (
    <div className="flex gap-3 py-2.5">
      <Checkbox isChecked={isDone} />
      <div className="min-w-0">
        <div className={isDone ? 'text-muted line-through' : ''}>{title}</div>
        {(due || isHigh || tag) && (
          <div className="mt-0.5 flex flex-wrap gap-x-3 text-muted text-sm">
            {due && <span className={isOverdue ? 'font-medium text-danger' : ''}>{due}</span>}
            {isHigh && <span className="font-medium text-danger">High priority</span>}
            {tag && <span>#{tag}</span>}
          </div>
        )}
      </div>
    </div>
  );
}

function Checkbox({ isChecked }: { isChecked: boolean }) {
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true" className="mt-0.5 size-5 shrink-0">
      <rect
        x="1"
        y="1"
        width="18"
        height="18"
        rx="5"
        strokeWidth="1.5"
        className={isChecked ? 'fill-accent stroke-accent' : 'fill-surface stroke-edge'}
      />
      {isChecked && <path d="m6 10.5 3 3 5.5-6.5" fill="none" strokeWidth="2" className="stroke-on-accent" />}
    </svg>
  );
}
