import type { ComponentChildren } from 'preact';
import { ApiError } from '../api/api-error.ts';
import type { useLoaded } from '../api/load.ts';
import { href } from '../app/router.ts';
import { Empty, ErrorNote, Loading } from './states.tsx';

interface FoundProps<T> {
  loaded: ReturnType<typeof useLoaded<T>>;
  /** Said when there is no such thing. */
  gone: string;
  /** The page that leads to all of its kind, and what the way there is called. */
  back: { page: string; title: string };
  children(value: T): ComponentChildren;
}

/** One thing that was asked for: as it is, or why it cannot be seen. */
export function Found<T>({ loaded, gone, back, children }: FoundProps<T>) {
  const { state, value, reload } = loaded;
  const error = loaded.state === 'failed' ? loaded.error : undefined;
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Empty title={gone}>
        <a class="button" href={href([back.page])}>
          {back.title}
        </a>
      </Empty>
    );
  }
  if (value !== undefined) return <>{children(value)}</>;
  if (state !== 'failed') return <Loading />;
  return (
    <div class="page">
      <ErrorNote error={error} retry={reload} />
    </div>
  );
}
