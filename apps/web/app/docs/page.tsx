import type { Metadata } from 'next';
import { isSignedIn } from '../is-signed-in';
import { PublicHeader } from '../public-header';
import { Reference } from './reference';

export const metadata: Metadata = { title: 'API reference' };

export default async function Page() {
  return (
    <>
      <PublicHeader wide isReference isSignedIn={await isSignedIn()} />
      <Reference />
    </>
  );
}
