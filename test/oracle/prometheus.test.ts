import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {FAMILIES} from '../../src/core/metrics/families.ts';
import {metricsText} from '../../src/core/metrics/text.ts';
import {openTable} from '../cli/table.ts';
import {loadPlainYaml} from '../plain-yaml.ts';
import {RUN, observation} from '../unit/core/metrics/samples.ts';
import type {AlertCase} from './alerts.ts';
import {ALERT_CASES} from './alerts.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const PROMTOOL = join(ROOT, '.cache/programs/promtool');
const NODE_EXPORTER = join(ROOT, '.cache/programs/prometheus-node-exporter');
const PROGRAM = join(ROOT, 'dist/bin/imgmgr.js');
const ALERTS = join(ROOT, 'deploy/prometheus/alerts.yml');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-prometheus-'));
});
afterAll(() => rm(folder, {recursive: true, force: true}));

const promtool = async (args: readonly string[], input = '') => execa(PROMTOOL, args, {reject: false, input});

describe('metrics', () => {
  it('of all families pass promtool check metrics, and a text with a mistake does not', async () => {
    const held = observation({holds: [{untilMs: Infinity}], credentialExpiresMs: 5000});
    const text = metricsText([{cloud: 'a"\\\n é', observation: held, runs: [RUN]}], '1');
    for (const name of Object.keys(FAMILIES)) expect(text).toContain(`\n# TYPE ${name} gauge\n`);
    const good = await promtool(['check', 'metrics'], text);
    expect([good.exitCode, good.stdout, good.stderr]).toEqual([0, '', '']);
    expect(
      (await promtool(['check', 'metrics'], text.replace('# HELP imgmgr_images ', '# HELP imgmgr_images_ '))).exitCode,
    ).not.toBe(0);
  });

  it('of runs on two clouds, a hostile name among their definitions, are what node_exporter shows, without an error', async () => {
    const table = await openTable();
    const place = join(folder, 'textfile');
    await mkdir(place);
    try {
      const hostile = table.x(['1'], {name: JSON.stringify('a"} 1\\n# TYPE x \\')});
      const ran = await table.manage([table.x(['1', '2']), hostile], '--cloud', 'local', '--metrics-dir', place);
      expect([ran.code, ran.warnings]).toEqual([0, []]);
    } finally {
      await table.close();
    }
    expect((await readdir(place)).sort()).toEqual(['imgmgr-admin.prom', 'imgmgr-local.prom', 'imgmgr.prom']);
    const written = (await Promise.all((await readdir(place)).map((name) => readFile(join(place, name), 'utf8')))).join(
      '',
    );
    const shown = await exported(place);
    expect(shown).toContain('node_textfile_scrape_error 0\n');
    expect(seriesOf(shown)).toEqual(seriesOf(written));
    expect(seriesOf(written).length).toBeGreaterThan(40);
  });
});

