import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { getApp } from '@/server/app';
import { readSession } from '../../session';
import { Frame } from '../frame';
import { SignInForm } from './form';

export const metadata: Metadata = { title: 'Sign in' };

export default async function Page({ searchParams }: PageProps<'/sign-in'>) {
  const next = [(await searchParams).next].flat()[0];
  if (await readSession()) redirect('/tasks');
  const { mailer } = await getApp();
  const elsewhere = next ? `?next=${encodeURIComponent(next)}` : '';
  return (
    <Frame title="Sign in">
      <SignInForm next={next} />
      {mailer && (
        <p className="mt-6 text-muted">
          A new account? Confirm your email first, by the link in our mail. Each sign-in before that sends another.
        </p>
      )}
      <p className="mt-6 flex flex-wrap gap-x-6 gap-y-2 text-muted">
        <a href={`/sign-up${elsewhere}`} className="link">
          Create an account
        </a>
        <a href="/reset-password" className="link">
          Forgot the password?
        </a>
      </p>
    </Frame>
  );
}
