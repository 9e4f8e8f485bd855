import {existsSync, readFileSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {run} from '../../src/run.ts';
import {definition} from '../unit/core/rules/subjects.ts';
import {fakeIo} from './fake-io.ts';

/** As much of a SARIF file as is looked at here. */
interface Sarif {
  readonly runs: readonly {
    readonly tool: {readonly driver: {readonly rules: readonly {readonly id: string}[]}};
    readonly invocations: readonly {
      readonly executionSuccessful: boolean;
      readonly exitCode: number;
      readonly toolExecutionNotifications?: readonly {readonly message: {readonly text: string}}[];
    }[];
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly suppressions?: readonly object[];
      readonly locations?: readonly {
        readonly physicalLocation: {
          readonly artifactLocation: {readonly uri: string};
          readonly region: {readonly startLine: number; readonly startColumn: number};
        };
      }[];
    }[];
  }[];
}

interface Audited {
  readonly type: string;
  readonly problems: readonly {readonly message: string}[];
  readonly findings: readonly {
    readonly rule: string;
    readonly severity: string;
    readonly place?: {readonly line: number};
  }[];
  readonly ahead: readonly {readonly rule: string; readonly from: string}[];
}

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-validate-'));
});
afterAll(async () => rm(folder, {recursive: true, force: true}));

/** The clock of these runs stands at 2026-01-31. */
const FRESH = {build_date: '2026-01-30'};

async function write(name: string, ...definitions: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, ['images:', ...definitions, ''].join('\n'));
  return path;
}

async function imgmgr(
  ...argv: readonly string[]
): Promise<{readonly code: number; readonly out: string; readonly err: string}> {
  const io = fakeIo();
  // Nothing of a cloud, and proxies that nobody could use.
  const code = await run(argv, io, {HOME: folder, PATH: process.env['PATH'], HTTPS_PROXY: 'http://127.0.0.1:1'});
  return {code, out: io.out(), err: io.err()};
}

const auditedOf = (out: string): Audited =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Audited)
    .find(({type}) => type === 'audited') ?? {type: '', problems: [], findings: [], ahead: []};

const lineOf = (path: string, line: number): string => readFileSync(path, 'utf8').split('\n')[line - 1] ?? '';

