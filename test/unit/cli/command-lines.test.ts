import {describe, expect, it} from 'vitest';
import {fakeIo} from '../../cli/fake-io.ts';
import {DROPPED_FLAGS} from '../../../src/cli/dropped-flags.ts';
import type {BuildRequest} from '../../../src/app/build.ts';
import {build} from '../../../src/app/build.ts';
import {buildAndUpload} from '../../../src/app/build-and-upload.ts';
import type {CompareManifestsRequest} from '../../../src/app/compare-manifests.ts';
import {compareManifests} from '../../../src/app/compare-manifests.ts';
import type {DeleteRequest} from '../../../src/app/delete.ts';
import {DELETE, deleteImages} from '../../../src/app/delete.ts';
import {dryRun} from '../../../src/app/dry-run.ts';
import type {HideRequest} from '../../../src/app/hide.ts';
import {HIDE, hide} from '../../../src/app/hide.ts';
import {importDefinitions} from '../../../src/app/import.ts';
import type {ImportImageRequest} from '../../../src/app/import-image.ts';
import {importImage} from '../../../src/app/import-image.ts';
import {importUpload} from '../../../src/app/receive-upload.ts';
import type {ManageRequest} from '../../../src/app/manage.ts';
import {manage} from '../../../src/app/manage.ts';
import type {BootSettings, DefinitionChoice} from '../../../src/app/requests.ts';
import {runOptions} from '../../../src/app/run-options.ts';
import type {Invocation} from '../../../src/cli/invocation.ts';
import {runCommandLine} from '../../../src/cli/program.ts';
import {DEFAULT_POLICY} from '../../../src/core/policy.ts';
import type {Policy} from '../../../src/core/policy.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import type {RunOptions} from '../../../src/workflow/types.ts';

/** The parts of any request that these tests look at, and the options for the workflow that the verb makes of it. */
interface Parsed extends Pick<
  Invocation<unknown>,
  'command' | 'output' | 'report' | 'allowPrivateSources' | 'readsStdin' | 'history'
> {
  readonly request: AnyRequest;
  readonly verb: unknown;
  readonly options: RunOptions;
}

type AnyRequest = Partial<
  Omit<ManageRequest, 'builds' | 'definitions'> &
    Omit<BuildRequest, 'definitions'> &
    Pick<ImportImageRequest, 'image' | 'dryRun'> &
    CompareManifestsRequest
> & {readonly definitions?: Partial<DefinitionChoice>};

async function parse(argv: readonly string[]): Promise<Parsed> {
  const seen: Parsed[] = [];
  await runCommandLine({
    argv,
    io: fakeIo(),
    version: '1.2.3',
    execute: async ({load, ...invocation}) => {
      const request = invocation.request as AnyRequest;
      const verb: unknown = await load();
      seen.push({...invocation, request, verb, options: optionsOf(verb, request)});
      return 0;
    },
  });
  const [invocation] = seen;
  if (!invocation) throw new Error('no command was carried out');
  return invocation;
}

function optionsOf(verb: unknown, request: AnyRequest): RunOptions {
  if (verb === hide) return runOptions(request as HideRequest, HIDE.policy);
  if (verb === deleteImages) return runOptions(request as DeleteRequest, DELETE.policy);
  const {definitions, ...parts} = request;
  const options = runOptions({run: {jobs: 6}, ...parts, definitions: {force: definitions?.force ?? false}});
  return verb === dryRun ? {...options, dryRun: true} : options;
}

const BUILD = {
  rebuild: false,
  keepArtifacts: 0,
  keepLogs: 5,
  cacheGib: 20,
  lockWaitMs: 3_600_000,
} as const;

const NOTHING = {output: undefined, arch: undefined, old: undefined, new: undefined};

async function refusal(argv: readonly string[]): Promise<ImgmgrError> {
  try {
    await parse(argv);
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
    throw error;
  }
  throw new Error('the command line was accepted');
}

describe('the history', () => {
  it.each([
    ['manage', 400],
    ['manage --keep-history 30d', 30],
    ['build', 400],
    ['build --upload --cloud c --keep-history 48h', 2],
    ['import', 400],
    ['import x.img', 400],
    ['verify', 400],
    ['hide', 400],
    ['delete', 400],
    ['dry-run', undefined],
    ['manage --dry-run', undefined],
    ['import --dry-run', undefined],
    ['hide --dry-run', undefined],
    ['delete --dry-run', undefined],
    ['build --upload --cloud c --dry-run', undefined],
    ['build --diff a b', undefined],
    ['validate', undefined],
    ['status', undefined],
    ['show X', undefined],
  ])('of %s is kept for %s days', async (line, days) => {
    const {history} = await parse(line.split(' '));
    expect(history).toEqual(days === undefined ? undefined : {keepMs: days * 86_400_000});
  });
});

