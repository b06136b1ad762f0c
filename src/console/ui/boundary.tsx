import { Component, type ComponentChildren } from 'preact';
import { texts } from '../texts.ts';
import { said } from './states.tsx';

interface BoundaryProps {
  /** What is shown. Once it is another, it is tried again. */
  of: unknown;
  children: ComponentChildren;
}

/** Keeps what cannot be shown from taking the rest of the page with it. */
export class Boundary extends Component<BoundaryProps, { error?: unknown }> {
  static override getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidUpdate({ of }: BoundaryProps) {
    if (of !== this.props.of && this.state.error !== undefined) this.setState({ error: undefined });
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div class="note bad" role="alert">
        <div class="wrap-anywhere">
          <strong>{texts.common.notShown}</strong>
          <span class="quiet small">{said(error)}</span>
        </div>
      </div>
    );
  }
}
