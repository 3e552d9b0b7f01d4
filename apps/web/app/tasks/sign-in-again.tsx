import { Modal } from '../modal';
import { setObstacle } from '../sync/connection';
import { useObstacle } from './banner';
import { useTaskApp } from './context';
import { lazyPart } from './lazy-part';
import { parts } from './lazy-parts';

const SignInForm = lazyPart(parts.signIn);

export function SignInAgain() {
  const { email } = useTaskApp();
  if (useObstacle() !== 'signed-out') return null;
  return (
    <Modal title="Sign in again">
      <p className="mt-2 mb-4 text-muted">Your session has ended. Sign in to continue where you left off.</p>
      <SignInForm email={email} onDone={() => setObstacle(undefined)} />
      <p className="mt-4">
        <a href="/sign-in?next=/tasks" className="link">
          Use another account
        </a>
      </p>
    </Modal>
  );
}
