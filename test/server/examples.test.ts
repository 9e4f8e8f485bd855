import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {ROUTES} from '../../src/server/contract/routes.ts';
import type {Example} from './examples.ts';
import {apiPage, examplesOf, misfits, textMisfits} from './examples.ts';
import {keptBuild} from './kept-build.ts';
import type {Served} from './support.ts';
import {becomes, startServer} from './support.ts';

const EXAMPLES = examplesOf(apiPage());
const NO_BOOT = {verify: '{mode: none}'};
let served: Served;
/** What the page has as variables of the shell. */
const variables: Record<string, string> = {};

beforeAll(async () => {
  served = await startServer({
    flags: ['--allow-write', '--allow-build'],
    images: (table) => table.x(['1', '2'], {...NO_BOOT, name: 'Debian 12'}),
  });
  // What curl does besides what the page says.
  await writeFile(join(served.table.folder, '.curlrc'), 'silent\nshow-error\nfail-with-body\nmax-time = 30\n');
  Object.assign(variables, {SERVER: served.origin, TOKEN: served.tokens.operator});
});
afterAll(async () => served.close());

async function code(): Promise<string> {
  return /\/login#(\S+)/.exec((await served.imgmgr('serve', 'login')).out)?.[1] ?? '';
}

/** Waits until the run is over, and its process has ended, so that another can begin. */
async function over(id = variables['RUN'] ?? ''): Promise<void> {
  const {run} = await served.over(id);
  await becomes(() => !existsSync(`/proc/${run.pid}`));
}

/** What has to be there for an example, by its call and place. */
const BEFORE: Readonly<Record<string, () => Promise<void>>> = {
  'POST /v1/session': async () => {
    variables['CODE'] = await code();
  },
  'GET /v1/runs/ID': async () => over(),
  'POST /v1/runs/ID/cancel': async () => {
    await over();
    served.table.cloud.holdImports();
    await served.table.write(served.table.x(['1', '2', '3'], {...NO_BOOT, name: 'Debian 12'}));
    variables['RUN'] = await served.start({verb: 'manage', clouds: ['admin']});
  },
  'POST /v1/runs/ID/delete-builds': async () => {
    await over();
    variables['RUN'] = await keptBuild(served.table.folder, 'Built Debian 12');
  },
  'POST /v1/plans': async () => {
    const {runs} = (await served.get('/v1/runs?result=running')).json as {runs: {id: string}[]};
    for (const {id} of runs) await over(id);
  },
};

/** What the next examples need of an answer. */
const AFTER: Readonly<Record<string, (answer: unknown) => void>> = {
  'POST /v1/runs': (answer) => {
    variables['RUN'] = (answer as {id: string}).id;
  },
  'POST /v1/plans': (answer) => {
    variables['PLAN'] = (answer as {plan: {id: string}}).plan.id;
  },
};

async function run({command}: Example): Promise<string> {
  const {folder} = served.table;
  const env = {...variables, HOME: folder, CURL_HOME: folder, PATH: process.env['PATH']};
  try {
    const {stdout} = await promisify(execFile)('bash', ['-c', command.replaceAll('prod', 'admin')], {
      ...{cwd: folder, env, maxBuffer: 64 * 1024 * 1024},
    });
    return stdout;
  } catch (error) {
    const {stdout, stderr} = error as {readonly stdout: string; readonly stderr: string};
    throw new Error(`${command}\n${stdout}\n${stderr}`, {cause: error});
  }
}

describe('the examples of docs/api.md', () => {
  it('are there for every call', () => {
    const shown = new Set(EXAMPLES.map(({call}) => call));
    const upper = (path: string): string => path.replaceAll(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
    expect(ROUTES.map(({method, path}) => `${method} ${upper(path)}`).filter((call) => !shown.has(call))).toEqual([]);
  });

  it.each(EXAMPLES)('$call: $command', async (example) => {
    await BEFORE[example.call]?.();
    const answer = await run(example);
    if (process.env['SHOW'] === '1') process.stderr.write(`${example.command}\n${answer}\n`);
    const isJson = example.answer.startsWith('{');
    if (isJson) {
      const live: unknown = JSON.parse(answer);
      expect(misfits(JSON.parse(example.answer), live)).toEqual([]);
      AFTER[example.call]?.(live);
    } else expect(textMisfits(example.answer, answer)).toEqual([]);
  });
});

describe('the comparison', () => {
  it.each([
    [{a: 1}, {a: 2, b: 3}, []],
    [{a: 1}, {b: 1}, ['.a is not there']],
    [{a: 1}, {a: '1'}, ['.a is string, not number']],
    [{a: null}, {a: 'x'}, ['.a is string, not null']],
    [{a: [{b: 1}]}, {a: [{c: 1}, {b: 1, c: 1}]}, []],
    [{a: [{b: 1}]}, {a: [{c: 1}]}, ['.a[0].b is not there']],
    [{a: [1]}, {a: []}, ['.a is empty']],
    [{a: {}}, {a: []}, ['.a is list, not object']],
  ])('of %j with %j', (shown, live, found) => {
    expect(misfits(shown, live)).toEqual(found);
  });

  it('of a text takes lines whatever their numbers, data by its form', () => {
    const live = 'id: 7\ndata: {"type":"a","n":1}\n';
    expect(textMisfits('id: 1\ndata: {"type": "a", "n": 2}', live)).toEqual([]);
    expect(textMisfits('event: end', live)).toEqual(['no line event: end']);
    expect(textMisfits('data: {"type": "a", "m": 2}', live)).toHaveLength(1);
    expect(textMisfits('data: {"type": "b"}', live)).toHaveLength(1);
  });
});
