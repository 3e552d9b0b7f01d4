import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { readSession } from '../../session';
import { Frame } from '../frame';
import { SignInForm } from './form';

export const metadata: Metadata = { title: 'Sign in' };

export default async function Page({ searchParams }: PageProps<'/sign-in'>) {
  const next = [(await searchParams).next].flat()[0];
  if (await readSession()) redirect('/tasks');
  const elsewhere = next ? `?next=${encodeURIComponent(next)}` : '';
  return (
    <Frame title="Sign in">
      <SignInForm next={next} />
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
