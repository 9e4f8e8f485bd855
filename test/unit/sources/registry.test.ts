import {readdirSync} from 'node:fs';
import {expect, test} from 'vitest';
import {createExec} from '../../../src/exec.ts';
import {createHttp} from '../../../src/http.ts';
import {createKinds, kindFor} from '../../../src/sources/registry.ts';
import {failure} from './under-test.ts';

const kinds = createKinds({
  web: {http: createHttp({proxy: 'none'}), allowPrivate: false, silenceMs: 1},
  patience: {attempts: 1, delayMs: 1},
  stdin: undefined,
  exec: createExec({}),
  logins: {files: {others: []}},
});

test('every module in kinds/ is registered under its name, and nothing else is', () => {
  const modules = readdirSync(new URL('../../../src/sources/kinds', import.meta.url)).map((name) =>
    name.replace(/\.ts$/, ''),
  );
  expect(kinds.map(({name}) => name).toSorted()).toEqual(modules.toSorted());
});

test.each([
  ['http://example.org/a', 'http'],
  ['HTTPS://example.org/a', 'http'],
  ['file:a/b', 'file'],
  ['file:///a/b', 'file'],
  ['-', 'stdin'],
  ['oci://registry.example.org/a:1', 'oci'],
])('%s is read by %s', (url, name) =>
  expect(kinds.filter((kind) => kind.claims(url)).map((kind) => kind.name)).toEqual([name]),
);

test.each(['ftp://me:secret@example.org/a', '/etc/passwd', '', 'http:example.org'])('nothing reads %j', async (url) => {
  const error = await failure(Promise.resolve().then(() => kindFor(kinds, url)));
  expect(error.code).toBe('SOURCE_REFUSED');
  expect(error.message).not.toContain('secret');
});
