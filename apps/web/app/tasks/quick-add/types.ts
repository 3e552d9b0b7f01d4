export interface QuickAddContext {
  /** The date where the user is, `YYYY-MM-DD`. */
  readonly today: string;
  /** A BCP 47 language tag. */
  readonly locale: string;
  readonly lists: readonly { readonly id: string; readonly name: string }[];
}

/** A part of the text that sets a field. */
export interface Token {
  readonly kind: 'due' | 'priority' | 'tag' | 'list';
  /** Indexes into the text, in UTF-16 code units; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  /** `YYYY-MM-DD`, the priority, the tag, or the list's id; `inbox` for the inbox. */
  readonly value: string;
  /** As typed. */
  readonly text: string;
}

export interface QuickAdd {
  /** The text without its tokens, in single spaces. */
  readonly title: string;
  readonly due_date: string | null;
  readonly priority: 'none' | 'low' | 'medium' | 'high';
  readonly tags: readonly string[];
  /** `null` is the inbox; undefined if the text names no list. */
  readonly list_id: string | null | undefined;
  /** In the order of the text. */
  readonly tokens: readonly Token[];
}
