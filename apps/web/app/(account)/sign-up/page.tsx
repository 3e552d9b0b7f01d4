import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { readSession } from '../../session';
import { Frame } from '../frame';
import { SignUpForm } from './form';

export const metadata: Metadata = { title: 'Create an account' };

export default async function Page({ searchParams }: PageProps<'/sign-up'>) {
  const next = [(await searchParams).next].flat()[0];
  if (await readSession()) redirect('/tasks');
  return (
    <Frame title="Create an account">
      <SignUpForm next={next} />
      <p className="mt-6 text-muted">
        Already have an account?{' '}
        <a href={next ? `/sign-in?next=${encodeURIComponent(next)}` : '/sign-in'} className="link link-alone">
          Sign in
        </a>
      </p>
    </Frame>
  );
}
