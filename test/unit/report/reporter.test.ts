import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {Event} from '../../../src/core/events.ts';
import type {ReporterParts} from '../../../src/report/reporter.ts';
import {createReporter} from '../../../src/report/reporter.ts';
import {EVERY_EVENT, PROGRESS} from './samples.ts';
import type {CollectingSink} from './streams.ts';
import {collectingSink, emitToReport} from './streams.ts';

async function render(parts: Partial<ReporterParts> & {readonly sink: CollectingSink}): Promise<void> {
  const reporter = await createReporter({
    env: {},
    format: 'human',
    verbosity: 'normal',
    color: true,
    dryRun: false,
    ...parts,
  });
  EVERY_EVENT.forEach(emitToReport(parts.sink, reporter));
  reporter.close();
}

beforeEach(() => void vi.useFakeTimers({toFake: ['setInterval', 'clearInterval']}));
afterEach(() => void vi.useRealTimers());

/** A report on a terminal whose spinner is loaded. */
async function withTerminal(
  columns: number,
  work: (of: {readonly sink: CollectingSink; readonly emit: (event: Event) => void}) => void,
): Promise<void> {
  const sink = collectingSink({tty: true, columns});
  const reporter = await createReporter({
    ...{sink, env: {TERM: 'xterm'}, format: 'human', verbosity: 'normal', color: false, dryRun: false},
  });
  await import('../../../src/report/spinner.ts');
  await new Promise((done) => setImmediate(done));
  work({sink, emit: emitToReport(sink, reporter)});
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
        '/srv/rocky-9.qcow2',
        '/out/debian-12-20261121.qcow2',
        '2 builds to delete',
        '  20261121-0123456789ab  Debian 12, 300 MiB',
        '  20261120-82989a82  Debian 12, its log alone, 2.0 KiB',
        'Nothing was deleted: add --yes to delete.',
        '+ curl 7.88.1',
        '1 package added',
        'admin: 1 error, 0 warnings, 0 info, 0 ignored',
        '  error scs-0102/architecture: architecture is "amd64" (after this plan) [3f2a]',
        '    wanted: x86_64',
        '    hint: Write x86_64.',
        'images/debian.yml:4:5: error unknown key "min_dsik"',
        'images/debian.yml:9:21: error scs-0102/architecture: architecture is "amd64"',
        '  wanted: x86_64',
        '  hint: Write x86_64.',
        '1 file, 1 image: 1 problem, 1 error, 0 warnings, 0 info, 0 ignored',
        'Debian 12 on admin',
        '  definition  images/debian.yml:3:11: enabled, public, multi: true',
        '  offers      lists 20261121',
        '  hold        held until it is lifted (run r on h: freeze)',
        '',
        '  image       3f2a  Debian 12',
        '  managed     Debian 12, version 20261121, current (run r1)',
        '  status      active, public',
        '  phase       Ready (Published)',
        '  project     p',
        '  created     2026-11-21T12:00:00Z, updated 2026-11-21T12:00:00Z',
        '  bytes       1.0 KiB stored, 2.0 KiB disk, qcow2, min_disk 8 GiB, min_ram 512 MiB',
        '  stores      file',
        '  source      https://example.test/debian.qcow2',
        '  Glance      sha512:ab',
        '  imgmgr      sha256:cd',
        '  verdict     pass (passed) at 2026-11-21T12:00:00Z, agent 1.0',
        '  evidence    /var/lib/imgmgr/evidence/x.json',
        '  servers     1 server',
        '              project q: 1',
        '              s1  web (project q)',
        '  tags        os:debian',
        '              os_distro = debian',
        '',
        'all images of the definition:',
        '  3f2a  Debian 12: 20261121, current, public, 2026-11-21',
        'admin: Debian 12 is held until 2026-12-25 00:00 UTC',
        'admin: Debian 12: revoked 20261121; 20261101 bears the name',
        '',
        'For the definition, so that no other cloud gets the version:',
        '# images/debian.yml:9: to the entry',
        'revoked: "no network"',
        'admin',
        '  FAIL  public             may not make public images (POST /v2/images)',
        '                           definitions have them',
        '                           hint: use another account',
        '',
        '1 ok, 0 warnings, 1 failed, 0 not tried',
        '',
        'on the cloud admin',
        '  flavor                  SCS-1V-2  (/etc/imgmgr/imgmgr.yml:3:5)',
        '# /etc/glance/policy.yaml: what Glance has to allow the role imgmgr, beside whom it allows already',
        '#',
        '# An admin alone may do this by default:',
        '# publish',
        '"publicize_image": "role:admin or role:imgmgr"',
        'https://example.org/x.qcow2.xz',
        '  origin        oci://example.org/x@sha256:00',
        '  format        qcow2',
        '  kind          disk',
        '  packed in     xz',
        '  size          as served 1 B, unpacked not known, disk 2 B',
        '  partitions    GPT, 1',
        '                1  EFI system, 5 B at 4 B',
        '  starts by     BIOS, UEFI',
        '  architecture  x86_64',
        '  digest        sha256:00',
        '  read          3 B',
        '  verdict       REFUSED',
        '                BackingFile: is qcow2 with a backing file',
        '  not seen      its size after unpacking',
        'CLOUD  DEFINITION  VERSION   BUILT  NEWER     VERIFIED  RED ON  BY      STATE            FINDINGS',
        'admin  Debian 12   20261121  5 d    20261125  pass 5d   12-25   manage  changed-by-hand  –',
        '1 row, 1 to look at, 1 due',
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
    const emit = emitToReport(sink, reporter);
    emit(PROGRESS);
    expect(sink.err()).toContain('uploading 10 MiB of 100 MiB');
    expect(sink.err()).toContain('\u001b[?25l');
    const release = reporter.hold();
    const before = sink.err();
    expect(before.endsWith('\u001b[?25h')).toBe(true);
    emit({...PROGRESS, bytes: 20 * 1024 ** 2});
    expect(sink.err()).toBe(before);
    release();
    expect(sink.err()).toContain('uploading 20 MiB of 100 MiB');
    reporter.close();
    expect(sink.err().endsWith('\u001b[?25h')).toBe(true);
  });

  it('U5: keeps its clock going where nothing happens', async () => {
    await withTerminal(100, ({sink, emit}) => {
      const {cloud, definition, version, elapsedMs, limitMs} = PROGRESS;
      emit({type: 'progress', cloud, definition, version, elapsedMs, limitMs, phase: 'booting'});
      expect(sink.err()).toContain('booting, 2.0 s of at most');
      sink.advance(7000);
      vi.advanceTimersByTime(1200);
      expect(sink.err()).toContain('booting, 9.0 s of at most');
    });
  });

  it('U5: says how long a login has taken so far, where a cloud gives no answer', async () => {
    await withTerminal(100, ({sink, emit}) => {
      emit({type: 'started', command: 'manage', clouds: ['admin'], run: 'r'});
      sink.advance(30_000);
      vi.advanceTimersByTime(1200);
      expect(sink.err()).toContain('logging in to admin, 30 s');
    });
  });

  it.each([
    [120, /uploading 10 MiB of 100 MiB \(9 %\), \S+ MiB\/s, \d.* left, .* of at most 30 min/],
    [98, /uploading 10 MiB of 100 MiB \(9 %\), \S+ MiB\/s, [^,]* left(?!,)/],
    [80, /uploading 10 MiB of 100 MiB, [^,]* left(?!,)/],
  ])('U5: on %i columns the remaining time is not what is cut off', async (columns, shown) => {
    await withTerminal(columns, ({sink, emit}) => {
      emit({...PROGRESS, bytes: 9 * 1024 ** 2});
      sink.advance(1000);
      emit({...PROGRESS, percent: 9, currentBps: 1024 ** 2, averageBps: 2 * 1024 ** 2});
      vi.advanceTimersByTime(200);
      expect(sink.err()).toMatch(shown);
      expect(sink.err()).not.toContain('…');
    });
  });
});
