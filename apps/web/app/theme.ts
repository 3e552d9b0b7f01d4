import { refreshShell } from './sync/service-worker';
/** The themes that a user can choose; `system` follows the device. */
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** The cookie that stores `light` or `dark`; it is absent for `system`. */
export const THEME_COOKIE = 'theme';

/** The colour of the browser's own bars, that of `--color-surface`. */
export const THEME_COLORS = { light: '#ffffff', dark: '#1b1e21' };

const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** The theme of a cookie or attribute; anything unknown is `system`. */
export function parseTheme(value: string | undefined): Theme {
  return THEMES.find((theme) => theme === value) ?? 'system';
}

/** The theme of the open page. Only for browsers. */
export function readTheme(): Theme {
  return parseTheme(document.documentElement.dataset.theme);
}

/** Applies a theme to the open page and stores it for the next ones, for a year. Only for browsers. */
export function applyTheme(theme: Theme): void {
  const isSystem = theme === 'system';
  const attributes = ['Path=/', `Max-Age=${isSystem ? 0 : YEAR_SECONDS}`, 'SameSite=Lax'];
  if (window.location.protocol === 'https:') attributes.push('Secure');
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API needs a secure context.
  document.cookie = [`${THEME_COOKIE}=${isSystem ? '' : theme}`, ...attributes].join('; ');

  const { dataset } = document.documentElement;
  if (isSystem) delete dataset.theme;
  else dataset.theme = theme;
  setMeta('meta[name="color-scheme"]', () => (isSystem ? 'light dark' : theme));
  setMeta('meta[name="theme-color"]', ({ media }) => {
    const own = media.includes('dark') ? 'dark' : 'light';
    return THEME_COLORS[isSystem ? own : theme];
  });
  // The stored task page is of a theme, too.
  void refreshShell();
}

function setMeta(selector: string, contentOf: (meta: HTMLMetaElement) => string): void {
  for (const meta of document.querySelectorAll<HTMLMetaElement>(selector)) meta.content = contentOf(meta);
}

/** Calls back whenever the theme of the page changes. Returns the function that ends this. Only for browsers. */
export function subscribeToTheme(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => observer.disconnect();
}
