import { Modal } from '../modal';

const KEYS = [
  ['n', 'Write a new task'],
  ['/', 'Search'],
  ['↑ ↓', 'Go from task to task'],
  ['Space', 'Done, or not done'],
  ['e', 'Edit the task'],
  ['Delete', 'Delete the task'],
  ['u', 'Undo the last delete'],
  ['Ctrl Enter', 'Save what is being edited'],
  ['Esc', 'Leave the editor or a dialog'],
  ['?', 'This help'],
] as const;

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Modal title="Keyboard" onClose={onClose}>
      <dl className="mt-4 grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
        {KEYS.map(([key, what]) => (
          <div key={key} className="contents">
            <dt>
              <kbd className="rounded border border-edge bg-sunken px-2 py-0.5 font-sans text-sm">{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div className="mt-6 flex justify-end">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Modal>
  );
}
