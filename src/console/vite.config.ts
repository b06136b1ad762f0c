import { defineConfig } from 'vite';

/** `vite build src/console`: the page, as the host serves it. */
export default defineConfig({
  // Wherever a proxy puts the host, what belongs to the page lies beside it.
  base: './',
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    // Nothing is made into a data: URL, so that the page's policy need not allow them where they could do harm.
    assetsInlineLimit: 0,
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  css: { devSourcemap: false },
  logLevel: 'warn',
});
