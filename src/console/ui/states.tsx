import type { ComponentChildren } from 'preact';
import { ApiError } from '../api/api-error.ts';
import type { Lost } from '../api/persist.ts';
import { texts } from '../texts.ts';

interface EmptyProps {
  title: string;
  children?: ComponentChildren;
}

/** A place where there is nothing, and what would be there. */
export const Empty = ({ title, children }: EmptyProps) => (
  <div class="state">
    <h2>{title}</h2>
    {children}
  </div>
);

export const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What went wrong, in the host's own words, and the way to try again where there is one. */
export const ErrorNote = ({ error, retry }: { error: unknown; retry?: () => void }) => (
  <div class="note bad" role="alert">
    <div class="wrap-anywhere">
      <strong>{said(error)}</strong>
      {error instanceof ApiError && error.status > 0 && (
        <span class="quiet small">{[error.status, error.code].filter(Boolean).join(' · ')}</span>
      )}
    </div>
    {retry && (
      <button type="button" class="button push" onClick={retry}>
        {texts.common.retry}
      </button>
    )}
  </div>
);

/** What is waited for, until when, and the way not to wait. */
export const LostNote = ({ lost: { error, afterMs, now } }: { lost: Lost }) => (
  <div class="note warn">
    <div class="wrap-anywhere" role="status">
      <strong>{said(error)}</strong>
      <span>{texts.common.again(Math.ceil(afterMs / 1000))}</span>
    </div>
    <button type="button" class="button push" onClick={now}>
      {texts.common.retry}
    </button>
  </div>
);

export const Loading = ({ label = texts.common.loading }: { label?: string }) => (
  <div class="state" role="status">
    <div class="spinner" aria-hidden="true" />
    <span class="quiet">{label}</span>
  </div>
);
