type Fix = (element: HTMLElement) => void;

/** What Swagger UI leaves out or gets wrong, by the selector of the elements concerned. */
const FIXES: readonly (readonly [string, Fix])[] = [
  // A link inside a button, which leads to where the button does.
  ['button a[href]', (link) => link.removeAttribute('href')],
  [':is(input, select, textarea):not([aria-label])', (field) => field.setAttribute('aria-label', labelOf(field))],
  // The levels start at 3, directly after the title.
  [':is(h3, h4, h5):not([aria-level])', (heading) => heading.setAttribute('aria-level', levelOf(heading))],
  ['.information-container:not([role])', region('About the API')],
  ['.scheme-container:not([role])', region('Server and authorization')],
  // So that it can be scrolled with the keyboard.
  ['pre:not([tabindex])', (text) => text.setAttribute('tabindex', '0')],
];

/** The name of a control: that of its parameter, or else its purpose. */
function labelOf(control: HTMLElement): string {
  const parameter = control.closest<HTMLElement>('[data-param-name]')?.dataset.paramName;
  if (parameter) return parameter;
  if (control.closest('.content-type-wrapper, .content-type')) return 'Media type';
  if (control.closest('.examples-select')) return 'Example';
  return control.matches('textarea') ? 'Request body' : 'Value';
}

/** Makes an element a landmark, because everything else is in one. */
function region(label: string): Fix {
  return (element) => {
    element.setAttribute('role', 'region');
    element.setAttribute('aria-label', label);
  };
}

const levelOf = ({ tagName }: HTMLElement) => String(Number(tagName.slice(1)) - 1);

/** Fixes the markup of Swagger UI, now and after each of its changes. Returns the function that ends this. */
export function keepAccessible(root: HTMLElement): () => void {
  const fix = () => {
    for (const [selector, apply] of FIXES) {
      for (const element of root.querySelectorAll<HTMLElement>(selector)) apply(element);
    }
  };
  const observer = new MutationObserver(fix);
  observer.observe(root, { childList: true, subtree: true });
  return () => observer.disconnect();
}
