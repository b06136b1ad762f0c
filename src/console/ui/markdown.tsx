import DOMPurify from 'dompurify';
import { marked } from 'marked';
import { useEffect, useRef } from 'preact/hooks';

// What an agent wrote may lead elsewhere, in a page of its own that learns nothing of this one.
DOMPurify.addHook('afterSanitizeAttributes', (node) => {
  if (node.nodeName !== 'A') return;
  node.setAttribute('target', '_blank');
  node.setAttribute('rel', 'noopener noreferrer');
});

const SIGNS: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

// HTML within it is text like any other; what is made of the rest is made safe once more below.
marked.use({ renderer: { html: ({ text }) => text.replace(/[&<>]/g, (sign) => SIGNS[sign] ?? sign) } });

const SAFE = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: ['style', 'form', 'input', 'button', 'select', 'textarea'],
  FORBID_ATTR: ['style', 'class', 'id', 'name'],
};

/** Markdown from anybody: of its HTML only what is harmless is shown. */
export default function Markdown({ text }: { text: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const html = marked.parse(text, { async: false, gfm: true });
    // The page's policy takes nothing here that was not made safe.
    if (box.current)
      box.current.innerHTML = DOMPurify.sanitize(html, {
        ...SAFE,
        RETURN_TRUSTED_TYPE: true,
      }) as unknown as string;
  }, [text]);
  return <div class="markdown" ref={box} />;
}