describe('manage', () => {
  it('asks for the defaults when no flag is given', async () => {
    const {command, request, verb, options, output, report, ...others} = await parse(['manage']);
    const {clouds, definitions, tests, builds} = request;
    expect({command, clouds, definitions, boot: tests?.boot, builds, options, output, report, ...others}).toEqual({
      command: 'manage',
      clouds: [],
      definitions: {images: [], force: false},
      allowPrivateSources: false,
      readsStdin: false,
      history: {keepMs: 400 * 86_400_000},
      boot: {deadlineMs: 600_000, listen: {port: 0}, keepOnFailure: false, inject: false, record: true},
      builds: BUILD,
      options: {
        policy: DEFAULT_POLICY,
        dryRun: false,
        jobs: 6,
        stuckRetry: 0,
        importTimeoutMs: 1_800_000,
        limits: {},
        silenceNotVerified: false,
      },
      output: {format: 'human', verbosity: 'normal', color: true},
      report: {dryRun: false},
    });
    expect(verb).toBe(manage);
  });

  it.each<[string[], Partial<Policy>]>([
    [['--latest'], {latest: true}],
    [['--force'], {force: true}],
    [['--hide'], {hide: true}],
    [['--deactivate'], {deactivate: true}],
    [['--delete'], {delete: true}],
    [['--delete', '--yes'], {delete: true, yes: true}],
    [['--delete', '--yes-i-really-know-what-i-do'], {delete: true, yes: true}],
    [['--keep'], {keep: true}],
    [['--retire-as', 'community'], {retireAs: 'community'}],
    [['--replace'], {replace: true}],
    [['--adopt'], {adopt: true}],
    [['--force-state'], {forceState: true}],
    [['--include-none'], {includeNone: true}],
    [['--max-delete', '3'], {maxDelete: 3}],
    [['--delete-in-use'], {deleteInUse: true}],
    [['--no-publish'], {publish: false}],
    [['--no-wait'], {wait: false}],
    [['--verify'], {}],
    [['--no-verify'], {verify: false}],
    [['--reverify'], {reverify: true}],
    [['--quarantine', '0'], {quarantine: 0}],
    [['--tag', 'mine'], {tag: 'mine'}],
    [['--stores', 'file,fast', '--stores', 'slow'], {stores: ['file', 'fast', 'slow']}],
    [['--convert', 'raw'], {convert: {to: 'raw', compress: false}}],
    [['--convert', 'qcow2', '--compress'], {convert: {to: 'qcow2', compress: true}}],
  ])('%j changes exactly its part of the policy', async (flags, changed) => {
    expect((await parse(['manage', ...flags])).options.policy).toEqual({...DEFAULT_POLICY, ...changed});
  });

  it.each<[string[], Partial<RunOptions>]>([
    [['--dry-run'], {dryRun: true}],
    [['--jobs', '2'], {jobs: 2}],
    [['--method', 'upload'], {method: 'upload'}],
    [['--prefetch', 'on-stuck'], {prefetch: 'on-stuck'}],
    [['--stuck-retry', '1'], {stuckRetry: 1}],
    [['--max-download', '20G'], {limits: {download: 20 * 1024 ** 3}}],
    [['--max-unpacked', '512M', '--max-virtual', '1T'], {limits: {unpacked: 512 * 1024 ** 2, virtual: 1024 ** 4}}],
    [['--import-timeout', '90'], {importTimeoutMs: 90_000}],
    [['--import-timeout', '1h30m'], {importTimeoutMs: 5_400_000}],
    [['--wait-lock', '0'], {waitLockMs: 0}],
    [['--wait-lock', '10m'], {waitLockMs: 600_000}],
  ])('%j changes exactly its option', async (flags, changed) => {
    const {options} = await parse(['manage']);
    expect((await parse(['manage', ...flags])).options).toEqual({...options, ...changed});
  });

  it('S2: redirects to private networks are refused unless --allow-private-sources says otherwise', async () => {
    expect((await parse(['manage'])).allowPrivateSources).toBe(false);
    for (const command of ['manage', 'dry-run', 'import'])
      expect((await parse([command, '--allow-private-sources'])).allowPrivateSources).toBe(true);
  });

  it.each<[string[], Partial<BootSettings>]>([
    [['--verify-cloud', 'tenant'], {cloud: 'tenant'}],
    [['--flavor', 'small', '--network', 'net'], {flavor: 'small', network: 'net'}],
    [['--root', 'volume'], {root: 'volume'}],
    [['--listen', ':7443'], {listen: {host: '0.0.0.0', port: 7443}}],
    [['--listen', '[::1]:0'], {listen: {host: '::1', port: 0}}],
    [['--listen', '192.0.2.7:7443-7450'], {listen: {host: '192.0.2.7', port: 7443, lastPort: 7450}}],
    [['--listen', ':7443-7443'], {listen: {host: '0.0.0.0', port: 7443, lastPort: 7443}}],
    [['--listen', '[::1]:7443-65535'], {listen: {host: '::1', port: 7443, lastPort: 65_535}}],
    [['--advertise', '192.0.2.7'], {advertise: {host: '192.0.2.7'}}],
    [['--advertise', 'gate.example.org:7443'], {advertise: {host: 'gate.example.org', port: 7443}}],
    [['--deadline', '5m'], {deadlineMs: 300_000}],
    [['--keep-on-failure'], {keepOnFailure: true}],
    [['--inject'], {inject: true}],
    [['--ssh-key', 'key.pub', '--lookup', 'example.org'], {sshKeyFile: 'key.pub', lookup: 'example.org'}],
  ])('%j changes exactly its part of the verification', async (flags, changed) => {
    const {request} = await parse(['manage']);
    const {tests} = (await parse(['manage', ...flags])).request;
    expect(tests).toEqual({...request.tests, boot: {...request.tests?.boot, ...changed}});
  });

  it('takes clouds in the order in which they were named', async () => {
    expect((await parse(['manage', '--cloud', 'b', '--cloud', 'a,c'])).request.clouds).toEqual(['b', 'a', 'c']);
  });

  it('takes where the definitions are and which of them', async () => {
    const {request} = await parse(['manage', '--images', 'etc/images', '--filter', '^Alma']);
    expect(request.definitions).toMatchObject({images: ['etc/images'], filter: ['^Alma']});
  });

  it('is dry-run with --dry-run', async () => {
    expect(await parse(['manage', '--dry-run'])).toMatchObject({command: 'dry-run', verb: dryRun});
  });

  it('runs the command line that the osism wrapper composes', async () => {
    const flags = [
      '--hide',
      '--delete',
      '--yes-i-really-know-what-i-do',
      '--latest',
      '--cloud',
      'admin',
      '--filter',
      'Ubuntu',
    ];
    const invocation = await parse(['manage', ...flags, '--stuck-retry', '1', '--images', '/etc/images']);
    expect(invocation).toMatchObject({
      request: {clouds: ['admin'], definitions: {images: ['/etc/images'], filter: ['Ubuntu']}},
      options: {stuckRetry: 1, policy: {hide: true, delete: true, yes: true, latest: true}},
    });
  });
});

