import type { Metadata } from 'next';
import { Frame } from '../frame';
import { RequestForm, ResetForm } from './form';

export const metadata: Metadata = { title: 'Reset the password' };

export default async function Page({ searchParams }: PageProps<'/reset-password'>) {
  const { token, error } = await searchParams;
  return (
    <Frame title="Reset the password">
      {error && (
        <p role="alert" className="mb-4 text-danger">
          This link is too old, or was used before. Ask for a new one.
        </p>
      )}
      {typeof token === 'string' ? <ResetForm token={token} /> : <RequestForm />}
      <p className="mt-6">
        <a href="/sign-in" className="link">
          Back to sign-in
        </a>
      </p>
    </Frame>
  );
}
