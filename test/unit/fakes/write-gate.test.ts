import {execFile} from 'node:child_process';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud} from '../../fakes/fake-cloud.ts';
import {KILL_MOMENTS, killAt} from '../../fakes/write-gate.ts';
import {glance} from './client.ts';

let cloud: FakeCloud;

beforeEach(async () => {
  cloud = await startFakeCloud();
});

afterEach(async () => {
  await cloud.close();
});

const create = (name: string): Promise<unknown> => glance(cloud, 'POST /v2/images', {json: {name}});
const names = (): readonly unknown[] => cloud.views().map((view) => view['name']);

describe('writes', () => {
  it('are numbered from 1 in order of arrival; reads and logins are not counted', async () => {
    await create('a');
    await glance(cloud, 'GET /v2/images');
    await create('b');
    expect(cloud.writes().map(({write, method, path}) => [write, method, path])).toEqual([
      [1, 'POST', '/v2/images'],
      [2, 'POST', '/v2/images'],
    ]);
    cloud.clearLog();
    await create('c');
    expect(cloud.writes().map(({write}) => write)).toEqual([1]);
  });

  it('can be dropped as if they had never come', async () => {
    cloud.interceptWrites({arrived: ({number}) => (number === 2 ? 'drop' : 'pass')});
    await create('a');
    await expect(create('b')).rejects.toThrow('fetch failed');
    expect(names()).toEqual(['a']);
  });

  it('can be done and never answered', async () => {
    const stop = cloud.interceptWrites({processed: () => 'cut'});
    await expect(create('a')).rejects.toThrow('fetch failed');
    expect(names()).toEqual(['a']);
    expect(cloud.writes()[0]?.status).toBe(0);
    stop();
    await create('b');
    expect(names()).toEqual(['a', 'b']);
  });

  it('can be left without an answer on an open connection', async () => {
    cloud.interceptWrites({processed: () => 'silence'});
    const answer = create('a').then(
      () => 'answered',
      () => 'failed',
    );
    await expect.poll(names).toEqual(['a']);
    expect(await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 50, 'still open'))])).toBe(
      'still open',
    );
  });

  it('wait while the test decides about an earlier one', async () => {
    const order: string[] = [];
    cloud.interceptWrites({
      answered: async ({number}) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        order.push(`answered ${number}: ${names().length} images`);
      },
    });
    await create('a');
    await create('b');
    await expect.poll(() => order).toEqual(['answered 1: 1 images', 'answered 2: 2 images']);
  });
});

describe('killAt', () => {
  const done = {'before it is sent': ['a'], 'before the answer': ['a', 'b'], 'after the answer': ['a', 'b']} as const;

  it.each(KILL_MOMENTS)('ends a client process at its second write, %s: nothing further is done', async (moment) => {
    const child = execFile(process.execPath, ['-e', CLIENT], {env: {URL: cloud.imageUrl, TOKEN: cloud.token()}});
    const exited = new Promise<NodeJS.Signals | null>((resolve) => {
      child.on('exit', (_code, signal) => resolve(signal));
    });
    cloud.interceptWrites(
      killAt(2, moment, async () => {
        child.kill('SIGKILL');
        await exited;
      }),
    );
    expect(await exited).toBe('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(names()).toEqual(done[moment]);
  });
});

const CLIENT = `
  const headers = {'x-auth-token': process.env.TOKEN, 'content-type': 'application/json'};
  const post = (name) => fetch(process.env.URL + '/v2/images', {method: 'POST', headers, body: JSON.stringify({name})});
  post('a').then(() => post('b')).then(() => post('c')).then(() => setTimeout(() => {}, 10000));
`;