describe('the other commands', () => {
  it('dry-run takes the flags of manage and only looks', async () => {
    const invocation = await parse(['dry-run', '--latest', '--delete', '--yes']);
    expect(invocation.command).toBe('dry-run');
    expect(invocation.options.dryRun).toBe(true);
    expect(invocation.options.policy).toEqual({...DEFAULT_POLICY, latest: true, delete: true, yes: true});
  });

  it('hide hides and acquires nothing', async () => {
    const {command, options} = await parse(['hide', '--cloud', 'admin']);
    expect(command).toBe('hide');
    expect(options.policy).toEqual({...DEFAULT_POLICY, hide: true, acquire: false});
  });

  it('delete deletes, acquires nothing, and needs --yes of its own', async () => {
    const {options} = await parse(['delete', '--max-delete', '5']);
    expect(options.policy).toEqual({...DEFAULT_POLICY, delete: true, acquire: false, maxDelete: 5});
  });

  it('hide and delete can be tried first', async () => {
    expect((await parse(['hide', '--dry-run'])).options.dryRun).toBe(true);
    expect((await parse(['delete', '--dry-run'])).options.dryRun).toBe(true);
  });

  it('import without an argument works on definitions and deletes nothing', async () => {
    const invocation = await parse(['import', '--filter', 'Debian', '--no-publish']);
    expect(invocation.request.image).toBeUndefined();
    expect(invocation).toMatchObject({
      command: 'import',
      request: {definitions: {filter: ['Debian']}},
      options: {policy: {publish: false, delete: false}},
    });
  });

  it('import with an argument describes one image, private unless told otherwise', async () => {
    const digest = 'ab'.repeat(32);
    const flags = [
      '--name',
      'X',
      '--checksum',
      digest,
      '--min-disk',
      '4',
      '--property',
      'os_distro=debian',
      '--property',
      'a=b=c',
    ];
    const {request} = await parse(['import', 'https://example.org/x.qcow2', ...flags]);
    expect(request.image).toEqual({
      address: 'https://example.org/x.qcow2',
      name: 'X',
      checksum: {algorithm: 'sha256', hex: digest},
      allowRunning: false,
      minDiskGib: 4,
      minRamMib: 0,
      login: '',
      visibility: 'private',
      protected: false,
      properties: {os_distro: 'debian', a: 'b=c'},
    });
  });

  it('import reads stdin with -', async () => {
    expect(await parse(['import', '-', '--name', 'X', '--disk-format', 'raw'])).toMatchObject({
      request: {image: {address: '-', diskFormat: 'raw'}},
      readsStdin: true,
    });
  });
});

