import {mkdir, readFile, readdir, stat, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {CloudNews} from '../../../src/core/metrics/carry-over.ts';
import type {Warning} from '../../../src/core/warnings.ts';
import {temporaryName} from '../../../src/host/temporary.ts';
import {createTextfiles, fileNameOf} from '../../../src/metrics/textfile.ts';
import {useFolder} from '../build/folder.ts';
import {NOW_MS, RUN, observation} from '../core/metrics/samples.ts';

const folder = useFolder();

/** Writes and gives the warnings. */
async function write(news: readonly CloudNews[], place = folder.path()): Promise<readonly Warning[]> {
  const warnings: Warning[] = [];
  const writer = createTextfiles({
    folder: place,
    version: '1.2.3',
    now: () => new Date(NOW_MS),
    scrub: (text) => text.replaceAll('s3cret', '***'),
    warn: (warning) => void warnings.push(warning),
  });
  for (const one of news) writer.write(one);
  await writer.end();
  return warnings;
}

const text = async (cloud: string): Promise<string> => readFile(join(folder.path(), fileNameOf(cloud)), 'utf8');
const news = (cloud: string, verb = 'manage'): CloudNews => ({cloud, run: {...RUN, verb}});

describe('the file of a cloud', () => {
  it.each([
    ['prod-a', 'imgmgr-prod-a.prom'],
    ['prod_b.example', 'imgmgr-prod_b.example.prom'],
    ['', 'imgmgr.prom'],
    ['../../etc/cron.d/x', 'imgmgr-..%2f..%2fetc%2fcron.d%2fx.prom'],
    ['50%', 'imgmgr-50%25.prom'],
    ['a b\n', 'imgmgr-a%20b%0a.prom'],
    ['Zürich', 'imgmgr-Z%c3%bcrich.prom'],
  ])('of %j is %s', (cloud, name) => {
    expect(fileNameOf(cloud)).toBe(name);
  });

  it('is another one for every cloud, and never longer than a file name may be', () => {
    const long = 'x'.repeat(300);
    const clouds = ['a/b', 'a%2fb', 'a%2Fb', 'A/b', 'ü', 'u', long, `${long}y`, 'ü'.repeat(200), `${'x'.repeat(100)}~`];
    const names = clouds.map(fileNameOf);
    expect(new Set(names).size).toBe(clouds.length);
    expect(names.filter((name) => name.length > 200 + 20 || !/^[\w%.~-]+$/.test(name))).toEqual([]);
  });

  it('may be read by everybody, whatever the umask, and is in its place in one step: nothing else stays', async () => {
    expect(await write([news('prod-a')])).toEqual([]);
    expect((await stat(join(folder.path(), 'imgmgr-prod-a.prom'))).mode & 0o777).toBe(0o644);
    expect(await readdir(folder.path())).toEqual(['imgmgr-prod-a.prom']);
  });

  it('keeps what earlier runs said, also where both write at once', async () => {
    await Promise.all(['manage', 'verify', 'status', 'hide'].map(async (verb) => write([news('prod-a', verb)])));
    await write([{...news('prod-a', 'hold'), observation: observation()}]);
    const verbs = [...(await text('prod-a')).matchAll(/imgmgr_run_exit_code\{cloud="prod-a",verb="(\w+)"\}/g)];
    expect(verbs.map(([, verb]) => verb).sort()).toEqual(['hide', 'hold', 'manage', 'status', 'verify']);
  });

  it('says which imgmgr wrote only where no cloud is meant, so that no series is in two files', async () => {
    await write([news('prod-a'), news('prod-b'), news('', 'build')]);
    const files = await Promise.all(['prod-a', 'prod-b', ''].map(text));
    expect(files.map((one) => one.includes('imgmgr_build_info'))).toEqual([false, false, true]);
    expect(files[2]).toContain('imgmgr_run_exit_code{verb="build"} 0\n');
    const series = files.flatMap((one) => one.split('\n').filter((line) => line !== '' && !line.startsWith('#')));
    expect(new Set(series.map((line) => line.replace(/ [^ ]+$/, ''))).size).toBe(series.length);
  });

  it('holds no secret', async () => {
    await write([news('s3cret')]);
    expect(await text('s3cret')).toContain('cloud="***"');
  });

  it.each([
    ['is a link, which stays unread', async (path: string) => symlink('/etc/passwd', path)],
    ['cannot be read', async (path: string) => writeFile(path, 'imgmgr_run_exit_code', {mode: 0})],
    ['is no text', async (path: string) => writeFile(path, Buffer.alloc(4096, 0xff))],
    ['is too large', async (path: string) => writeFile(path, Buffer.alloc(17 * 1024 * 1024, '\n'))],
  ])('is made anew where what is there %s', async (_, make) => {
    await make(join(folder.path(), 'imgmgr-prod-a.prom'));
    expect(await write([news('prod-a')])).toEqual([]);
    expect((await text('prod-a')).split('\n')).toHaveLength(13);
    expect((await stat('/etc/passwd')).size).toBeGreaterThan(0);
  });

  it('takes nothing of other clouds or programs from the file that was there', async () => {
    const path = join(folder.path(), 'imgmgr-prod-a.prom');
    await writeFile(
      path,
      'node_load1 9\nimgmgr_images{cloud="prod-b",state="current"} 9\nimgmgr_images{cloud="prod-a",state="ready"} 9\n',
    );
    await write([news('prod-a')]);
    expect(await text('prod-a')).not.toMatch(/node_load1|prod-b/);
    expect(await text('prod-a')).toContain('imgmgr_images{cloud="prod-a",state="ready"} 9\n');
  });
});

describe('a folder of metrics that cannot be used', () => {
  it.each([
    ['is not there', 'missing', () => Promise.resolve(), 'is not there'],
    ['is a file', 'file', async (path: string) => writeFile(path, ''), 'may not be written (ENOTDIR)'],
  ])('that %s is one warning, whatever is to be written', async (_, name, make, reason) => {
    const place = join(folder.path(), name);
    await make(place);
    const warnings = await write([news('prod-a'), news('prod-b')], place);
    expect(warnings).toMatchObject([{code: 'metrics-not-written', cloud: 'prod-a'}]);
    expect(warnings[0]?.message).toMatch(/^the metrics of prod-a are not up to date: .*\//);
    expect(warnings[0]?.message).toContain(reason);
  });

  it('because a file is in the way is one warning, and the other clouds have theirs', async () => {
    await mkdir(join(folder.path(), 'imgmgr-prod-a.prom', 'x'), {recursive: true});
    expect(await write([news('prod-a'), news('prod-b')])).toMatchObject([{cloud: 'prod-a'}]);
    expect((await readdir(folder.path())).sort()).toEqual(['imgmgr-prod-a.prom', 'imgmgr-prod-b.prom']);
  });
});

describe('what killed runs left', () => {
  it('goes, and what other programs have there stays', async () => {
    const {pid} = process;
    const left = temporaryName('.imgmgr-tmp-').replace(`.${pid}.`, '.999999999.');
    const names = [left, 'node.prom', '.imgmgr-tmpfile', 'imgmgr-x.prom.1'];
    for (const name of names) await writeFile(join(folder.path(), name), '');
    await write([news('prod-a')]);
    expect((await readdir(folder.path())).sort()).toEqual([
      '.imgmgr-tmpfile',
      'imgmgr-prod-a.prom',
      'imgmgr-x.prom.1',
      'node.prom',
    ]);
  });
});
