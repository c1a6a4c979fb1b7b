// A screenshot as a PNG of at most 256 colours: a page has few, and the README's
// pictures are kept with the source.
import { readFileSync, writeFileSync } from 'node:fs';
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const MOST = 256;

function paeth(a, b, c) {
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

/** What each filter of the format adds (PNG, 3rd edition, 9.2). */
const ADDS = [
  () => 0,
  (a) => a,
  (_a, b) => b,
  (a, b) => (a + b) >> 1,
  paeth,
];

function chunksOf(file) {
  const chunks = [];
  for (let at = SIGNATURE.length; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const body = file.subarray(at + 8, at + 8 + length);
    chunks.push({ type: file.toString('latin1', at + 4, at + 8), body });
    at += 12 + length;
  }
  return chunks;
}

/** Rows of samples; 8 bits each, not interlaced, as Chromium writes them. */
function decode(file) {
  const chunks = chunksOf(file);
  const [{ body: head }] = chunks;
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const step = { 2: 3, 6: 4 }[head[9]];
  if (head[8] !== 8 || head[12] !== 0 || !step) throw new Error('another PNG than expected');
  const bytes = inflateSync(
    Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ body }) => body)),
  );
  const line = width * step;
  const samples = new Uint8Array(line * height);
  for (let y = 0; y < height; y += 1) {
    const add = ADDS[bytes[y * (line + 1)]];
    for (let x = 0; x < line; x += 1) {
      const to = y * line + x;
      const a = x < step ? 0 : samples[to - step];
      const b = y ? samples[to - line] : 0;
      const c = y && x >= step ? samples[to - line - step] : 0;
      samples[to] = bytes[y * (line + 1) + 1 + x] + add(a, b, c);
    }
  }
  return { width, height, step, samples };
}

/** The commonest colours; each other goes to the nearest of them. */
function paletteOf({ samples, step }) {
  const counts = new Map();
  for (let i = 0; i < samples.length; i += step) {
    const colour = (samples[i] << 16) | (samples[i + 1] << 8) | samples[i + 2];
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const colours = [...counts].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  const palette = colours.slice(0, MOST);
  const apart = (a, b) =>
    ((a >> 16) - (b >> 16)) ** 2 +
    (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 +
    ((a & 255) - (b & 255)) ** 2;
  const nearest = new Map(palette.map((colour, i) => [colour, i]));
  for (const colour of colours.slice(MOST)) {
    let best = 0;
    for (let i = 1; i < palette.length; i += 1)
      if (apart(colour, palette[i]) < apart(colour, palette[best])) best = i;
    nearest.set(colour, best);
  }
  return { palette, nearest };
}

function chunk(type, body) {
  const out = Buffer.alloc(12 + body.length);
  out.writeUInt32BE(body.length, 0);
  out.write(type, 4, 'latin1');
  body.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), 8 + body.length);
  return out;
}

/** Writes the file anew, where that makes it smaller. */
export function makeSmaller(path) {
  const file = readFileSync(path);
  const picture = decode(file);
  const { width, height, step, samples } = picture;
  const { palette, nearest } = paletteOf(picture);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const i = (y * width + x) * step;
      const colour = (samples[i] << 16) | (samples[i + 1] << 8) | samples[i + 2];
      rows[y * (width + 1) + 1 + x] = nearest.get(colour);
    }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3], 8); // 8 bits, a palette
  const out = Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette.flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  if (out.length < file.length) writeFileSync(path, out);
}