describe('output', () => {
  it.each<[string[], Partial<Parsed['output']>]>([
    [['manage', '--json'], {format: 'json'}],
    [['--json', 'manage'], {format: 'json'}],
    [['manage', '--format', 'junit'], {format: 'junit'}],
    [['manage', '-q'], {verbosity: 'quiet'}],
    [['-v', 'manage'], {verbosity: 'verbose'}],
    [['manage', '--debug', '-v'], {verbosity: 'debug'}],
    [['manage', '--no-color'], {color: false}],
  ])('%j', async (argv, changed) => {
    expect((await parse(argv)).output).toEqual({format: 'human', verbosity: 'normal', color: true, ...changed});
  });
});

describe('import --listen', () => {
  it.each<[string[], unknown]>([
    [['--listen'], importUpload],
    [['--listen', ':8443', '--name', 'X'], importUpload],
    [['--listen', ':8443', '--filter', 'X'], importDefinitions],
    [['--listen', ':0', '--filter', 'X'], importDefinitions],
    [['--listen', '0.0.0.0:0'], importDefinitions],
    [['--listen', ':8443', 'https://example.org/x.img'], importImage],
  ])(
    '%j is an upload where it stands alone or describes one image, else where test servers report',
    async (argv, verb) => {
      expect((await parse(['import', ...argv])).verb).toBe(verb);
    },
  );

  it('with flags that select definitions is refused', async () => {
    await expect(parse(['import', '--listen', '--filter', 'X'])).rejects.toThrow('but what is sent is one image');
  });
});

describe('build', () => {
  it('manage leaves builds out with --no-build', async () => {
    expect((await parse(['manage', '--no-build'])).request.builds).toBeUndefined();
  });

  it.each<[string[], Partial<Record<keyof typeof BUILD, unknown>>]>([
    [['manage', '--rebuild'], {rebuild: true}],
    [['build', '--keep-artifacts', '3'], {keepArtifacts: 3}],
    [['build', '--keep-logs', '9'], {keepLogs: 9}],
    [['build', '--cache-size', '5'], {cacheGib: 5}],
    [['build', '--wait-lock', '5m'], {lockWaitMs: 300_000}],
  ])('%j', async (argv, changed) => {
    expect((await parse(argv)).request.builds).toEqual({...BUILD, ...changed});
  });

  it.each<[string[], unknown, Partial<AnyRequest>]>([
    [['build'], build, {}],
    [['build', '--upload', '--cloud', 'x'], buildAndUpload, {}],
    [['build', '--output', 'out', '--arch', 'aarch64'], build, {output: 'out', arch: 'aarch64'}],
    [['build', '--diff', 'a', 'b'], compareManifests, {old: 'a', new: 'b'}],
    [['manage'], manage, {}],
  ])('%j asks one verb', async (argv, verb, asked) => {
    const parsed = await parse(argv);
    const {output, arch, old, new: now} = parsed.request;
    expect(parsed.verb).toBe(verb);
    expect({output, arch, old, new: now}).toEqual({...NOTHING, ...asked});
  });
});

