import {readFileSync} from 'node:fs';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {PlanAnswer} from '../../src/server/contract/plans.ts';
import {ROUTES} from '../../src/server/contract/routes.ts';
import {keptBuild} from './kept-build.ts';
import {answerOf, readEvents, startServer} from './support.ts';
import type {Served} from './support.ts';

let served: Served;
const LAST1 = {uuid_validity: 'last-1'};
const NO_BOOT = {verify: '{mode: none}'};

beforeAll(async () => {
  served = await startServer({
    clouds: ['admin', 'member'],
    images: (table) => table.x(['1', '2'], NO_BOOT, LAST1),
  });
});
afterAll(async () => served.close());

describe('a run', () => {
  it('is a process of its own, is watched from its first event to its end, and is in the history', async () => {
    const {table, port, tokens} = served;
    const id = await served.start({verb: 'manage', clouds: ['admin']});
    const seen = await readEvents(port, `/v1/runs/${id}/events`, {token: tokens.viewer});
    expect(seen.at(-1)).toMatchObject({event: 'end', data: {id, state: 'SUCCESS', exitCode: 0}});
    const events = seen.slice(0, -1);
    const ids = events.map((one) => Number(one.id));
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(events.map(({data}) => data['type'])).toEqual(
      expect.arrayContaining(['planned', 'action-done', 'finished']),
    );
    expect(table.names()).toEqual(['X', 'X (1)']);
    const run = await served.run(id);
    expect(run.run).toMatchObject({
      ...{verb: 'manage', clouds: ['admin'], definitions: ['X'], server: {by: 'operator', plan: null}},
      who: {requestedBy: 'operator'},
    });
    expect(run.run.command).toBe(`imgmgr manage --cloud admin --images ${table.folder}/images.yml --no-build`);
    expect(run.actions.map(({kind, state}) => `${kind} ${state}`)).toContain('publish SUCCESS');
    const log = await served.get(`/v1/runs/${id}/log?log=errors`);
    expect(log.json['lines']).toEqual(expect.arrayContaining([expect.stringContaining('publish')]));
    expect(log.json).toMatchObject({over: false});
    expect((await served.get(`/v1/runs/${id}/log?log=errors&offset=${String(log.json['next'])}`)).json).toMatchObject({
      ...{lines: [], over: true},
    });
    const file = await served.get(`/v1/runs/${id}/log?log=errors&download=1`);
    expect(file.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `attachment; filename="imgmgr-${id}-errors.txt"`,
    });
    const rest = await readEvents(port, `/v1/runs/${id}/events`, {token: tokens.viewer, lastId: ids.at(-3) ?? 0});
    expect(rest.map((one) => one.id)).toEqual([String(ids.at(-2)), String(ids.at(-1)), '']);
    const none = await readEvents(port, `/v1/runs/${id}/events`, {token: tokens.viewer, lastId: 999_999});
    expect(none.map(({event}) => event)).toEqual(['end']);
  });

  it('is refused while another of this server works on the same definition of the cloud, which is named', async () => {
    const release = served.table.cloud.holdImports();
    await served.table.write(served.table.x(['1', '2', '3'], NO_BOOT, LAST1));
    const id = await served.start({verb: 'manage', clouds: ['admin'], definitions: ['X']});
    const second = await served.post('/v1/runs', {verb: 'manage', clouds: ['admin']});
    expect([second.status, second.json]).toMatchObject([409, {error: {code: 'CONFLICT', run: id}}]);
    const hold = await served.post('/v1/runs', {
      verb: 'hold',
      definitions: ['X'],
      clouds: ['member'],
      flags: {until: '2099-01-01'},
    });
    expect(hold.status, hold.text).toBe(202);
    const cancelled = await served.post(`/v1/runs/${id}/cancel`, {});
    expect([cancelled.status, cancelled.json]).toEqual([202, {id, signals: 1}]);
    const {run} = await served.over(id);
    expect(run).toMatchObject({state: 'CANCELLED', exitCode: 130, server: {cancelledBy: 'operator'}});
    release();
    expect((await served.post(`/v1/runs/${id}/cancel`, {})).status).toBe(409);
    const {table} = served;
    expect((await table.manage(table.x(['1', '2', '3'], NO_BOOT, LAST1))).code).toBe(0);
  });

  it('takes verbs, flags and names of a closed list alone, and names the nearest', async () => {
    const refused = async (body: unknown): Promise<string> => {
      const {status, json} = await served.post('/v1/runs', body);
      const {message, hint = ''} = json['error'] as {message: string; hint?: string};
      return `${status} ${message}; ${hint}`;
    };
    const clouds = ['admin'];
    expect(await refused({verb: 'delete', clouds})).toMatch(/^400 verb is none/);
    expect(await refused({verb: 'rollback', clouds})).toMatch(/^400 verb is none/);
    expect(await refused({verb: 'manage', clouds: ['adminn']})).toMatch(
      /^400 .*no cloud "adminn"; did you mean "admin"/,
    );
    expect(await refused({verb: 'manage', clouds: []})).toMatch(/^400 clouds/);
    expect(await refused({verb: 'manage', clouds, definitions: ['Y']})).toMatch(/^400 .*no definition "Y"/);
    expect(await refused({verb: 'manage', clouds, images: ['/etc']})).toMatch(/^400 the body has no "images"/);
    for (const flag of ['forceState', 'deleteInUse', 'delete', 'yes', 'property', 'listen', 'images', 'maxDelete'])
      expect(await refused({verb: 'manage', clouds, flags: {[flag]: true}})).toMatch(/^400 flags has no/);
    expect(await refused({verb: 'manage', clouds, flags: {latst: true}})).toMatch(/did you mean "latest"/);
    expect(await refused({verb: 'manage', clouds, flags: {verify: false}})).toMatch(/^400/);
    expect(await refused({verb: 'verify', clouds, flags: {image: '/etc/passwd'}})).toMatch(/^400/);
    expect(await refused({verb: 'build'})).toMatch(/^403 .*--allow-build/);
    expect(await refused({verb: 'manage', clouds, flags: {force: true}})).toMatch(/^400 flags has no/);
    expect(await refused({verb: 'manage', clouds, flags: {rebuild: true}})).toMatch(/^403 .*--allow-build/);
    expect(await refused({verb: 'hold', clouds, flags: {until: '2099-01-01'}})).toMatch(/^400 give the name/);
    expect(await refused({verb: 'hold', clouds, flags: {until: 'soon', all: true}})).toMatch(/^400 until is a day/);
    expect(await refused([])).toMatch(/^400/);
    expect(await refused(null)).toMatch(/^400/);
  });
});

