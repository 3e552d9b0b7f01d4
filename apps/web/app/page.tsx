import { Header } from './header';

export default function Landing() {
  return (
    <>
      <Header>
        <a href="/docs" className="button button-quiet">
          API
        </a>
        <a href="/sign-in" className="button button-quiet">
          Sign in
        </a>
      </Header>
      <main className="mx-auto w-full max-w-3xl px-4 py-16 sm:px-6 sm:py-28">
        <h1 className="max-w-xl text-balance font-semibold text-4xl tracking-tight sm:text-5xl">
          Your tasks, and nobody else’s.
        </h1>
        <p className="mt-6 max-w-xl text-lg text-muted leading-relaxed">
          Taskward keeps your to-do list. It stays quick with 100,000 tasks, two tabs never overwrite each other, and on
          a bad connection your changes wait until it is back. All of it is an open HTTP API, which this site uses
          itself.
        </p>
        <div className="mt-10 flex flex-wrap gap-3">
          <a href="/sign-up" className="button button-primary">
            Create an account
          </a>
          <a href="/sign-in" className="button">
            Sign in
          </a>
          <a href="/docs" className="button">
            Read the API
          </a>
        </div>
      </main>
    </>
  );
}
