'use client';

import type { OperationSpec } from '@taskward/api-core/kit/client';
import { useEffect, useState } from 'react';
import { connect } from '../../sync/api';
import { watchConnection } from '../../sync/connection';
import { Export } from './data-export';
import { Import } from './data-import';

/** Export and import of all tasks and lists of the user. */
export function Data({ specs, userId }: { specs: readonly OperationSpec[]; userId: string }) {
  const [client] = useState(() => connect(specs, userId));
  useEffect(watchConnection, []);
  return (
    <div className="flex flex-col gap-6">
      <Export client={client} userId={userId} />
      <Import client={client} userId={userId} />
    </div>
  );
}
