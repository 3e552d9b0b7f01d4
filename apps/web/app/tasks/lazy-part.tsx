import { type ComponentType, useEffect, useState } from 'react';

/**
 * A component that is loaded when it is rendered first. Unlike with `React.lazy`, one that cannot be loaded says so in its
 * place, and can be tried again.
 */
export function lazyPart<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let Loaded: ComponentType<Props> | undefined;
  return function Part(props: Props) {
    const [state, setState] = useState<'loading' | 'loaded' | 'failed'>(Loaded ? 'loaded' : 'loading');
    useEffect(() => {
      if (state !== 'loading') return;
      load().then(
        (component) => {
          Loaded = component;
          setState('loaded');
        },
        () => setState('failed'),
      );
    }, [state]);
    if (state === 'loaded' && Loaded) return <Loaded {...props} />;
    if (state === 'loading') return null;
    return (
      <p role="alert" className="flex flex-wrap items-center gap-3 p-3">
        This couldn’t be loaded. Check your connection.
        <button type="button" className="button" onClick={() => setState('loading')}>
          Retry
        </button>
      </p>
    );
  };
}