describe('what is refused', () => {
  it.each<[string[], string, string | undefined]>([
    [['manage', '--latets'], "unknown option '--latets'", 'did you mean --latest?'],
    [['manag'], "unknown command 'manag'", 'did you mean manage?'],
    [['publish'], "unknown command 'publish'", undefined],
    [['--latest'], "unknown option '--latest'", 'options of a command stand behind it'],
    [['manage', '--cloud'], "option '--cloud <name>' argument missing", undefined],
    [['manage', 'Debian'], 'too many arguments', undefined],
    [['-q'], 'no command given', 'imgmgr --help'],
    [['manage', '--no-verify', '--reverify'], '--no-verify contradicts --reverify', 'give one of them'],
    [['manage', '--listen', 'nowhere'], '--listen takes HOST:PORT, not "nowhere"', 'the port is missing'],
    [['manage', '--listen', ':7450-7443'], '--listen takes HOST:PORT or HOST:PORT-PORT, not ":7450-7443"', 'lower one'],
    [['manage', '--listen', ':0-7443'], '--listen takes HOST:PORT or HOST:PORT-PORT, not ":0-7443"', 'from 1 on'],
    [['manage', '--listen', ':7443-70000'], '--listen takes HOST:PORT or HOST:PORT-PORT', '65535'],
    [['manage', '--listen', ':7443-'], '--listen takes HOST:PORT', undefined],
    [
      ['manage', '--listen', ':7443-7450', '--advertise', 'gate:7443'],
      '--advertise with a port contradicts --listen with a range',
      '--advertise HOST',
    ],
    [['manage', '--advertise', 'gate:7443-7450'], '--advertise takes HOST:PORT', undefined],
    [['manage', '--advertise', '1:2:3'], '--advertise takes HOST:PORT, not "1:2:3"', '[2001:db8::7]:7443'],
    [['manage', '--advertise', 'h:70000'], '--advertise takes HOST:PORT', undefined],
    [['manage', '--deadline', 'soon'], '--deadline takes a time', undefined],
    [['manage', '--no-record'], "unknown option '--no-record'", undefined],
    [['manage', '--no-build', '--rebuild'], '--no-build contradicts --rebuild', 'give one of them'],
    [['build', '--no-build'], "unknown option '--no-build'", undefined],
    [['build', '--cloud', 'x'], '--cloud means nothing where nothing is uploaded', 'add --upload'],
    [['build', '--dry-run'], '--dry-run means nothing where nothing is uploaded', 'add --upload'],
    [['manage', '--compress'], '--compress means nothing without --convert qcow2', 'add --convert qcow2'],
    [['manage', '--convert', 'raw', '--compress'], '--compress means nothing without --convert qcow2', undefined],
    [['manage', '--convert', 'vmdk'], '--convert takes raw, qcow2, not "vmdk"', undefined],
    [['hide', '--convert', 'raw'], "unknown option '--convert'", undefined],
    [['build', '--convert', 'raw'], '--convert means nothing where the image goes nowhere', 'add --output'],
    [['build', '--upload', '--output', 'x'], '--upload and --output are both given', 'uses the same build again'],
    [['build', '--diff', 'x'], '--diff takes two manifests, not 1', 'OLD NEW'],
    [['build', '--diff', 'x', 'y', 'z'], '--diff takes two manifests, not 3', 'OLD NEW'],
    [['build', '--arch', 's390x'], '--arch takes x86_64, aarch64, not "s390x"', undefined],
    [['build', '--keep-logs', '0'], '--keep-logs takes a whole number of at least 1', undefined],
    [['manage', '--quarantine', 'all'], '--quarantine takes a whole number', undefined],
    [['manage', '-q', '-v'], '--quiet contradicts --verbose', 'give one of them'],
    [['manage', '--json', '--format', 'junit'], '--json contradicts --format', 'give one of them'],
    [['manage', '--method', 'web-download', '--prefetch', 'always'], '--method web-download contradicts', 'prefetch'],
    [['manage', '--method', 'upload', '--prefetch', 'never'], '--prefetch never contradicts', 'never'],
    [
      ['manage', '--prefetch', 'on-stuk'],
      '--prefetch takes never, on-stuck, always, not "on-stuk"',
      'did you mean on-stuck?',
    ],
    [['manage', '--retire-as', 'gone'], '--retire-as takes renamed, hidden', undefined],
    [['manage', '--format', 'yaml'], '--format takes human, json, junit, sarif, not "yaml"', undefined],
    [['manage', '--jobs', '0'], '--jobs takes a whole number of at least 1, not "0"', undefined],
    [['manage', '--max-delete', '-1'], '--max-delete takes a whole number of at least 0, not "-1"', undefined],
    [['manage', '--max-delete', 'all'], '--max-delete takes a whole number of at least 0, not "all"', undefined],
    [['manage', '--wait-lock', 'soon'], '--wait-lock takes a time, not "soon"', '10m'],
    [['manage', '--cloud', ''], '--cloud has an empty value', undefined],
    [['manage', '--stores', 'a,,b'], '--stores has an empty value in "a,,b"', undefined],
    [['manage', '--filter', ''], '--filter is empty', undefined],
    [['import', '--name', 'X'], '--name describes one image, and none was given', 'URL|FILE'],
    [['import', '--disk-format', 'raw'], '--disk-format describes one image', undefined],
    [['import', 'x.img', '--filter', 'X'], '--filter selects definitions, but x.img is one image', 'leave out'],
    [['import', 'x.img', '--checksum', 'sha256:12'], '--checksum takes a digest, not "sha256:12"', 'sha256'],
    [['import', 'x.img', '--build-date', '2026-02-30'], '--build-date takes a day, not "2026-02-30"', 'YYYY-MM-DD'],
    [
      ['import', 'x.img', '--property', 'min_disk=1'],
      '--property "min_disk=1": "min_disk" cannot be set: Glance keeps this name for itself',
      'use the flag for min_disk, or a definition',
    ],
    [['import', 'x.img', '--property', 'os_distro'], '--property takes key=value, not "os_distro"', 'os_distro=debian'],
    [['hide', '--hide'], "unknown option '--hide'", undefined],
    [['help', 'exit-code'], 'there is no help on "exit-code"', 'exit-codes'],
  ])('%j', async (argv, message, hint) => {
    const error = await refusal(argv);
    expect(error.code).toBe('USAGE');
    expect(error.message).toContain(message);
    if (hint !== undefined) expect(error.hint).toContain(hint);
  });

  it.each(Object.entries(DROPPED_FLAGS))('the flag %s of the peer, naming what replaces it', async (flag, hint) => {
    expect(await refusal(['manage', flag])).toMatchObject({code: 'USAGE', message: `unknown option '${flag}'`, hint});
    expect(await refusal(['manage', `${flag}=1`])).toMatchObject({code: 'USAGE', hint});
  });

  it('every flag of the peer is either known or refused with a replacement', async () => {
    const known = [
      '--cloud',
      '--images',
      '--tag',
      '--filter',
      '--dry-run',
      '--latest',
      '--force',
      '--hide',
      '--deactivate',
      '--delete',
    ];
    const alsoKnown = [
      '--yes-i-really-know-what-i-do',
      '--keep',
      '--stuck-retry',
      '--prefetch',
      '--import-timeout',
      '--debug',
    ];
    const out = fakeIo();
    await runCommandLine({argv: ['manage', '--help-all'], io: out, version: '1', execute: () => Promise.resolve(0)});
    for (const flag of [...known, ...alsoKnown]) expect(out.out()).toMatch(new RegExp(`${flag}\\b`));
    for (const flag of Object.keys(DROPPED_FLAGS)) expect(out.out()).not.toMatch(new RegExp(`${flag}\\b`));
  });

  it.each(
    [200, 100, 80, 60, 45].flatMap((columns) => [[columns, '--help'] as const, [columns, '--help-all'] as const]),
  )(
    'U5: no line of the help is longer than a terminal of %i columns, and no word is broken (%s)',
    async (columns, flag) => {
      const help = async (width: number): Promise<string[]> => {
        const io = fakeIo();
        Object.assign(io.stdout, {columns: width});
        await runCommandLine({argv: ['manage', flag], io, version: '1', execute: () => Promise.resolve(0)});
        // Examples are not wrapped: they are for copying.
        return io
          .out()
          .split('\n')
          .filter((line) => !line.startsWith('  imgmgr '));
      };
      const words = (lines: readonly string[]): string[] => lines.join(' ').split(/\s+/);
      const lines = await help(columns);
      expect(lines.filter((line) => line.length > columns)).toEqual([]);
      expect(words(lines)).toEqual(words(await help(1000)));
    },
  );
});
