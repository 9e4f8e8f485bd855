import {mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {evidenceFinder, evidenceKeeper} from '../../../src/history/evidence.ts';
import type {Evidence} from '../../../src/ports/evidence.ts';
import {SecretRegistry} from '../../../src/secrets/registry.ts';
import {VERDICT} from '../report/samples.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-evidence-'));
});
afterEach(async () => rm(folder, {recursive: true, force: true}));

async function keep(name: string, seconds: number): Promise<string> {
  const path = join(folder, 'evidence', name);
  await mkdir(join(folder, 'evidence'), {recursive: true});
  await writeFile(path, '{}');
  await utimes(path, seconds, seconds);
  return path;
}

describe('the evidence of an image', () => {
  it('S8: stays in its folder, whatever the cloud calls the image', async () => {
    const state = join(folder, 'state');
    const keep = evidenceKeeper({folder: state, scrub: (text) => text});
    const keepIt = (evidence: Evidence) => keep(evidence, () => undefined);
    for (const image of ['../../../escaped', '..', 'a/b', 'new\nline', 'nul\0', '::error::x']) {
      const path = await keepIt({
        ...{cloud: 'c', run: 'run1', image, definition: 'd', datasource: 'metadata', refused: []},
        verdict: VERDICT.verdict,
      });
      expect(path).toMatch(/\/state\/evidence\/run1-[\w.-]+-metadata\.json$/);
    }
    expect(await readdir(folder)).toEqual(['state']);
    expect(await readdir(state)).toEqual(['evidence']);
  });

  it.each(['12345678', '7', '"ms', 'true'])(
    'S6: is JSON though a password is %j, which is not in its texts',
    async (password) => {
      const secrets = new SecretRegistry();
      secrets.add(password);
      const keep = evidenceKeeper({folder, scrub: (text) => secrets.scrub(text)});
      const keepIt = (evidence: Evidence) => keep(evidence, () => undefined);
      const checks = [{id: 'dns', severity: 'fail', outcome: 'pass', detail: password, ms: 12345678} as const];
      const path = await keepIt({
        ...{cloud: 'c', run: 'run1', image: 'i', definition: 'd', datasource: 'metadata', refused: []},
        ...{verdict: {...VERDICT.verdict, checks}, console: `login: ${password}\n`},
      });
      const kept: unknown = JSON.parse(await readFile(path ?? '', 'utf8'));
      expect(kept).toMatchObject({verdict: {checks: [{ms: 12345678}]}});
      if (password.length > 3) expect(kept).toMatchObject({console: 'login: ***\n'});
    },
  );

  it('U7: is the newest whole file of this image', async () => {
    await keep('run1-aaaa-metadata.json', 100);
    const newest = await keep('run0-aaaa-config-drive.json', 200);
    await keep('run3-aaaa-metadata.json.new', 300);
    await keep('run4-bbbb-metadata.json', 400);
    expect(await evidenceFinder(folder)('aaaa')).toBe(newest);
  });

  it('U7: is none where no file is of this image, and where there is no folder', async () => {
    expect(await evidenceFinder(folder)('aaaa')).toBeUndefined();
    await keep('run4-bbbb-metadata.json', 400);
    expect(await evidenceFinder(folder)('aaaa')).toBeUndefined();
  });
});
