import { Header } from './header';

interface PublicHeaderProps {
  readonly isSignedIn: boolean;
  readonly wide?: boolean;
  /** Without the link to the API reference. */
  readonly isReference?: boolean;
}

/** The header of pages that need no account: with a link to the tasks, or to sign in. */
export function PublicHeader({ isSignedIn, wide = false, isReference = false }: PublicHeaderProps) {
  return (
    <Header wide={wide} isSignedIn={isSignedIn}>
      {!isReference && (
        <a href="/docs" className="button button-quiet">
          API
        </a>
      )}
      <a href={isSignedIn ? '/tasks' : '/sign-in'} className="button button-quiet">
        {isSignedIn ? 'Tasks' : 'Sign in'}
      </a>
    </Header>
  );
}
