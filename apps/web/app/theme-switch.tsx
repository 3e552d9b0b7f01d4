'use client';

import { useId, useSyncExternalStore } from 'react';
import { applyTheme, readTheme, subscribeToTheme, THEMES, type Theme } from './theme';

const LABELS: Record<Theme, string> = { system: 'System', light: 'Light', dark: 'Dark' };

/** Chooses the theme, which applies at once. `initial` is the theme of the server-rendered page. */
export function ThemeSwitch({ initial }: { initial: Theme }) {
  const current = useSyncExternalStore(subscribeToTheme, readTheme, () => initial);
  const name = useId();
  return (
    <fieldset>
      <legend className="mb-2 font-medium">Theme</legend>
      <div className="flex flex-wrap gap-2">
        {THEMES.map((theme) => (
          <label key={theme} className="button has-checked:border-accent has-checked:bg-accent-soft">
            <input
              type="radio"
              name={name}
              value={theme}
              checked={theme === current}
              onChange={() => applyTheme(theme)}
            />
            {LABELS[theme]}
          </label>
        ))}
      </div>
      <p className="mt-2 text-muted text-sm">System follows your device. Stored in this browser only.</p>
    </fieldset>
  );
}
