// The npm package: one ES module and its styles; React stays the app's own.
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig, esmExternalRequirePlugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [
    react(),
    tailwindcss(),
    // A dependency in CommonJS requires React, which a browser cannot: made an
    // import.
    esmExternalRequirePlugin({ external: [/^react($|\/)/, /^react-dom($|\/)/] }),
  ],
  resolve: { alias: { '@': here('./src') } },
  define: { 'import.meta.env.VITE_FIXTURES': '""' },
  publicDir: false,
  build: {
    outDir: here('./dist'),
    emptyOutDir: true,
    target: 'es2022',
    minify: false,
    lib: {
      entry: here('./src/package/index.ts'),
      formats: ['es'],
      fileName: 'index',
      cssFileName: 'style',
    },
  },
});
