// Rules about the source that the compiler does not check.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from '@/strings/en';

const root = join(import.meta.dirname, '..');

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.endsWith('schema.d.ts'));
}
const files = filesBelow(join(root, 'src'));
const withoutComments = (text: string) =>
  text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'|"[^"\n]*"|`[^`]*`/g, '');

describe('the source', () => {
  it('names no type "any"', () => {
    const found = files.filter((path) =>
      /[:<,|&(]\s*any\b|\bas any\b|\bany\[\]/.test(
        withoutComments(readFileSync(path, 'utf8')),
      ),
    );
    expect(found).toEqual([]);
  });

  it('fetches in one place', () => {
    const found = files.filter(
      (path) =>
        !/\.test\.tsx?$/.test(path) &&
        !path.endsWith('api/client.ts') &&
        /\bfetch\(/.test(withoutComments(readFileSync(path, 'utf8'))),
    );
    expect(found).toEqual([]);
  });

  it('has a ui/ that knows no domain', () => {
    const found = files.filter(
      (path) =>
        path.includes('/src/ui/') &&
        /from '@\/(features|app|api)\//.test(readFileSync(path, 'utf8')),
    );
    expect(found).toEqual([]);
  });

  it('has a lock that names no registry', () => {
    const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
    expect(lock).not.toMatch(/"resolved"/);
  });
});

describe('the words', () => {
  const code = files
    .filter((path) => !path.includes('/src/strings/') && !/\.test\.tsx?$/.test(path))
    .map((path) => readFileSync(path, 'utf8'));

  function namesIn(value: object): string[] {
    return Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? namesIn(inner)
        : [name],
    );
  }

  it('are all in use', () => {
    const used = code.join('\n');
    // Those that are looked up by what the engine calls them.
    const { contentTypes: _types, ...all } = en;
    const { terms: _terms, ...recommendations } = en.recommendations;
    const { kinds: _kinds, ...path } = en.path;
    const unused = namesIn({ ...all, recommendations, path }).filter(
      (name) => !/^\d+$/.test(name) && !new RegExp(`\\b${name}\\b`).test(used),
    );
    expect(unused).toEqual([]);
  });

  it('are in one place', () => {
    const found = code.flatMap(
      (text) => text.match(/>\s*[A-Z][a-z]+(?: [a-z]+)+[^<>{}=;()]*</g) ?? [],
    );
    expect(found).toEqual([]);
  });
});