describe('a build', () => {
  it('is offered for deletion by the run that made it, where the server starts builds and the login is for all clouds', async () => {
    const {table, tokens} = served;
    const id = await keptBuild(table.folder, 'Built');
    const {deletion} = await served.run(id);
    expect(deletion).toEqual({
      confirm: 'Built',
      command: `imgmgr build --delete ${id} --yes`,
      refused: expect.stringContaining('--allow-build') as string,
    });
    const path = `/v1/runs/${id}/delete-builds`;
    const refused = await served.post(path, {confirm: 'Built'});
    expect([refused.status, refused.json]).toMatchObject([403, {error: {code: 'FORBIDDEN'}}]);
    expect((await served.call('POST', path, {token: tokens.limited, body: {confirm: 'Built'}})).status).toBe(404);
    expect((await served.post(path, {confirm: 'Built', force: true})).status).toBe(400);
    const [{id: other} = {id: ''}] = (await served.get('/v1/runs?verb=manage&limit=1')).json['runs'] as {id: string}[];
    expect((await served.run(other)).deletion).toBeNull();
    expect((await served.post(`/v1/runs/${other}/delete-builds`, {confirm: 'X'})).status).toBe(404);
  });
});

describe('a plan', () => {
  const plan = async (body: unknown): Promise<PlanAnswer> => {
    const answer = await served.post('/v1/plans', body);
    expect(answer.status, answer.text).toBe(201);
    return answer.json as unknown as PlanAnswer;
  };

  it('says what it changes and why, is approved by the typed name, and is carried out once', async () => {
    const {table} = served;
    const made = await plan({
      verb: 'rollback',
      definitions: ['X'],
      clouds: ['admin'],
      flags: {reason: 'r', pull: true},
    });
    expect(made).toMatchObject({
      ...{confirm: {text: 'X'}, refused: null, difference: null},
      plan: {verb: 'rollback', by: 'operator', run: null, deletions: 0},
    });
    expect(made.clouds[0]?.changes.map(({kind}) => kind)).toEqual(['revoke', 'deactivate']);
    expect(made.command).toContain('imgmgr rollback --cloud admin');
    const {id} = made.plan;
    expect((await served.get('/v1/plans')).json).toMatchObject({plans: [{id}]});
    const compared = await served.get(`/v1/plans/${id}?compare=1`);
    expect(compared.json).toMatchObject({difference: {moved: false, differences: []}});
    for (const confirm of [undefined, 'x', ''])
      expect(
        (await served.post('/v1/runs', {verb: 'rollback', plan: id, ...(confirm !== undefined && {confirm})})).status,
      ).toBe(400);
    expect((await served.post('/v1/runs', {verb: 'manage', plan: id, confirm: 'X'})).status).toBe(400);
    const run = await served.over(await served.start({verb: 'rollback', plan: id, confirm: 'X'}));
    expect(run.run).toMatchObject({state: 'SUCCESS', server: {plan: id}});
    expect(table.names()).toContain('X');
    const second = await served.post('/v1/runs', {verb: 'rollback', plan: id, confirm: 'X'});
    expect([second.status, second.json]).toMatchObject([409, {error: {run: run.run.id}}]);
    const undo = await plan({verb: 'rollback', definitions: ['X'], clouds: ['admin'], flags: {undo: '3'}});
    const undone = await served.over(await served.start({verb: 'rollback', plan: undo.plan.id, confirm: 'X'}));
    expect(undone.run.state).toBe('SUCCESS');
  });

  it('is refused with the difference when the cloud has moved', async () => {
    const {table} = served;
    await table.write(table.x(['1', '2', '3'], {...NO_BOOT, min_ram: '128'}, LAST1));
    const made = await plan({verb: 'manage', definitions: ['X'], clouds: ['admin']});
    expect(made.confirm).toBeNull();
    expect(made.clouds[0]?.changes).toMatchObject([
      {kind: 'update', fieldChanges: [{field: 'min_ram', from: 64, to: 128}], noticed: 'whoever reads its properties'},
    ]);
    table.byHand('X', {min_ram: 256});
    const compared = (await served.get(`/v1/plans/${made.plan.id}?compare=1`)).json as unknown as PlanAnswer;
    expect(compared.difference).toMatchObject({moved: true, differences: [{cloud: 'admin', definition: 'X'}]});
    expect(compared.refused).toMatch(/has changed/);
    expect((await served.post('/v1/runs', {verb: 'manage', plan: made.plan.id})).status).toBe(409);
    table.byHand('X', {min_ram: 64});
  });

  it('of a deletion asks for the name, and deletes only what it lists', async () => {
    const {table} = served;
    await table.write(table.x(['3'], {...NO_BOOT, min_ram: '128'}, LAST1));
    await served.over(await served.start({verb: 'manage', clouds: ['admin']}));
    const made = await plan({verb: 'manage', definitions: ['X'], clouds: ['admin'], flags: {delete: true}});
    expect(made.plan.deletions).toBeGreaterThan(0);
    expect(made.confirm?.text).toBe('X');
    expect((await served.post('/v1/runs', {verb: 'manage', plan: made.plan.id})).status).toBe(400);
    const run = await served.over(await served.start({verb: 'manage', plan: made.plan.id, confirm: 'X'}));
    expect(run.run.counts?.deleted).toBe(made.plan.deletions);
  });

  it('cannot be made of what the CLI would refuse, with its reason', async () => {
    const answer = async (body: unknown): Promise<unknown> => {
      const {status, json} = await served.post('/v1/plans', body);
      return [status, (json['error'] as {message: string}).message];
    };
    const of = {verb: 'rollback', definitions: ['X'], clouds: ['admin']};
    expect(await answer({...of, flags: {reason: 'r', to: '7'}})).toEqual([
      400,
      expect.stringContaining('no version "7"'),
    ]);
    expect(await answer({...of, flags: {}})).toEqual([400, expect.stringContaining('reason')]);
    expect(await answer({...of, flags: {reason: 'r', forceState: true}})).toEqual([
      400,
      expect.stringContaining('forceState'),
    ]);
    expect(await answer({...of, definitions: []})).toEqual([400, expect.any(String)]);
  });
});

