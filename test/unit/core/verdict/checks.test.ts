import {readFileSync, readdirSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {CHECKS} from '../../../../src/core/verdict/checks.ts';

const FOLDER = new URL('../../../../agent/checks/', import.meta.url);

/** `id severity` of every check that the agent's sources declare. */
function declared(): string[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'));
  return files.flatMap((name) =>
    [...readFileSync(new URL(name, FOLDER), 'utf8').matchAll(/Check\{ID: "([a-z0-9-]+)",[^}]*?Severity: (\w+)/g)].map(
      ([, id = '', severity = '']) => `${id} ${severity.toLowerCase()}`,
    ),
  );
}

describe('the catalogue of checks', () => {
  it('is the one of the agent: the same ids with the same severities', () => {
    expect(CHECKS.map(({id, severity}) => `${id} ${severity}`).sort()).toEqual(declared().sort());
  });

  it('is told in docs/checks.md, every one of them', () => {
    const page = readFileSync(new URL('../../docs/checks.md', FOLDER), 'utf8');
    expect(CHECKS.filter(({id}) => !page.includes(`| \`${id}\` |`)).map(({id}) => id)).toEqual([]);
  });

  it('has no id twice', () => {
    expect(new Set(CHECKS.map(({id}) => id)).size).toBe(CHECKS.length);
  });
});
