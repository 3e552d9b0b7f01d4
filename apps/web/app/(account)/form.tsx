'use client';

import { createContext, type FormEvent, type ReactNode, type SyntheticEvent, useEffect, useRef, useState } from 'react';
import { useReady } from '../ready';
import { type Failure, UNREACHABLE } from './auth';
import { explainFailure } from './explain-failure';
import { explainValidity } from './explain-validity';

interface FormProps {
  readonly button: string;
  readonly send: (values: Record<string, string>) => Promise<{ error: Failure }>;
  readonly onDone?: () => void;
  readonly children: ReactNode;
  readonly isDangerous?: boolean;
  /** With a button only as wide as its text. */
  readonly isCompact?: boolean;
  /** Focuses the first empty field, except on touch screens, where the keyboard would cover the page. */
  readonly hasFocus?: boolean;
}

interface FormError {
  /** The name of the field that it concerns. */
  readonly field?: string | undefined;
  readonly text: string;
}

/** The error of the form around a field. */
export const FormErrorContext = createContext<FormError | undefined>(undefined);

/** A form that shows what is wrong, at the field if there is one. It is sent by script: before that has loaded, it waits. */
export function Form(props: FormProps) {
  const { button, send, onDone, children, isDangerous = false, isCompact = false, hasFocus = false } = props;
  const isReady = useReady();
  const form = useRef<HTMLFormElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<FormError>();

  useEffect(() => {
    if (hasFocus) focusFirst(form.current);
  }, [hasFocus]);

  useEffect(() => {
    const input = inputsOf(form.current).find(({ name }) => name === error?.field);
    input?.focus();
    input?.select();
  }, [error]);

  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const inputs = inputsOf(event.currentTarget);
    const invalid = inputs.find(({ validity }) => !validity.valid);
    if (invalid) return setError({ field: invalid.name, text: explainValidity(invalid) });
    setBusy(true);
    setError(undefined);
    const values = Object.fromEntries(inputs.map(({ name, value }) => [name, value]));
    const { error: failure } = await send(values).catch(() => UNREACHABLE);
    setBusy(false);
    if (!failure) return onDone?.();
    const { fields, text } = explainFailure(failure);
    setError({ field: fields?.find((field) => field in values), text });
  };

  const onInput = ({ target }: SyntheticEvent) => {
    if (target instanceof HTMLInputElement && target.name === error?.field) setError(undefined);
  };

  return (
    // By POST, so that a password never gets into an address.
    <form ref={form} method="post" noValidate className="flex flex-col gap-5" onSubmit={onSubmit} onInput={onInput}>
      <FormErrorContext value={error}>{children}</FormErrorContext>
      {error && !error.field && (
        <p role="alert" className="text-danger">
          {error.text}
        </p>
      )}
      <button
        type="submit"
        className={`button ${isDangerous ? 'button-danger' : 'button-primary'} ${isCompact ? 'self-start' : ''}`}
        disabled={!isReady}
        // Not disabled, so that it keeps the focus.
        aria-disabled={isBusy || undefined}
      >
        {button}
      </button>
    </form>
  );
}

function inputsOf(form: HTMLFormElement | null): HTMLInputElement[] {
  const elements = Array.from(form?.elements ?? []);
  return elements.filter((element) => element instanceof HTMLInputElement).filter(({ name }) => name !== '');
}

function focusFirst(form: HTMLFormElement | null): void {
  // Where the user is already typing, the focus stays.
  const isTaken = document.activeElement instanceof HTMLInputElement;
  if (isTaken || window.matchMedia('(pointer: coarse)').matches) return;
  inputsOf(form)
    .find(({ value }) => value === '')
    ?.focus();
}
