import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { getApp } from '@/server/app';
import { readSession } from '../../session';
import { LINK_EXPIRED } from '../explain-failure';
import { Frame } from '../frame';
import { SignInForm } from './form';

export const metadata: Metadata = { title: 'Sign in' };

export default async function Page({ searchParams }: PageProps<'/sign-in'>) {
  const { next: nexts, confirmed, error } = await searchParams;
  const next = [nexts].flat()[0];
  if (await readSession()) redirect('/tasks');
  const { mailer } = await getApp();
  return (
    <Frame title="Sign in">
      {confirmed !== undefined && <Confirmation hasFailed={error !== undefined} />}
      <SignInForm next={next} />
      {mailer && (
        <p className="mt-6 text-muted text-sm">
          New here? Confirm your email first, with the link we sent you. Each time you sign in before that, we send
          another.
        </p>
      )}
      <p className="mt-6 flex flex-wrap gap-x-6 gap-y-2">
        <a href={next ? `/sign-up?next=${encodeURIComponent(next)}` : '/sign-up'} className="link link-alone">
          Create an account
        </a>
        {mailer && (
          <a href="/reset-password" className="link link-alone">
            Forgot your password?
          </a>
        )}
      </p>
    </Frame>
  );
}

/** The result of the link that confirms an e-mail address. */
function Confirmation({ hasFailed }: { hasFailed: boolean }) {
  if (!hasFailed) {
    return (
      <p role="status" className="mb-6 rounded-lg bg-accent-soft p-3">
        Your email is confirmed. Sign in to start.
      </p>
    );
  }
  return (
    <p role="alert" className="mb-6 text-danger">
      {LINK_EXPIRED} Sign in to get a new one.
    </p>
  );
}
