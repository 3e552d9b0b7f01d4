import { Modal } from '../modal';
import { useValue } from '../value';
import { letterShortcuts, setLetterShortcuts } from './shortcuts';

const KEYS = [
  ['Ctrl K', 'Search tasks and commands'],
  ['Ctrl Z', 'Undo'],
  ['Ctrl Shift Z', 'Redo'],
  ['n', 'New task'],
  ['/', 'Search'],
  ['j k ↓ ↑', 'Move between tasks'],
  ['x Space', 'Mark done / not done'],
  ['e', 'Edit'],
  ['d p l', 'Due date, priority, list'],
  ['u', 'Undo'],
  ['Delete', 'Delete task'],
  ['Alt ↑ ↓', 'Move up / down in a list'],
  ['Alt → ←', 'Make a sub-task / move out'],
  ['Ctrl Enter', 'Save changes'],
  ['Esc', 'Close'],
  ['?', 'Show shortcuts'],
] as const;

export function Help({ onClose }: { onClose: () => void }) {
  const isOn = useValue(letterShortcuts);
  return (
    <Modal title="Keyboard shortcuts" onClose={onClose}>
      <dl className="mt-4 grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
        {KEYS.map(([key, what]) => (
          <div key={key} className="contents">
            <dt>
              <kbd className="whitespace-nowrap rounded border border-edge bg-sunken px-2 py-0.5 font-sans text-sm">
                {key}
              </kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label className="mt-6 flex min-h-11 items-center gap-3">
        <input
          type="checkbox"
          className="size-5 accent-accent"
          checked={isOn}
          onChange={({ target }) => setLetterShortcuts(target.checked)}
        />
        Use single letters as shortcuts
      </label>
      <div className="mt-4 flex justify-end">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Modal>
  );
}
