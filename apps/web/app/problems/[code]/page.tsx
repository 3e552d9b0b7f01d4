import { type ProblemCode, problemTypes } from '@taskward/api-core';
import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { isSignedIn } from '../../is-signed-in';
import { PublicHeader } from '../../public-header';

interface Props {
  readonly params: Promise<{ code: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { code } = await params;
  return { title: Object.hasOwn(problemTypes, code) ? problemTypes[code as ProblemCode].title : 'Not found' };
}

/** What the `type` of a problem document leads to. */
export default async function Page({ params }: Props) {
  const { code } = await params;
  if (!Object.hasOwn(problemTypes, code)) notFound();
  const { explanation, status, title } = problemTypes[code as ProblemCode];
  return (
    <>
      <PublicHeader isSignedIn={await isSignedIn()} />
      <main className="mx-auto w-full max-w-3xl px-4 py-10 sm:px-6">
        <h1 className="font-semibold text-2xl tracking-tight">{title}</h1>
        <p className="mt-2 text-muted">
          Status {status}, <code>/problems/{code}</code>
        </p>
        <p className="mt-6 max-w-2xl leading-relaxed">{explanation}</p>
        <h2 className="mt-10 mb-3 font-semibold text-lg tracking-tight">All problems</h2>
        <ul className="card divide-y divide-line">
          {Object.entries(problemTypes).map(([other, problem]) => (
            <li key={other} className="flex justify-between gap-4 px-4 py-2.5">
              <a
                href={`/problems/${other}`}
                aria-current={other === code ? 'page' : undefined}
                className="link link-alone"
              >
                {problem.title}
              </a>
              <span className="text-muted">{problem.status}</span>
            </li>
          ))}
        </ul>
      </main>
    </>
  );
}