interface Rule {
  readonly alert: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A test of promtool: what the alert's own series are at that hour. */
function ruleTest({alert, title, series, hour, fires}: AlertCase): object {
  return {
    name: `${alert}: ${title}`,
    interval: '1h',
    input_series: Object.entries(series).map(([name, values]) => ({series: name, values})),
    promql_expr_test: [
      {
        expr: `ALERTS{alertname="${alert}",alertstate="firing"}`,
        eval_time: `${hour}h`,
        exp_samples: fires.map((labels) => ({
          labels: seriesText({...labels, alertname: alert, alertstate: 'firing'}),
          value: 1,
        })),
      },
    ],
  };
}

function seriesText(labels: Readonly<Record<string, string>>): string {
  return `ALERTS{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`;
}

/** Runs tests of rules, which are evaluated once an hour. */
async function testRules(tests: readonly object[], rules = ALERTS) {
  const file = join(folder, 'tests.yml');
  await writeFile(file, JSON.stringify({rule_files: [rules], evaluation_interval: '1h', tests}));
  return promtool(['test', 'rules', file]);
}

describe('deploy/prometheus/alerts.yml', () => {
  const rules = async (): Promise<readonly Rule[]> => {
    const {groups} = loadPlainYaml(await readFile(ALERTS, 'utf8'), ALERTS) as {groups: {rules: Rule[]}[]};
    return groups.flatMap((group) => group.rules);
  };

  it('passes promtool check rules, and an expression with a mistake does not', async () => {
    expect(await promtool(['check', 'rules', '--lint-fatal', ALERTS])).toMatchObject({exitCode: 0});
    const wrong = join(folder, 'wrong.yml');
    await writeFile(wrong, (await readFile(ALERTS, 'utf8')).replace('max by (cloud)', 'max by cloud'));
    expect((await promtool(['check', 'rules', wrong])).exitCode).not.toBe(0);
  });

  it('has the alerts that are described, each with what is wrong, why, and what to do, and uses no other metric', async () => {
    const all = await rules();
    const page = await readFile(join(ROOT, 'docs/operations.md'), 'utf8');
    const described = [...page.matchAll(/^\| `(Imgmgr\w+)` \|/gm)].map(([, name]) => name);
    expect([...new Set(all.map(({alert}) => alert))]).toEqual(described);
    for (const {annotations} of all) expect(Object.keys(annotations)).toEqual(['summary', 'reason', 'remedy']);
    const used = (await readFile(ALERTS, 'utf8')).match(/\bimgmgr_\w+/g) ?? [];
    expect(used.filter((name) => !Object.hasOwn(FAMILIES, name))).toEqual([]);
  });

  it('names commands and flags that there are', async () => {
    const commands = (await rules()).flatMap(
      ({annotations}) => annotations['remedy']?.match(/imgmgr [a-z][a-z-]*[^;]*/g) ?? [],
    );
    expect(commands.length).toBeGreaterThan(10);
    for (const command of commands.filter((each) => !/^imgmgr help|^imgmgr-/.test(each))) {
      const [, verb = ''] = command.split(' ');
      const {stdout, exitCode} = await execa(PROGRAM, [verb, '--help-all'], {reject: false});
      expect([command, exitCode]).toEqual([command, 0]);
      for (const flag of command.match(/(?<= )--[a-z-]+/g) ?? []) expect(stdout).toMatch(new RegExp(`${flag}\\b`));
    }
  });

  it.each(Object.entries(Object.groupBy(ALERT_CASES, ({alert}) => alert)))(
    '%s fires when it should, and else does not',
    async (_, cases = []) => {
      expect([cases.some(({fires}) => fires.length > 0), cases.some(({fires}) => fires.length === 0)]).toEqual([
        true,
        true,
      ]);
      const {exitCode, stdout, stderr} = await testRules(cases.map(ruleTest));
      expect([exitCode, stderr, stdout]).toMatchObject([0, '', expect.stringContaining('SUCCESS') as string]);
    },
  );

  it('has cases for every alert, and a rule that is otherwise fails them', async () => {
    expect([...new Set(ALERT_CASES.map(({alert}) => alert))]).toEqual([
      ...new Set((await rules()).map(({alert}) => alert)),
    ]);
    const text = await readFile(ALERTS, 'utf8');
    for (const [alert, of, is] of [
      ['ImgmgrNotRunning', '> 108000\n            or absent', '> 100000\n            or absent'],
      ['ImgmgrTurnsRed', 'by!="manage"', 'by!=""'],
      ['ImgmgrBehind', 'for: 2d', 'for: 1d'],
      ['ImgmgrBehind', '{definition=""} > time()', '{definition="x"} > time()'],
      ['ImgmgrStuck', '== 5', '== 1'],
    ] as const) {
      const other = join(folder, 'other.yml');
      expect(text).toContain(of);
      await writeFile(other, text.replace(of, is));
      const own = ALERT_CASES.filter((each) => each.alert === alert);
      expect([of, (await testRules(own.map(ruleTest), other)).exitCode]).toEqual([of, 1]);
    }
  });

  it('gives commands in which a hostile name is one word of the shell', async () => {
    const name = `a'; $(id) "b`;
    const {stderr} = await testRules([
      {
        interval: '1h',
        input_series: [
          {series: `imgmgr_hold_until_timestamp_seconds{cloud="a",definition=${JSON.stringify(name)}}`, values: '0x9'},
        ],
        alert_rule_test: [{eval_time: '2h', alertname: 'ImgmgrHoldExpired', exp_alerts: []}],
      },
    ]);
    const remedy = /remedy="((?:[^"\\]|\\.)*)"/.exec(stderr)?.[1];
    const command = JSON.parse(`"${remedy ?? ''}"`) as string;
    const words = await execa('bash', [
      '-c',
      `imgmgr() { printf '%s\\n' "$@"; }; ${command.split('; one in')[0] ?? ''}`,
    ]);
    expect(words.stdout.split('\n')).toEqual(['unhold', name, '--cloud', 'a']);
  });
});

/** Series of imgmgr, by their names and labels, with their values. */
function seriesOf(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => line.startsWith('imgmgr_'));
  return lines
    .map((line) => {
      const blank = line.lastIndexOf(' ');
      const [series, value] = [line.slice(0, blank), line.slice(blank + 1)];
      const labels = [...series.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([pair]) => pair).sort();
      return `${series.split('{')[0] ?? ''} ${labels.join(' ')} ${Number(value.replace('+Inf', 'Infinity'))}`;
    })
    .sort();
}

/** What node_exporter answers when it is asked for the files of that folder. */
async function exported(place: string): Promise<string> {
  const child = spawn(
    NODE_EXPORTER,
    [
      ...['--collector.disable-defaults', '--collector.textfile', `--collector.textfile.directory=${place}`],
      ...['--web.listen-address=127.0.0.1:0', '--log.format=json'],
    ],
    {stdio: ['ignore', 'ignore', 'pipe']},
  );
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  try {
    await expect.poll(() => said.join('')).toMatch(/"address":"127\.0\.0\.1:\d+"/);
    const address = /"address":"(127\.0\.0\.1:\d+)"/.exec(said.join(''))?.[1] ?? '';
    return await (await fetch(`http://${address}/metrics`)).text();
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}
