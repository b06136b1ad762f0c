import type { ComponentChildren } from 'preact';

interface PageHeadProps {
  title: string;
  about?: string;
  /** Buttons at its end. */
  children?: ComponentChildren;
}

export const PageHead = ({ title, about, children }: PageHeadProps) => (
  <div class="page-head">
    <div>
      <h1>{title}</h1>
      {about !== undefined && <p>{about}</p>}
    </div>
    {children !== undefined && <div class="actions">{children}</div>}
  </div>
);
