import { Fragment, type ReactNode } from 'react';

/** A text with names and tags in it, which users typed: each has a direction of its own. */
export type Phrase = readonly (string | { readonly name: string } | { readonly tag: string })[];

export function toText(phrase: Phrase): string {
  return phrase
    .map((part) => (typeof part === 'string' ? part : 'name' in part ? `“${part.name}”` : `#${part.tag}`))
    .join('');
}

export function Words({ phrase }: { phrase: Phrase }): ReactNode {
  return phrase.map((part, i) => {
    if (typeof part === 'string') return part;
    if ('tag' in part) return <bdi key={i}>#{part.tag}</bdi>;
    return (
      <Fragment key={i}>
        {'“'}
        <bdi className="font-medium">{part.name}</bdi>
        {'”'}
      </Fragment>
    );
  });
}
