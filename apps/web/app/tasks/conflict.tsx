import type { Task } from '@taskward/api-core/contract';
import { Modal } from '../modal';
import type { Change } from './changes';
import { FIELDS, type Field, inWords, isSame } from './labels';

/** A change that was refused because the task has moved on since the person saw it. */
export interface Conflict {
  readonly change: Extract<Change, { kind: 'update' | 'delete' }>;
  readonly current: Task;
}

/** The fields at stake: those the person changed, and those that somebody else did. */
export function fieldsAtStake({ change, current }: Conflict): Field[] {
  const mine = change.kind === 'update' ? change.patch : {};
  const isAtStake = (field: Field) =>
    field in mine ? !isSame(mine[field], current[field]) : !isSame(change.task[field], current[field]);
  return (Object.keys(FIELDS) as Field[]).filter(isAtStake);
}

export function ConflictDialog(props: { conflict: Conflict; onMine: () => void; onTheirs: () => void }) {
  const { conflict, onMine, onTheirs } = props;
  const { change, current } = conflict;
  const isDelete = change.kind === 'delete';
  return (
    <Modal title="This task was changed elsewhere" onClose={onTheirs}>
      <p className="mt-2 text-muted">
        {isDelete ? `You deleted “${change.task.title}”, but meanwhile` : 'While you were editing it,'} another tab or
        device saved a change. Nothing is overwritten until you choose.
      </p>
      <table className="mt-4 w-full text-left text-sm">
        <thead className="text-muted">
          <tr>
            <th scope="col" className="py-1.5 pr-3 font-medium">
              Field
            </th>
            <th scope="col" className="py-1.5 pr-3 font-medium">
              {isDelete ? 'You saw' : 'Yours'}
            </th>
            <th scope="col" className="py-1.5 font-medium">
              Saved elsewhere
            </th>
          </tr>
        </thead>
        <tbody>
          {fieldsAtStake(conflict).map((field) => (
            <tr key={field} className="border-line border-t align-top">
              <th scope="row" className="py-2 pr-3 font-medium">
                {FIELDS[field]}
              </th>
              <td className="whitespace-pre-line break-words py-2 pr-3">
                {inWords(field, mineOf(conflict, field))}
                {!isDelete && !(field in change.patch) && <span className="text-muted"> (not touched)</span>}
              </td>
              <td className="whitespace-pre-line break-words py-2">{inWords(field, current[field])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="mt-6 flex flex-wrap justify-end gap-3">
        <button type="button" className="button" onClick={onTheirs}>
          {isDelete ? 'Keep the task' : 'Keep theirs'}
        </button>
        <button type="button" className={`button ${isDelete ? 'button-danger' : 'button-primary'}`} onClick={onMine}>
          {isDelete ? 'Delete anyway' : 'Save mine'}
        </button>
      </div>
    </Modal>
  );
}

function mineOf({ change }: Conflict, field: Field): Task[Field] {
  const mine = change.kind === 'update' ? change.patch[field] : undefined;
  return mine === undefined ? change.task[field] : mine;
}
