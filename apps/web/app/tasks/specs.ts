import { getTask, listChanges, runBatch, streamChanges, undoRevision } from '@taskward/api-core/contract';
import { toSpec } from '@taskward/api-core/kit/client';

/** The operations that the task page uses, as plain data. For server components: browsers need no schemas. */
export const SYNC_SPECS = [getTask, listChanges, runBatch, streamChanges, undoRevision].map(toSpec);
