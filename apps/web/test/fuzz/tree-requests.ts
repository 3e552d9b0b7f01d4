import { Refused, type Tree } from './tree';
import { apply, type Write } from './tree-model';
import { type SingleStep, type Step, toWrite } from './tree-steps';
import { type Made, undo } from './tree-undo';

/** Steps as requests, with what the model predicts of their responses. */

interface State {
  readonly tree: Tree;
  readonly revisions: readonly { readonly revision: number; readonly made: Made }[];
}

/** What is predicted: a tree, or a refusal with its pointers and codes where these are determined. */
interface Predicted {
  readonly status: number;
  readonly tree?: Tree;
  readonly errors?: readonly string[];
  readonly versions?: readonly (number | null)[];
}

interface TreeRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** @param id of the resource in the response. */
  readonly predict: (id: string) => Predicted;
}

export function toRequest(step: Step, state: State): TreeRequest {
  if (step.op === 'undo') {
    const { made, revision = 0 } = state.revisions.at(-1 - (step.n % (state.revisions.length || 1))) ?? {};
    const predict = () => (made ? attempt(state.tree, 200, (tree) => undo(tree, made)) : { status: 404 });
    return { method: 'POST', path: `/revisions/${revision}/undo`, predict };
  }
  if (step.op === 'batch') return toBatch(step.steps, state.tree);
  const write = toWrite(step, state.tree);
  const { status, ...request } = toSingle(write, state.tree);
  const predict = (id: string) => {
    const named =
      write.op === 'createTask'
        ? { ...write, task_id: id }
        : write.op === 'createList'
          ? { ...write, list_id: id }
          : write;
    const versions: (number | null)[] = [];
    const predicted = attempt(state.tree, status, (tree) => versions.push(apply(tree, named)), POINTERS);
    return predicted.tree && status !== 204 ? { ...predicted, versions } : predicted;
  };
  return { ...request, predict };
}

const POINTERS: Record<string, string> = { no_list: '/list_id', other_list: '/list_id', no_sibling: '/after' };

function attempt(
  before: Tree,
  status: number,
  write: (tree: Tree) => void,
  pointers?: Record<string, string>,
): Predicted {
  const tree = before.copy();
  try {
    write(tree);
    return { status, tree };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { codes, status } = error;
    if (codes.length === 0) return { status };
    return { status, errors: pointers ? codes.map((code) => `${pointers[code] ?? '/parent_id'} ${code}`) : codes };
  }
}

const PROBLEMS: Record<number, string> = { 404: 'not_found', 412: 'precondition_failed' };

function toBatch(steps: readonly SingleStep[], before: Tree): TreeRequest {
  const tree = before.copy();
  const versions: (number | null)[] = [];
  const operations: Write[] = [];
  let refused: Predicted | undefined;
  for (const [i, step] of steps.entries()) {
    const write = toWrite(step, tree);
    operations.push(write);
    if (refused) continue;
    try {
      versions.push(apply(tree, write));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const codes = error.codes.length > 0 ? error.codes : [PROBLEMS[error.status]];
      refused = { status: error.status, errors: codes.map((code) => `/operations/${i} ${code}`) };
    }
  }
  return {
    method: 'POST',
    path: '/batch',
    body: { operations },
    predict: () => refused ?? { status: 200, tree, versions },
  };
}

const METHODS = {
  ...{
    createTask: 'POST',
    replaceTask: 'PUT',
    updateTask: 'PATCH',
    completeTask: 'PATCH',
    moveTask: 'PATCH',
    deleteTask: 'DELETE',
  },
  ...{
    createList: 'POST',
    replaceList: 'PUT',
    updateList: 'PATCH',
    moveList: 'PATCH',
    deleteList: 'DELETE',
    restoreTask: 'POST',
  },
} as const;

/** A write as a request by itself, and the status of its success. */
function toSingle(write: Write, { lists, tasks }: Tree) {
  const { if_match, if_none_match, op } = write;
  const headers: Record<string, string> = {};
  if (if_match !== undefined) headers['If-Match'] = if_match === '*' ? '*' : `"${if_match}"`;
  if (if_none_match !== undefined) headers['If-None-Match'] = if_none_match === '*' ? '*' : `"${if_none_match}"`;
  const id = 'task_id' in write ? write.task_id : write.list_id;
  const isCreated = METHODS[op] === 'POST' || (METHODS[op] === 'PUT' && !tasks.has(id) && !lists.has(id));
  const end = op.startsWith('move')
    ? '/move'
    : op === 'completeTask'
      ? '/complete'
      : op === 'restoreTask'
        ? '/restore'
        : '';
  const query = op === 'deleteList' && write.body ? `?tasks=${write.body.tasks}` : '';
  const collection = op === 'restoreTask' ? 'trash' : op.endsWith('List') ? 'lists' : 'tasks';
  const path = `/${collection}${op.startsWith('create') ? '' : `/${id}`}${end}${query}`;
  const hasBody = 'body' in write && op !== 'deleteList';
  const status = METHODS[op] === 'DELETE' ? 204 : isCreated ? 201 : 200;
  return { method: METHODS[op], path, headers, ...(hasBody && { body: write.body }), status };
}
