import { useEffect } from 'react';
import { watchConnection } from '../sync/connection';
import { onSignedOut } from '../sync/sign-out';

/** Takes note of the network, and leaves the page when the user signs out in another tab. */
export function useConnection(): void {
  useEffect(watchConnection, []);
  useEffect(() => onSignedOut(() => window.location.assign('/')), []);
}
