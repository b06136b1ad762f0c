import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ErrorNote, Loading } from './states.tsx';

/** A component that is fetched when it is first shown. */
export function lazy<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>) {
  let known: ComponentType<Props> | undefined;
  return function Lazy(props: Props) {
    const [Component, setComponent] = useState<ComponentType<Props> | undefined>(() => known);
    const [error, setError] = useState<unknown>();
    useEffect(() => {
      if (Component !== undefined) return;
      load().then((loaded) => {
        known = loaded.default;
        setComponent(() => loaded.default);
      }, setError);
    }, [Component]);
    if (error !== undefined) return <ErrorNote error={error} />;
    return Component === undefined ? <Loading /> : <Component {...props} />;
  };
}
