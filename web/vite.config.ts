// The page: hashed assets that `piq serve` finds beside itself (build/web, or
// share/piq/web once installed).
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** src/app/early.ts as a file of its own, named first in the page: it runs while
 * the others are on their way. */
function early(): Plugin {
  const source = here('./src/app/early.ts');
  return {
    name: 'early',
    apply: 'build',
    buildStart() {
      this.emitFile({ type: 'chunk', id: source });
    },
    transformIndexHtml: {
      order: 'post',
      handler: (_, { bundle }) =>
        Object.values(bundle ?? {})
          .filter((one) => one.type === 'chunk' && one.facadeModuleId === source)
          .map(({ fileName }) => ({
            tag: 'script',
            attrs: { type: 'module', async: true, crossorigin: true, src: `/${fileName}` },
            injectTo: 'head-prepend' as const,
          })),
    },
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [react(), tailwindcss(), early()],
  resolve: { alias: { '@': here('./src') } },
  define: {
    'import.meta.env.VITE_FIXTURES': JSON.stringify(
      mode === 'fixtures' || mode === 'development' ? '1' : '',
    ),
  },
  server: {
    port: 5173,
    proxy: {
      '/api': { target: process.env['PIQ_URL'] ?? 'http://127.0.0.1:8080' },
    },
  },
  build: {
    outDir: process.env['PIQ_WEB_OUT'] ?? here('../build/web'),
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    // A data: URL would need one more source in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'test/**/*.test.ts'],
    setupFiles: ['./test/setup.ts'],
    // Two cores, shared.
    maxWorkers: 2,
    testTimeout: 15_000,
  },
}));
