import type { Metadata } from 'next';
import { Header } from '../header';
import { Reference } from './reference';

export const metadata: Metadata = { title: 'API reference' };

export default function Page() {
  return (
    <>
      <Header>
        <a href="/tasks" className="button button-quiet">
          Tasks
        </a>
      </Header>
      <Reference />
    </>
  );
}
