import { useEffect, useEffectEvent } from 'react';
import { Value } from '../value';
import { useTaskApp } from './context';

const TYPING = 'input:not([type=checkbox]), textarea, select, dialog';
const STORED = 'taskward-shortcuts';

/** Whether single letters do something (WCAG 2.2, 2.1.4: it must be possible to turn them off). */
export const letterShortcuts = new Value(true);

export function setLetterShortcuts(isOn: boolean): void {
  letterShortcuts.set(isOn);
  try {
    localStorage.setItem(STORED, isOn ? 'on' : 'off');
  } catch {
    // It holds for this page only.
  }
}

function readStored(): boolean {
  try {
    return localStorage.getItem(STORED) !== 'off';
  } catch {
    return true;
  }
}

/** Shortcuts of the whole page; those of a row are in `row-keys.ts`. */
export function useShortcuts(): void {
  const { messages, ui } = useTaskApp();
  const letters: Record<string, () => void> = {
    n: () => document.getElementById('new-task')?.focus(),
    '/': () => document.getElementById('search')?.focus(),
    '?': () => ui.dialog.set('help'),
    j: focusList,
    k: focusList,
  };
  const withControl: Record<string, () => void> = {
    k: () => ui.dialog.set('palette'),
    z: () => messages.undoLast(),
    y: () => messages.redoLast(),
    Z: () => messages.redoLast(),
  };
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.isComposing || event.altKey || event.defaultPrevented) return;
    const isTyping = event.target instanceof Element && event.target.closest(TYPING) !== null;
    const hasControl = event.ctrlKey || event.metaKey;
    const key = hasControl && event.shiftKey ? event.key.toUpperCase() : keyOf(event);
    const act = hasControl ? withControl[key] : letterShortcuts.get() && !isTyping ? letters[key] : undefined;
    // In a text field, the browser undoes the typing.
    if (!act || (isTyping && key !== 'k' && !isEmptyField(event.target))) return;
    event.preventDefault();
    act();
  });
  useEffect(() => {
    letterShortcuts.set(readStored());
    const listener = (event: KeyboardEvent) => onKey(event);
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, []);
}

function isEmptyField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type !== 'date' && target.value === '';
}

/** Its name, of a letter without regard to Caps Lock. */
export function keyOf({ key }: { readonly key: string }): string {
  return key.length === 1 ? key.toLowerCase() : key;
}

/** From outside of the list, into it. */
function focusList(): void {
  if (document.activeElement?.closest('#tasks')) return;
  document.querySelector<HTMLElement>('#tasks [data-row] input[tabindex="0"]')?.focus();
}
