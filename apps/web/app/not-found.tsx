import type { Metadata } from 'next';
import { isSignedIn as readIsSignedIn } from './is-signed-in';
import { Message } from './message';
import { PublicHeader } from './public-header';

export const metadata: Metadata = { title: 'Page not found' };

export default async function NotFound() {
  const isSignedIn = await readIsSignedIn();
  return (
    <>
      <PublicHeader isSignedIn={isSignedIn} />
      <Message title="Page not found" text="The address may be mistyped, or the page was moved.">
        <a href={isSignedIn ? '/tasks' : '/'} className="button button-primary">
          {isSignedIn ? 'Open your tasks' : 'Go to the home page'}
        </a>
        <a href="/docs" className="button">
          API docs
        </a>
      </Message>
    </>
  );
}
