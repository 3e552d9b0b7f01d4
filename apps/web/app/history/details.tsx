import { useState } from 'react';
import { type Phrase, Words } from '../online/phrase';
import { changedTags } from './acts';
import { LongText } from './long-text';
import type { Names } from './names';
import type { Net } from './net';
import { type Difference, differencesOf, FIELDS, type Field, inWords } from './values';
import { type Story, sentenceOf } from './words';

/** Whether there is more to a revision than its headline says. */
export function hasDetails({ nets: [first, ...others] }: Story): boolean {
  return first !== undefined && (others.length > 0 || hasMore(first));
}

/** Whether there is more to what was done to a task than a sentence says. */
function hasMore({ diff }: Net): boolean {
  const [first, ...others] = differencesOf(diff ?? {});
  if (!first || others.length > 0) return others.length > 0;
  const [field, difference] = first;
  if (field === 'description') return true;
  const { added, removed } = field === 'tags' ? changedTags(difference) : { added: [], removed: [] };
  return added.length + removed.length > 1;
}

const SHOWN_AT_FIRST = 20;

/** What a revision did to each task and list, field by field. Rendered when it is first opened. */
export function Details({ story: { nets, names } }: { story: Story }) {
  const [isOpened, setOpened] = useState(false);
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? nets : nets.slice(0, SHOWN_AT_FIRST);
  return (
    <details className="mt-1" onToggle={({ currentTarget }) => currentTarget.open && setOpened(true)}>
      <summary className="w-fit rounded py-1 text-accent text-sm pointer-coarse:py-3">Details</summary>
      {isOpened && (
        <ul className="mt-1 flex flex-col gap-2 border-line border-s-2 ps-3 text-sm">
          {shown.map((net) => (
            <li key={`${net.type} ${net.id}`} className="wrap-anywhere">
              {nets.length > 1 && (
                <p>
                  <Words phrase={sentenceOf(net, names)} />
                </p>
              )}
              {hasMore(net) && <Differences net={net} names={names} />}
            </li>
          ))}
          {shown.length < nets.length && (
            <li>
              <button type="button" className="button" onClick={() => setWhole(true)}>
                Show all {new Intl.NumberFormat().format(nets.length)}
              </button>
            </li>
          )}
        </ul>
      )}
    </details>
  );
}

function Differences({ net: { diff }, names }: { net: Net; names: Names }) {
  return (
    <dl className="mt-1 grid grid-cols-1 gap-x-3 gap-y-1 sm:grid-cols-[auto_1fr]">
      {differencesOf(diff ?? {}).map(([field, difference]) => (
        <div key={field} className="contents">
          <dt className="text-muted first-letter:uppercase">{FIELDS[field]}</dt>
          <dd className="min-w-0">
            <Values field={field} difference={difference} names={names} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Values({ field, difference: { from, to }, names }: { field: Field; difference: Difference; names: Names }) {
  const isLong = field === 'description' || field === 'title' || field === 'name';
  const value = (phrase: Phrase) => {
    const [text] = phrase;
    return isLong && typeof text === 'string' ? <LongText text={text} /> : <Words phrase={phrase} />;
  };
  return (
    <>
      <del className="no-underline">
        <span className="sr-only">from </span>
        {value(inWords(field, from, names))}
      </del>
      <span aria-hidden="true" className={isLong ? 'block text-muted' : 'text-muted'}>
        {isLong ? '↓' : ' → '}
      </span>
      <ins className="no-underline">
        <span className="sr-only"> to </span>
        {value(inWords(field, to, names))}
      </ins>
    </>
  );
}
