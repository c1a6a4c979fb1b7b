// Beside each file of the page its .br and .gz, made once, so that the server
// sends bytes that are there already.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const out =
  process.env.PIQ_WEB_OUT ??
  fileURLToPath(new URL('../../build/web', import.meta.url));
const WORTH_BYTES = 256;

function* filesBelow(dir) {
  for (const name of readdirSync(dir).sort()) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* filesBelow(path);
    else if (!/\.(br|gz)$/.test(name)) yield path;
  }
}

for (const path of filesBelow(out)) {
  const bytes = readFileSync(path);
  if (bytes.length < WORTH_BYTES) continue;
  const made = {
    br: brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
    gz: gzipSync(bytes, { level: 9 }),
  };
  for (const [suffix, small] of Object.entries(made))
    if (small.length < bytes.length)
      writeFileSync(`${path}.${suffix}`, small);
}
