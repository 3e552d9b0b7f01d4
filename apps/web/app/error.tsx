'use client';

import { Header } from './header';
import { Message } from './message';

/** Replaces a page that could not be rendered. The digest of an error of the server is in its log. */
export default function ErrorPage({ error }: { error: Error & { digest?: string } }) {
  return (
    <>
      <Header />
      <title>Something went wrong · Taskward</title>
      <Message
        title="Something went wrong"
        text="This page couldn’t be loaded. Your tasks are safe. Wait a moment, then try again."
        footnote={
          error.digest && (
            <>
              Reference: <code>{error.digest}</code>
            </>
          )
        }
      >
        <button type="button" className="button button-primary" onClick={() => window.location.reload()}>
          Try again
        </button>
        <a href="/tasks" className="button">
          Open your tasks
        </a>
        <a href="/" className="button">
          Go to the home page
        </a>
      </Message>
    </>
  );
}
