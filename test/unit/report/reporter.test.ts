import {describe, expect, it} from 'vitest';
import type {ReporterParts} from '../../../src/report/reporter.ts';
import {createReporter} from '../../../src/report/reporter.ts';
import {EVERY_EVENT, PROGRESS} from './samples.ts';
import type {CollectingSink} from './streams.ts';
import {collectingSink} from './streams.ts';

async function render(parts: Partial<ReporterParts> & {readonly sink: CollectingSink}): Promise<void> {
  const reporter = await createReporter({
    env: {},
    format: 'human',
    verbosity: 'normal',
    color: true,
    dryRun: false,
    ...parts,
  });
  EVERY_EVENT.forEach(reporter.emit);
  reporter.close();
}

describe('a report', () => {
  it('gives the plan of a dry run on stdout, with reasons and changes', async () => {
    const sink = collectingSink();
    await render({sink, dryRun: true});
    expect(sink.out()).toBe(
      [
        'admin: 2 actions, 1 unchanged',
        '  import     AlmaLinux 9 (20241120): not in the cloud yet',
        '  publish    AlmaLinux 9 (20241120) as "AlmaLinux 9": proven and complete [3f2a]',
        '               visibility: private → public',
        '  unchanged  Debian 12',
        '/out/debian-12-20261121.qcow2',
        '+ curl 7.88.1',
        '1 package added',
        'admin: 1 image to delete',
        '  91bc  AlmaLinux 9 (20240101)',
        'Nothing was deleted: add --yes to delete.',
        '',
      ].join('\n'),
    );
  });

  it('gives no plan on stdout when it is carried out', async () => {
    const sink = collectingSink();
    await render({sink});
    expect(sink.out()).not.toContain('import');
    expect(sink.out()).toContain('91bc');
  });

  it('is the answer and errors alone when it is to be quiet', async () => {
    const sink = collectingSink();
    await render({sink, dryRun: true, verbosity: 'quiet'});
    expect(sink.out()).toContain('2 actions');
    expect(
      sink
        .err()
        .split('\n')
        .filter((line) => line !== '' && !line.includes('| ERROR ')),
    ).toEqual([]);
  });

  it('is JSON on stdout and nothing on stderr', async () => {
    const sink = collectingSink();
    await render({sink, format: 'json'});
    expect(sink.err()).toBe('');
    expect(sink.out().split('\n')[0]).toContain('"schema":1');
  });

  it('is JUnit on stdout while stderr is told as usual', async () => {
    const sink = collectingSink();
    await render({sink, format: 'junit', dryRun: true});
    expect(sink.out()).toMatch(/^<\?xml/);
    expect(sink.err()).toContain('Importing image');
  });

  it('has no escape sequence where there is no terminal', async () => {
    const sink = collectingSink();
    await render({sink, dryRun: true, verbosity: 'debug'});
    expect(sink.out() + sink.err()).not.toContain('\u001b');
  });

  it('colours a file when FORCE_COLOR says so', async () => {
    const sink = collectingSink();
    await render({sink, env: {FORCE_COLOR: '1'}});
    expect(sink.err()).toContain('\u001b[31mERROR');
  });

  it('is log lines on a terminal in CI and on a dumb one', async () => {
    for (const env of [{CI: 'true', TERM: 'xterm'}, {TERM: 'dumb'}]) {
      const sink = collectingSink({tty: true});
      await render({sink, env});
      expect(sink.err()).toContain('| INFO');
    }
  });

  it('scrolls finished things by on a terminal, one line each, and ends with the counts', async () => {
    const sink = collectingSink({tty: true});
    await render({sink, env: {TERM: 'xterm', NO_COLOR: '1'}});
    const lines = sink.err().split('\n');
    expect(lines[0]).toBe('· imgmgr 1.2.3: manage');
    expect(sink.err()).toContain('✔ Imported image AlmaLinux 9 (20241120): method web-download (3f2a, 12 s)\n');
    expect(sink.err()).toContain('✖ Flatcar: sha512 is ab…');
    expect(lines.at(-2)).toMatch(/^· imported: 1, .* pending: 7 \(1 min 5 s\)$/);
  });

  it('moves what is under way below, and takes it away when it is done', async () => {
    const sink = collectingSink({tty: true});
    const reporter = await createReporter({
      sink,
      env: {TERM: 'xterm'},
      format: 'human',
      verbosity: 'normal',
      color: true,
      dryRun: false,
    });
    await import('../../../src/report/spinner.ts');
    await new Promise((done) => setImmediate(done));
    reporter.emit(PROGRESS);
    expect(sink.err()).toContain('uploading 10 MiB of 100 MiB');
    expect(sink.err()).toContain('\u001b[?25l');
    const release = reporter.hold();
    const before = sink.err();
    expect(before.endsWith('\u001b[?25h')).toBe(true);
    reporter.emit({...PROGRESS, bytes: 20 * 1024 ** 2});
    expect(sink.err()).toBe(before);
    release();
    expect(sink.err()).toContain('uploading 20 MiB of 100 MiB');
    reporter.close();
    expect(sink.err().endsWith('\u001b[?25h')).toBe(true);
  });
});
