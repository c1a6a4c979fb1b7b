// In the package's types, '@/x' becomes a path that an app can follow.
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../dist/types', import.meta.url));
cpSync(
  fileURLToPath(new URL('../src/api/schema.d.ts', import.meta.url)),
  join(root, 'api/schema.d.ts'),
);

function* filesBelow(dir) {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* filesBelow(path);
    else if (name.endsWith('.d.ts')) yield path;
  }
}

for (const path of filesBelow(root)) {
  const up = relative(dirname(path), root) || '.';
  const prefix = up.startsWith('.') ? up : `./${up}`;
  const text = readFileSync(path, 'utf8')
    .replace(/^import ['"][^'"]*\.css['"];?$/gm, '')
    .replace(/(['"])@\//g, `$1${prefix}/`);
  writeFileSync(path, text);
}
