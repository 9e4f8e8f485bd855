import {access, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {openApiDocument} from '../../src/server/web/openapi.ts';
import {VERSION} from '../../src/version.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
/** openapi-spec-validator from PyPI, which has the schema of the OpenAPI Initiative, in an environment of its own, made once. */
const VENV = join(ROOT, '.cache/openapi');
const CHECK =
  'import json, sys; from openapi_spec_validator import OpenAPIV31SpecValidator as V; V(json.load(open(sys.argv[1]))).validate()';
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-openapi-'));
  const made = join(VENV, '.made');
  const isThere = await access(made).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  await execa('/usr/bin/python3', ['-m', 'venv', VENV]);
  await execa(join(VENV, 'bin/python'), ['-m', 'pip', 'install', '--quiet', 'openapi-spec-validator==0.9.0']);
  await writeFile(made, '');
});
afterAll(async () => rm(folder, {recursive: true, force: true}));

async function validate(document: object): Promise<{readonly failed: boolean; readonly said: string}> {
  const path = join(folder, 'openapi.json');
  await writeFile(path, JSON.stringify(document));
  const {failed, stderr} = await execa(join(VENV, 'bin/python'), ['-c', CHECK, path], {reject: false});
  return {failed, said: stderr};
}

describe('the OpenAPI document', () => {
  it('is one of OpenAPI 3.1, by its official schema', async () => {
    expect(await validate(openApiDocument(VERSION))).toEqual({failed: false, said: ''});
  });

  it.each<[string, object]>([
    ['no title', {info: {version: '1'}}],
    ['a field that is not known', {more: 1}],
    ['a path without its parameter', {paths: {'/v1/runs/{id}': {get: {responses: {200: {description: ''}}}}}}],
  ])('with %s is none', async (_, change) => {
    const {failed, said} = await validate({...openApiDocument(VERSION), ...change});
    expect([failed, said.split('\n').at(-1)]).not.toEqual([false, '']);
    expect(failed).toBe(true);
  });
});
