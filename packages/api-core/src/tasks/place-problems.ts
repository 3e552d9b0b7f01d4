import { ApiError, type FieldError, validationError } from '../kit/errors';
import { toRefusal } from '../kit/refusal';
import { MAX_BELOW, MAX_LEVELS } from './contract';

/** Why a task cannot stand where a request puts it: the member that says so, and a message. */
const PLACE_ERRORS: Readonly<Record<string, { readonly pointer: string; readonly message: string }>> = {
  no_parent: { pointer: '/parent_id', message: 'There is no task with this id.' },
  no_list: { pointer: '/list_id', message: 'There is no list with this id.' },
  no_sibling: { pointer: '/after', message: 'There is no other task with this id at the new place.' },
  other_list: { pointer: '/list_id', message: 'A sub-task is in the list of its parent.' },
  cycle: { pointer: '/parent_id', message: 'A task cannot be below itself.' },
  too_deep: { pointer: '/parent_id', message: `At most ${MAX_LEVELS} levels are allowed, the top one included.` },
};

/** The codes of `checkPlace`, of the task and of what is below it, as one problem. */
export function placeProblem(codes: readonly string[]): ApiError {
  const errors = [...new Set(codes)].flatMap((code): FieldError[] => {
    const error = PLACE_ERRORS[code];
    return error ? [{ in: 'body', code, ...error }] : [];
  });
  if (errors.length > 0) return validationError(errors);
  return new ApiError('conflict', `At most ${MAX_BELOW} tasks are allowed below one.`);
}

/** @throws {ApiError} 422 or 409 where the place is refused. */
export async function placing<T>(write: Promise<T>): Promise<T> {
  return write.catch((error) => {
    const refusal = toRefusal(error);
    throw refusal ? placeProblem(refusal.reasons.map(({ code }) => code)) : error;
  });
}
