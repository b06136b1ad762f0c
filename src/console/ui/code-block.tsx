import { useState } from 'preact/hooks';
import { texts } from '../texts.ts';

const SHOWN_MS = 1_500;

/** Copies its text, and says so. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), SHOWN_MS);
  };
  return (
    <button type="button" class="button tiny copy" onClick={copy}>
      <span aria-live="polite">{copied ? texts.common.copied : (label ?? texts.common.copy)}</span>
    </button>
  );
}

/** Text to be read or pasted elsewhere, as it is. */
export const CodeBlock = ({ text, label }: { text: string; label: string }) => (
  <div class="code">
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
    <pre tabIndex={0} role="region" aria-label={label}>
      <code>{text}</code>
    </pre>
    <CopyButton text={text} />
  </div>
);
