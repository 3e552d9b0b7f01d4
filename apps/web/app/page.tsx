import { isSignedIn as readIsSignedIn } from './is-signed-in';
import { Preview } from './preview';
import { PublicHeader } from './public-header';

const BENEFITS = [
  {
    title: 'Type it in one line',
    text: 'Write “friday”, “!high” or “#health” in the task itself. Date, priority and tags are filled in for you.',
    icon: 'M4 7h16M4 12h10M4 17h6m5 0h6m-3-3v6',
  },
  {
    title: 'Works offline',
    text: 'Keep going in a tunnel or on a plane. Changes are saved on your device, and sync when you’re back.',
    icon: 'M7 18a4 4 0 0 1-.5-8 6 6 0 0 1 11.3 1.2A3.5 3.5 0 0 1 17 18ZM9.5 14l2 2 3.5-4',
  },
  {
    title: 'Never overwrites your work',
    text: 'Edit on two devices at once. Changes are merged, and you decide where both changed the same thing.',
    icon: 'M18 21a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM6 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM6 9v12M6 9a9 9 0 0 0 9 9',
  },
];

export default async function Landing() {
  const isSignedIn = await readIsSignedIn();
  return (
    <>
      <PublicHeader wide isSignedIn={isSignedIn} />
      <main className="mx-auto w-full max-w-4xl px-4 sm:px-6">
        <div className="grid items-center gap-12 py-12 sm:py-16 lg:grid-cols-[1.1fr_1fr] lg:py-20">
          <div>
            <h1 className="text-balance font-semibold text-4xl leading-[1.1] tracking-tight sm:text-5xl">
              Everything you need to do, in one calm list.
            </h1>
            <p className="mt-5 max-w-md text-lg text-muted leading-relaxed">
              Taskward is a quick to-do list that works offline, stays fast with thousands of tasks, and belongs to you
              alone.
            </p>
            <Actions isSignedIn={isSignedIn} />
          </div>
          <Preview />
        </div>
        <ul className="grid gap-x-8 gap-y-10 border-line border-t py-12 sm:grid-cols-3 sm:py-16">
          {BENEFITS.map(({ title, text, icon }) => (
            <li key={title}>
              <Icon path={icon} />
              <h2 className="mt-4 font-semibold text-lg tracking-tight">{title}</h2>
              <p className="mt-1.5 text-muted leading-relaxed">{text}</p>
            </li>
          ))}
        </ul>
      </main>
      <footer className="mt-auto border-line border-t">
        <p className="mx-auto max-w-4xl px-4 py-6 text-muted sm:px-6">
          Building something?{' '}
          <a href="/docs" className="link link-alone">
            API docs
          </a>{' '}
          · the same API this app runs on
        </p>
      </footer>
    </>
  );
}

function Actions({ isSignedIn }: { isSignedIn: boolean }) {
  return (
    <div className="mt-8 flex flex-wrap gap-3">
      {isSignedIn ? (
        <a href="/tasks" className="button button-primary">
          Open your tasks
        </a>
      ) : (
        <>
          <a href="/sign-up" className="button button-primary">
            Create an account
          </a>
          <a href="/sign-in" className="button">
            Sign in
          </a>
        </>
      )}
    </div>
  );
}

function Icon({ path }: { path: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      aria-hidden="true"
      className="size-10 rounded-lg bg-accent-soft p-2 text-accent"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={path} />
    </svg>
  );
}
