import { listChanges, runBatch } from '@taskward/api-core/contract';
import { toSpec } from '@taskward/api-core/kit/client';
import type { Metadata } from 'next';
import type { ReactNode } from 'react';
import { Header } from '../../header';
import { requireSession } from '../../session';
import { SignOut } from '../../sign-out';
import { readThemeCookie } from '../../theme-cookie';
import { ThemeSwitch } from '../../theme-switch';
import { ChangePassword } from './change-password';
import { Data } from './data';
import { DeleteAccount } from './delete-account';
import { Profile } from './profile';
import { Sessions } from './sessions';
import { Token } from './token';

export const metadata: Metadata = { title: 'Account' };

const DATA_SPECS = [listChanges, runBatch].map(toSpec);

export default async function Page() {
  const { user } = await requireSession('/account');
  return (
    <>
      <Header isSignedIn>
        <a href="/tasks" className="button button-quiet">
          Tasks
        </a>
        <SignOut />
      </Header>
      <main className="mx-auto flex w-full max-w-3xl flex-col gap-6 px-4 py-8 sm:px-6">
        <h1 className="font-semibold text-2xl tracking-tight">Account</h1>
        <Section title="Profile">
          <Profile name={user.name} email={user.email} />
        </Section>
        <Section title="Appearance">
          <ThemeSwitch initial={await readThemeCookie()} />
        </Section>
        <Section title="API access">
          <Token userId={user.id} />
        </Section>
        <Section title="Sessions">
          <Sessions />
        </Section>
        <Section title="Your data">
          <Data specs={DATA_SPECS} userId={user.id} />
        </Section>
        <Section title="Change password">
          <ChangePassword email={user.email} />
        </Section>
        <Section title="Delete account">
          <DeleteAccount />
        </Section>
      </main>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="card p-5 sm:p-6">
      <h2 className="mb-4 font-semibold text-lg tracking-tight">{title}</h2>
      {children}
    </section>
  );
}