describe('imgmgr validate', () => {
  it('finds nothing in definitions that are right, exit 0', async () => {
    const path = await write('right.yml', definition({version: FRESH}));
    const {code, out} = await imgmgr('validate', path);
    expect(out).toBe('1 file, 1 image: 0 problems, 0 errors, 0 warnings, 0 info, 0 ignored\n');
    expect(code).toBe(0);
  });

  it('says every finding with file:line:column, what is wanted and what to do, exit 3', async () => {
    const path = await write('wrong.yml', definition({meta: {architecture: 'amd64'}, version: FRESH}));
    const {code, out} = await imgmgr('validate', path);
    const line = lineOf(path, 13);
    expect(line).toBe('      architecture: amd64');
    expect(out).toContain(
      `${path}:13:21: error scs-0102/architecture: architecture of image "Ubuntu 24.04" is "amd64", which is not permitted\n  wanted: x86_64, aarch64, risc-v\n  hint: Set architecture to x86_64`,
    );
    expect(code).toBe(3);
  });

  it('lists errors of the schema and findings of the other definitions together, exit 2', async () => {
    const path = await write(
      'both.yml',
      definition({fields: {min_dsik: '8'}, version: FRESH}),
      definition({fields: {name: 'Other'}, meta: {os_purpose: 'general'}, version: FRESH}),
    );
    const {code, out} = await imgmgr('validate', path);
    expect(out).toContain(`unknown key "min_dsik" in image "Ubuntu 24.04"\n  hint: did you mean "min_disk"?`);
    expect(out).toContain('error scs-0102/os_purpose-value');
    expect(out).toContain('1 problem, 1 error');
    expect(code).toBe(2);
  });

  it('takes near misses of properties for warnings, which fail only with --fail-on warning', async () => {
    const path = await write('near.yml', definition({meta: {os_distor: 'x'}, version: FRESH}));
    expect((await imgmgr('validate', path)).code).toBe(0);
    const {code, out} = await imgmgr('validate', path, '--fail-on', 'warning');
    expect(out).toContain('warning imgmgr/property-near-miss: image "Ubuntu 24.04" has a property os_distor');
    expect(out).toContain('hint: Write os_distro.');
    expect(code).toBe(3);
  });

  it('folds what no official run tests to a line for each rule, unless it counts or -v is given', async () => {
    const path = await write('folded.yml', definition({fields: {min_ram: '63'}, version: FRESH}));
    const folded = (await imgmgr('validate', path)).out;
    expect(folded).toContain('No official run tests these');
    expect(folded).toContain('warning scs-0102/min_ram-low\n');
    expect(folded).not.toContain('hardly enough');
    expect((await imgmgr('validate', path, '-v')).out).toContain('hardly enough');
    expect((await imgmgr('validate', path, '--fail-on', 'warning')).out).toContain('hardly enough');
    expect((await imgmgr('validate', path, '-q')).out).toBe(
      '1 file, 1 image: 0 problems, 0 errors, 1 warning, 0 info, 0 ignored\n',
    );
  });

  it('counts and shows what an exception accepts', async () => {
    const after = '    audit: {ignore: [{rule: scs-0102/architecture, reason: old hosts, until: 2026-06-30}]}';
    const path = await write('ignored.yml', definition({meta: {architecture: 'i686'}, version: FRESH, after}));
    const {code, out} = await imgmgr('validate', path);
    expect(out).toContain('ignored scs-0102/architecture');
    expect(out).toContain('ignored until 2026-06-30: old hosts');
    expect(out).toContain('1 ignored');
    expect(code).toBe(0);
  });

  it('says what will be found from when on', async () => {
    const path = await write('ahead.yml', definition({version: {build_date: '2026-01-01'}}));
    const {code, out} = await imgmgr('validate', path);
    expect(out).toContain(`from 2026-02-04 on: ${path}`);
    expect(code).toBe(0);
    expect(auditedOf((await imgmgr('validate', path, '--json')).out).ahead).toMatchObject([
      {rule: 'scs-0102/recency-overdue', from: '2026-02-01T00:00:00.000Z'},
      {rule: 'scs-0102/recency', from: '2026-02-04T02:24:00.001Z'},
    ]);
  });

  it('refuses an empty path, which would be the root folder', async () => {
    const {code, err} = await imgmgr('validate', '');
    expect([code, err]).toEqual([2, expect.stringContaining('PATH is empty')]);
  });

  it('misses a standard image in a folder, not in a single file', async () => {
    const inner = await mkdtemp(join(folder, 'whole-'));
    const path = join(inner, 'one.yml');
    await writeFile(path, `images:\n${definition({fields: {name: 'Other'}, version: FRESH})}\n`);
    expect((await imgmgr('validate', path)).code).toBe(0);
    const {code, out} = await imgmgr('validate', inner);
    expect(out).toContain('error scs-0104/presence: no image "Ubuntu 24.04" is offered');
    expect(code).toBe(3);
  });

  it('judges by another profile: a name, or a file of the operator', async () => {
    const path = await write(
      'profile.yml',
      definition({meta: {os_purpose: 'database', hw_disk_bus: undefined}, version: FRESH}),
    );
    expect((await imgmgr('validate', path, '--profile', 'openstack')).code).toBe(0);
    const own = join(folder, 'audit.yml');
    await writeFile(own, 'purposes: [database]\nrules: {scs-0102/hw_disk_bus: off, scs-0102/hw_scsi_model: off}\n');
    expect(await imgmgr('validate', path, '--profile', own)).toMatchObject({code: 0});
    await writeFile(own, 'rules: {scs-0102/hw_disk: off}\nexceptions: [{image: X}]\n');
    const {code, err} = await imgmgr('validate', path, '--profile', own);
    expect(err).toContain(`${own}:1:9: there is no rule "scs-0102/hw_disk"`);
    expect(err).toContain(`${own}:2:14: an exception has no key "reason"`);
    expect(code).toBe(2);
  });

  it.each([
    [['--profile', '/nowhere/audit.yml'], /the profile \/nowhere\/audit\.yml/],
    [['--fail-on', 'fatal'], /--fail-on takes error, warning, info/],
    [['/nowhere/images'], /cannot read image definitions from \/nowhere\/images: it does not exist/],
    [['--cloud', 'x'], /unknown option '--cloud'/],
  ])('%j is exit 2', async (argv, message) => {
    const {code, err} = await imgmgr('validate', ...argv);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  it('gives one JSON object for all of it', async () => {
    const path = await write('json.yml', definition({meta: {architecture: 'amd64'}, version: FRESH}));
    const {code, out} = await imgmgr('validate', path, '--json');
    expect(auditedOf(out).findings.find(({rule}) => rule === 'scs-0102/architecture')).toMatchObject({
      ...{rule: 'scs-0102/architecture', severity: 'error', decides: true, tested: true, subject: 'Ubuntu 24.04'},
      ...{
        definition: 'Ubuntu 24.04',
        version: '20261124',
        found: 'amd64',
        by: 'you',
        place: {file: path, line: 13, column: 21},
      },
    });
    expect(code).toBe(3);
  });

  it('gives a JUnit case for each image, with a failure for what counts', async () => {
    const path = await write(
      'junit.yml',
      definition({meta: {architecture: 'amd64'}, version: FRESH}),
      definition({fields: {name: 'Y', foo: '1'}}),
    );
    const {code, out} = await imgmgr('validate', path, '--format', 'junit');
    expect(out).toContain(`<testcase classname="${path}" name="Ubuntu 24.04"`);
    expect(out).toContain('<failure type="scs-0102/architecture"');
    expect(out).toContain('<failure type="DEFINITION" message="unknown key &quot;foo&quot; in image &quot;Y&quot;">');
    expect(code).toBe(2);
  });
});

describe('validate --format sarif', () => {
  const sarifOf = async (...argv: readonly string[]): Promise<{readonly log: Sarif; readonly code: number}> => {
    const {code, out} = await imgmgr('validate', ...argv, '--format', 'sarif');
    return {log: JSON.parse(out) as Sarif, code};
  };

  async function mixed(): Promise<string> {
    const after = '    audit: {ignore: [{rule: scs-0102/hw_disk_bus, reason: old, until: 2026-06-30}]}';
    return write(
      'mixed file ü.yml',
      definition({meta: {architecture: 'amd64', hw_disk_bus: 'ide'}, version: FRESH, after}),
      definition({fields: {name: 'Wrong', min_dsik: '8'}, version: FRESH}),
    );
  }

  it('opens the right line for every result', async () => {
    const path = await mixed();
    const {log, code} = await sarifOf(path);
    const results = log.runs[0]?.results ?? [];
    const shown = results.map(({ruleId, level, locations, suppressions}) => {
      const location = locations?.[0]?.physicalLocation;
      expect(decodeURI(location?.artifactLocation.uri ?? '')).toBe(`file://${path}`);
      const {startLine = 0, startColumn = 0} = location?.region ?? {};
      return [ruleId, level, lineOf(path, startLine).slice(startColumn - 1), suppressions?.length ?? 0];
    });
    expect(shown).toEqual([
      ['definition/schema', 'error', 'min_dsik: 8', 0],
      ['openstack/architecture', 'warning', 'amd64', 0],
      ['scs-0102/architecture', 'error', 'amd64', 0],
      ['scs-0102/hw_disk_bus', 'error', 'ide', 1],
    ]);
    for (const {ruleId, ruleIndex} of results) expect(log.runs[0]?.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    expect(code).toBe(2);
    expect(log.runs[0]?.invocations).toEqual([{executionSuccessful: true, exitCode: 2}]);
  });

  it('says in the file why there is no answer', async () => {
    const {log, code} = await sarifOf('/nowhere');
    expect(log.runs[0]?.invocations[0]?.executionSuccessful).toBe(false);
    expect(log.runs[0]?.invocations[0]?.toolExecutionNotifications?.[0]?.message.text).toContain('/nowhere');
    expect(code).toBe(2);
    const usage = await imgmgr('validate', '--fail-on', 'x', '--format=sarif');
    expect((JSON.parse(usage.out) as Sarif).runs[0]?.invocations[0]?.exitCode).toBe(2);
  });

  it('is refused by every other command', async () => {
    const {code, err} = await imgmgr('dry-run', '--cloud', 'local', '--format', 'sarif');
    expect(err).toContain('dry-run has no --format sarif');
    expect(code).toBe(2);
  });

  const require = createRequire(import.meta.url);
  const schema = join(schemaFolder(), 'schemas/sarif-2.1.0-rtm.5.json');

  it.skipIf(!existsSync(schema))('is valid against the official schema', async () => {
    const Ajv = require('ajv') as new (options: object) => {
      addMetaSchema(schema: unknown): void;
      compile(schema: unknown): ((value: unknown) => boolean) & {readonly errors?: readonly object[] | null};
    };
    const ajv = new Ajv({schemaId: 'auto', unknownFormats: 'ignore', logger: false});
    ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-04.json'));
    const valid = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')));
    for (const argv of [[await mixed()], ['images'], ['/nowhere']]) {
      const {log} = await sarifOf(...argv);
      valid(log);
      expect(valid.errors ?? []).toEqual([]);
    }
    expect(valid({version: '2.1.0', runs: [{results: []}]})).toBe(false);
  });

  function schemaFolder(): string {
    try {
      return dirname(require.resolve('@microsoft/jest-sarif'));
    } catch {
      return '';
    }
  }
});

describe('imgmgr help', () => {
  it('explains a rule, lists all, and knows what was meant', async () => {
    expect((await imgmgr('help', 'scs-0102/recency')).out).toContain('counts from image_build_date');
    expect((await imgmgr('help', 'rules')).out).toContain('  imgmgr/end-of-life');
    const {code, err} = await imgmgr('help', 'scs-0102/recensy');
    expect(err).toContain('did you mean "scs-0102/recency"');
    expect(code).toBe(2);
  });
});
