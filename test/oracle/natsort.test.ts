import {access} from 'node:fs/promises';
import {execa} from 'execa';
import {beforeAll, expect, test} from 'vitest';
import {compareVersions, LATEST} from '../../src/core/release/version.ts';

/** natsort from PyPI in an environment of its own, made once. */
const VENV = new URL('../../.cache/natsort/', import.meta.url).pathname;

const SCRIPT = `
import json, random
from natsort import natsort_keygen
key = natsort_keygen()
random.seed(20260901)
letters = '0123456789' * 2 + '..--_+~vVrabz ():\\u00e9'
versions = ['20260901', '20260901.1', '1.10', '1.9', 'v1.0', '1592.1.0', '934.8', '1.01', '1.1', '', 'a', '10', '1.0-rc1', '1.0']
versions += [''.join(random.choice(letters) for _ in range(random.randint(1, 8))) for _ in range(800)]
pairs = []
for _ in range(20000):
    a, b = random.choice(versions), random.choice(versions)
    pairs.append([a, b, (key(a) > key(b)) - (key(a) < key(b))])
print(json.dumps(pairs))
`;

let pairs: [string, string, number][];

beforeAll(async () => {
  const python = `${VENV}bin/python`;
  const there = await access(`${VENV}bin/natsort`).then(
    () => true,
    () => false,
  );
  if (!there) {
    await execa('/usr/bin/python3', ['-m', 'venv', VENV]);
    await execa(python, ['-m', 'pip', 'install', '--quiet', 'natsort']);
  }
  const {stdout} = await execa(python, ['-c', SCRIPT]);
  pairs = JSON.parse(stdout) as [string, string, number][];
}, 300_000);

test('whatever natsort puts in an order stands in the same order here', () => {
  expect(pairs.length).toBe(20_000);
  const differing = pairs.filter(([a, b, order]) => order !== 0 && Math.sign(compareVersions(a, b)) !== order);
  expect(differing).toEqual([]);
});

test('what natsort calls equal has an order here too, unless it is the same text', () => {
  const equal = pairs.filter(([, , order]) => order === 0);
  expect(equal.length).toBeGreaterThan(0);
  for (const [a, b] of equal)
    expect(compareVersions(a, b) === 0).toBe(a === b || a.normalize('NFD') === b.normalize('NFD'));
  expect(pairs.some(([a]) => a === LATEST)).toBe(false);
});
