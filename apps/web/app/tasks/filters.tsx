import { type ReactNode, useRef, useState } from 'react';
import { type Address, hasFilters, navigate, type Priority, SORTS, type Sort } from './address';
import { useStoreState } from './context';
import { Icon } from './icons';
import { PRIORITY } from './labels';
import { tagsOf } from './views';

/** The filters in use, as chips that can be removed, and those that can be added. */
export function Filters({ address }: { address: Address }) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const { q, tags, priority, sort } = address;
  /** The chip that was pressed is gone. */
  const remove = (change: Partial<Address>) => () => {
    navigate(change);
    button.current?.focus();
  };
  return (
    <div className="mb-2 flex flex-wrap items-center gap-2" data-print="hide">
      <button
        ref={button}
        type="button"
        className="button button-quiet -ml-2 text-sm"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="filter" />
        Filter and sort
      </button>
      {q && <Chip onRemove={remove({ q: '' })}>“{q}”</Chip>}
      {tags.map((tag) => (
        <Chip key={tag} onRemove={remove({ tags: tags.filter((one) => one !== tag) })}>
          #{tag}
        </Chip>
      ))}
      {priority && <Chip onRemove={remove({ priority: undefined })}>Priority: {PRIORITY[priority]}</Chip>}
      {sort && <Chip onRemove={remove({ sort: undefined })}>Sorted by: {SORTS[sort]}</Chip>}
      {hasFilters(address) && (
        <button
          type="button"
          className="button button-quiet text-sm"
          onClick={remove({ q: '', tags: [], priority: undefined })}
        >
          Clear filters
        </button>
      )}
      {isOpen && <Choices address={address} />}
    </div>
  );
}

function Choices({ address }: { address: Address }) {
  const { view } = useStoreState();
  const { priority, sort, tags } = address;
  const others = tagsOf(view).filter((tag) => !tags.includes(tag));
  return (
    <div className="card grid basis-full gap-3 p-3 sm:grid-cols-3">
      <Choice label="Sort" value={sort ?? ''} onChange={(value) => navigate({ sort: (value || undefined) as Sort })}>
        <option value="">Default</option>
        {Object.entries(SORTS).map(([key, label]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </Choice>
      <Choice
        label="Priority"
        value={priority ?? ''}
        onChange={(value) => navigate({ priority: (value || undefined) as Priority })}
      >
        <option value="">Any</option>
        {Object.entries(PRIORITY).map(([key, label]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </Choice>
      <Choice label="Add a tag" value="" onChange={(tag) => navigate({ tags: [...tags, tag] })}>
        <option value="">{others.length === 0 ? 'No other tags' : 'Choose…'}</option>
        {others.map((tag) => (
          <option key={tag}>{tag}</option>
        ))}
      </Choice>
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly children: ReactNode;
}

function Choice({ label, value, onChange, children }: ChoiceProps) {
  return (
    <label className="text-muted text-sm">
      {label}
      <select className="field mt-1 text-ink" value={value} onChange={({ target }) => onChange(target.value)}>
        {children}
      </select>
    </label>
  );
}

/** Something that was chosen or understood, with a button that takes it off. */
export function Chip({ children, onRemove }: { children: ReactNode; onRemove: () => void }) {
  return (
    <span className="flex min-h-8 max-w-full items-center rounded-full border border-line bg-sunken pl-3 text-sm">
      <span dir="auto" className="truncate">
        {children}
      </span>
      <button
        type="button"
        className="flex size-8 items-center justify-center rounded-full pointer-coarse:size-11"
        onClick={onRemove}
      >
        <Icon name="close" className="size-4" />
        <span className="sr-only">Remove {children}</span>
      </button>
    </span>
  );
}
