import type { Metadata } from 'next';
import { getApp } from '@/server/app';
import { LINK_EXPIRED } from '../explain-failure';
import { Frame } from '../frame';
import { RequestForm, ResetForm } from './form';

export const metadata: Metadata = { title: 'Reset password' };

export default async function Page({ searchParams }: PageProps<'/reset-password'>) {
  const { token, error } = await searchParams;
  const { mailer } = await getApp();
  return (
    <Frame title="Reset password">
      {error !== undefined && (
        <p role="alert" className="mb-4 text-danger">
          {LINK_EXPIRED} {mailer && 'Request a new one here.'}
        </p>
      )}
      {typeof token === 'string' ? <ResetForm token={token} /> : mailer ? <RequestForm /> : <NoMail />}
      <p className="mt-6">
        <a href="/sign-in" className="link link-alone">
          Back to sign-in
        </a>
      </p>
    </Frame>
  );
}

function NoMail() {
  return <p>This server doesn’t send email, so it can’t reset passwords. Ask whoever runs it for help.</p>;
}
