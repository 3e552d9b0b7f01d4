import { type KeyboardEvent, useId, useMemo, useRef, useState } from 'react';
import { useStoreState } from './context';
import { Chip } from './filters';
import { tagsOf } from './views';

const MAX_TAGS = 20;
const MAX_LENGTH = 50;

interface TagFieldProps {
  readonly id: string;
  readonly className: string;
  readonly 'aria-invalid': boolean;
  readonly 'aria-describedby': string | undefined;
  readonly tags: readonly string[];
  readonly onChange: (tags: string[]) => void;
}

/** Tags as chips, and a field for more, which suggests those in use. Enter, comma and leaving it add what was typed. */
export function TagField({ tags, onChange, ...props }: TagFieldProps) {
  const { view } = useStoreState();
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const suggestions = useId();
  const others = useMemo(() => tagsOf(view).filter((tag) => !tags.includes(tag)), [view, tags]);
  const add = (typed: string) => {
    const added = typed
      .split(',')
      .map(toTag)
      .filter((tag) => tag !== '');
    setText('');
    if (added.length > 0) onChange([...new Set([...tags, ...added])].sort().slice(0, MAX_TAGS));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const isAdding = (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) || event.key === ',';
    if (isAdding && text.trim() !== '') {
      event.preventDefault();
      add(text);
    }
    if (event.key === 'Backspace' && text === '') onChange(tags.slice(0, -1));
  };
  const remove = (tag: string) => {
    onChange(tags.filter((one) => one !== tag));
    // The button that has the focus disappears.
    field.current?.focus();
  };
  const onText = (next: string) => {
    // Chosen from the suggestions.
    if (others.includes(next)) add(next);
    else setText(next);
  };
  return (
    <div className="flex flex-wrap items-center gap-2">
      {tags.map((tag) => (
        <Chip key={tag} onRemove={() => remove(tag)}>
          #{tag}
        </Chip>
      ))}
      <input
        {...props}
        ref={field}
        dir="auto"
        className="field w-auto min-w-32 grow"
        list={suggestions}
        placeholder={tags.length === 0 ? 'home, garden' : 'Add a tag'}
        autoComplete="off"
        autoCapitalize="none"
        maxLength={MAX_LENGTH}
        disabled={tags.length >= MAX_TAGS}
        value={text}
        onChange={({ target }) => onText(target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => add(text)}
      />
      <datalist id={suggestions}>
        {others.map((tag) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
    </div>
  );
}

/** Tags are shown with a `#`, so many people type it. */
function toTag(typed: string): string {
  return typed.trim().replace(/^#+/, '').toLowerCase();
}
