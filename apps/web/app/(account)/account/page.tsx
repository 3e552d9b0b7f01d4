import type { Metadata } from 'next';
import type { ReactNode } from 'react';
import { Header } from '../../header';
import { requireSession } from '../../session';
import { SignOut } from '../../sign-out';
import { ChangePassword } from './change-password';
import { DeleteAccount } from './delete-account';
import { Sessions } from './sessions';
import { Token } from './token';

export const metadata: Metadata = { title: 'Account' };

export default async function Page() {
  const { user, session } = await requireSession('/account');
  return (
    <>
      <Header>
        <a href="/tasks" className="button button-quiet">
          Tasks
        </a>
        <SignOut />
      </Header>
      <main className="mx-auto flex w-full max-w-3xl flex-col gap-6 px-4 py-8 sm:px-6">
        <div>
          <h1 className="font-semibold text-2xl">{user.name}</h1>
          <p className="wrap-anywhere text-muted">{user.email}</p>
        </div>
        <Section title="Use the API">
          <Token userId={user.id} />
        </Section>
        <Section title="Sessions">
          <Sessions currentId={session.id} />
        </Section>
        <Section title="Change the password">
          <ChangePassword email={user.email} />
        </Section>
        <Section title="Delete the account">
          <DeleteAccount />
        </Section>
      </main>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="card p-5 sm:p-6">
      <h2 className="mb-3 font-semibold text-lg">{title}</h2>
      {children}
    </section>
  );
}