describe('every answer', () => {
  it('has the form of the contract', async () => {
    const [run] = (await served.get('/v1/runs')).json['runs'] as {id: string}[];
    const [plan] = (await served.get('/v1/plans')).json['plans'] as {id: string}[];
    const paths: Readonly<Record<string, string>> = {
      health: '/healthz',
      openapi: '/v1/openapi.json',
      session: '/v1/session',
      images: '/v1/images?cloud=admin&cloud=member&definition=X&limit=2',
      image: '/v1/images/admin/X',
      definitions: '/v1/definitions',
      runs: '/v1/runs?verb=manage&limit=5',
      run: `/v1/runs/${run?.id ?? ''}`,
      log: `/v1/runs/${run?.id ?? ''}/log?log=errors`,
      plans: '/v1/plans',
      plan: `/v1/plans/${plan?.id ?? ''}`,
    };
    for (const [id, path] of Object.entries(paths)) {
      const {status, json} = await served.get(path);
      expect([id, status]).toEqual([id, 200]);
      const read = answerOf(id).safeParse(json);
      expect([id, read.error]).toEqual([id, undefined]);
      expect([id, read.data]).toEqual([id, json]);
    }
    expect(Object.keys(paths).sort()).toEqual(
      ROUTES.filter(({method, id}) => method === 'GET' && id !== 'metrics' && id !== 'events')
        .map(({id}) => id)
        .sort(),
    );
  });

  it('about images is a catalogue: definition, version, id, digest, verdict, and until when', async () => {
    const {json} = await served.get('/v1/images?cloud=admin&definition=X&refresh=1');
    expect(json['rows']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          ...{cloud: 'admin', definition: 'X', version: '3', name: 'X', verified: null, until: null},
          image: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
          digest: expect.stringMatching(/^sha512:/) as string,
        }),
      ]),
    );
  });

  it('comes in pages', async () => {
    const first = await served.get('/v1/runs?limit=1');
    const [newest] = first.json['runs'] as {id: string}[];
    expect(first.json['more']).toBe(true);
    const next = await served.get(`/v1/runs?limit=1&before=${newest?.id ?? ''}`);
    expect((next.json['runs'] as {id: string}[])[0]?.id).not.toBe(newest?.id);
    expect((await served.get('/v1/images?cursor=nonsense')).status).toBe(400);
  });

  it('holds no secret: none of clouds.yaml, no token, no hash of one', async () => {
    const secrets = [
      ...[
        ...(await import('node:fs'))
          .readFileSync(`${served.table.folder}/clouds.yaml`, 'utf8')
          .matchAll(/(?:password|secret): (\S+)/g),
      ].map(([, secret = '']) => secret),
      ...Object.values(served.tokens),
      ...[...readFileSync(`${served.folder}/tokens.json`, 'utf8').matchAll(/"hash": "(\w+)"/g)].map(
        ([, hash = '']) => hash,
      ),
    ];
    expect(secrets.length).toBeGreaterThan(7);
    const [run] = (await served.get('/v1/runs')).json['runs'] as {id: string}[];
    const texts = [served.log()];
    for (const path of [
      '/v1/session',
      '/v1/images',
      '/v1/images/admin/X',
      '/v1/definitions',
      '/v1/runs',
      '/v1/plans',
      '/metrics',
      '/v1/openapi.json',
      `/v1/runs/${run?.id ?? ''}`,
      `/v1/runs/${run?.id ?? ''}/log`,
    ])
      texts.push((await served.get(path)).text);
    for (const secret of secrets) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  });
});
