import {randomUUID} from 'node:crypto';
import {request as httpRequest} from 'node:http';

/** A cloud that the sequence can be replayed against. */
export interface Replayed {
  readonly imageUrl: string;
  readonly admin: string;
  readonly member: string;
  /** Where web-download finds `disk.qcow2`, `raw.img`, `cut.qcow2` (ends too early) and no `absent`. */
  readonly sourceUrl: string;
  readonly qcow2: Uint8Array;
  readonly prefix: string;
}

/** What one request showed, with everything taken out that must differ (ids, times). */
export interface Observation {
  readonly step: string;
  readonly status: number;
  readonly facts: unknown;
}

const PATCH = 'application/openstack-images-v2.1-json-patch';

interface Call {
  readonly as?: 'admin' | 'member' | 'nobody';
  readonly body?: unknown;
  readonly raw?: Uint8Array | string;
  readonly headers?: Record<string, string>;
  /** What of the answer is compared; by default the image's fields. */
  readonly look?: (json: Record<string, unknown>, headers: Headers) => unknown;
}

/** Sends the same requests to any Glance and tells what was seen, step by step; leaves nothing behind, even when it fails. */
export async function replay(cloud: Replayed): Promise<readonly Observation[]> {
  const created: string[] = [];
  try {
    return await sendAll(cloud, created);
  } catch (error) {
    for (const id of created) await ask(cloud, {step: 'clean up', method: 'DELETE', path: `/v2/images/${id}`});
    throw error;
  }
}

async function sendAll(cloud: Replayed, created: string[]): Promise<readonly Observation[]> {
  const seen: Observation[] = [];
  const idA = randomUUID();
  const name = (suffix: string): string => `${cloud.prefix}-${suffix}`;

  const send = async (
    step: string,
    method: string,
    path: string,
    call: Call = {},
  ): Promise<Record<string, unknown>> => {
    const {json, ...observation} = await ask(cloud, {step, method, path, ...call});
    seen.push(observation);
    if (method === 'POST' && path === '/v2/images' && typeof json['id'] === 'string') created.push(json['id']);
    return json;
  };
  const patch = (step: string, id: string, operations: unknown, call: Call = {}): Promise<Record<string, unknown>> =>
    send(step, 'PATCH', `/v2/images/${id}`, {headers: {'content-type': PATCH}, body: operations, ...call});
  const create = async (step: string, body: unknown, call: Call = {}): Promise<string> => {
    const {id} = await send(step, 'POST', '/v2/images', {body, ...call});
    return typeof id === 'string' ? id : 'none';
  };
  const show = (step: string, id: string, call: Call = {}): Promise<Record<string, unknown>> =>
    send(step, 'GET', `/v2/images/${id}`, call);
  const until = (id: string, wanted: (image: Record<string, unknown>) => boolean): Promise<void> =>
    waitFor(cloud, id, wanted);
  const drop = (step: string, id: string, call: Call = {}): Promise<unknown> =>
    send(step, 'DELETE', `/v2/images/${id}`, call);
  const qcow2 = {disk_format: 'qcow2', container_format: 'bare', visibility: 'private'};
  const taskLook = (json: Record<string, unknown>): unknown =>
    Array.isArray(json['tasks']) ? json['tasks'].map(taskFacts) : json;

  // discovery and refusals
  await send('import methods', 'GET', '/v2/info/import', {look: (json) => json});
  await send('stores', 'GET', '/v2/info/stores', {look: (json) => json});
  await send('usage', 'GET', '/v2/info/usage', {look: (json) => json});
  await send('no token', 'GET', '/v2/images', {as: 'nobody', look: () => null});
  await send('unknown route', 'GET', '/v2/nonsense', {look: () => null});
  await show('unknown id', randomUUID());
  await show('id that is none', 'nope');

  // create
  const full = {
    ...qcow2,
    id: idA,
    name: name('a'),
    tags: ['b', 'a', 'a'],
    min_disk: 1,
    min_ram: 64,
    os_hidden: true,
    protected: false,
    os_distro: 'debian',
    imgmgr_x: 'y',
  };
  await send('create with everything', 'POST', '/v2/images', {
    body: full,
    look: (json, headers) => [
      imageFacts(json),
      headers.get('openstack-image-import-methods'),
      ownStores(headers.get('openstack-image-store-ids')),
      /\/v2\/images\/[0-9a-f-]{36}$/.test(headers.get('location') ?? ''),
    ],
  });
  await create('create with a taken id', full);
  await create('create with a bad id', {...qcow2, id: 'bad'});
  await create('create with a number as property', {...qcow2, name: name('n'), os_distro: 5});
  await create('create with a null property', {...qcow2, name: name('n'), os_distro: null});
  await create('create with a reserved property', {...qcow2, name: name('n'), os_glance_x: '1'});
  await create('create with a read-only property', {...qcow2, name: name('n'), status: 'active'});
  await create('create with a disallowed property', {...qcow2, name: name('n'), stores: 'file'});
  await create('create with a bad disk format', {...qcow2, name: name('n'), disk_format: 'floppy'});
  await create('create with a bad visibility', {...qcow2, visibility: 'secret'});
  await create('create with text as min_disk', {...qcow2, min_disk: '1'});
  await create('create with a negative min_disk', {...qcow2, min_disk: -1});
  await create('create with a long name', {...qcow2, name: 'n'.repeat(256)});
  await create('create with a long tag', {...qcow2, tags: ['t'.repeat(256)]});
  await create('create without JSON', undefined, {raw: 'not json', headers: {'content-type': 'application/json'}});
  await create('create with a list', [1]);
  await create('publicize as member', {...qcow2, name: name('p'), visibility: 'public'}, {as: 'member'});
  const plain = await create('create with nothing', {});
  await drop('delete the empty one', plain);

  // patch
  await patch('add new properties', idA, [
    {op: 'add', path: '/k1', value: 'v1'},
    {op: 'add', path: '/k~1x', value: 'slash'},
  ]);
  await patch('add an existing property', idA, [{op: 'add', path: '/k1', value: 'v2'}]);
  await patch('replace a property', idA, [{op: 'replace', path: '/k1', value: 'v3'}]);
  await patch('replace a missing property', idA, [{op: 'replace', path: '/none', value: 'v'}]);
  await patch('remove a missing property', idA, [{op: 'remove', path: '/none'}]);
  await patch('remove a property', idA, [{op: 'remove', path: '/k1'}]);
  await patch('all or nothing', idA, [
    {op: 'add', path: '/half', value: '1'},
    {op: 'remove', path: '/none'},
  ]);
  await show('after all or nothing', idA);
  await patch('replace core attributes', idA, [
    {op: 'replace', path: '/name', value: name('a2')},
    {op: 'replace', path: '/min_disk', value: 2},
    {op: 'replace', path: '/os_hidden', value: false},
    {op: 'replace', path: '/protected', value: true},
    {op: 'replace', path: '/tags', value: ['x', 'y']},
  ]);
  await drop('delete a protected image', idA);
  await patch('unprotect', idA, [{op: 'replace', path: '/protected', value: false}]);
  await patch('add core attributes', idA, [
    {op: 'add', path: '/name', value: name('a')},
    {op: 'add', path: '/tags', value: ['a', 'b']},
  ]);
  await patch('remove a core attribute', idA, [{op: 'remove', path: '/name'}]);
  await patch('set a read-only attribute', idA, [{op: 'replace', path: '/status', value: 'active'}]);
  await patch('set the id', idA, [{op: 'replace', path: '/id', value: randomUUID()}]);
  await patch('set a reserved property', idA, [{op: 'add', path: '/os_glance_failed_import', value: ''}]);
  await patch('set location', idA, [{op: 'add', path: '/location', value: 'x'}]);
  await patch('a number as property', idA, [{op: 'add', path: '/k', value: 1}]);
  await patch('true as property', idA, [{op: 'add', path: '/k', value: true}]);
  await patch('text as os_hidden', idA, [{op: 'replace', path: '/os_hidden', value: 'true'}]);
  await patch('text as min_ram', idA, [{op: 'replace', path: '/min_ram', value: '5'}]);
  await patch('bad visibility', idA, [{op: 'replace', path: '/visibility', value: 'secret'}]);
  await patch('one tag by path', idA, [{op: 'add', path: '/tags/-', value: 'z'}]);
  await patch('test is no operation', idA, [{op: 'test', path: '/name', value: name('a')}]);
  await patch('no value', idA, [{op: 'add', path: '/k'}]);
  await patch('no list', idA, {op: 'add', path: '/k', value: 'v'});
  await patch('empty list', idA, []);
  await patch('empty property value', idA, [{op: 'add', path: '/empty', value: ''}]);
  await patch('wrong content type', idA, [], {headers: {'content-type': 'application/json'}});
  await patch('disk format while queued', idA, [{op: 'replace', path: '/disk_format', value: 'raw'}]);
  await patch('disk format back', idA, [{op: 'replace', path: '/disk_format', value: 'qcow2'}]);
  await patch('unknown image', randomUUID(), [{op: 'add', path: '/k', value: 'v'}]);

  // tags
  await send('put a tag', 'PUT', `/v2/images/${idA}/tags/t1`);
  await send('delete a tag', 'DELETE', `/v2/images/${idA}/tags/t1`);
  await send('delete a missing tag', 'DELETE', `/v2/images/${idA}/tags/t1`);

  // members
  const [members, one, two] = [`/v2/images/${idA}/members`, 'a'.repeat(32), 'b'.repeat(32)];
  const memberLook = {look: memberFacts};
  await send('members of a private image', 'GET', members, memberLook);
  await send('a member for a private image', 'POST', members, {body: {member: one}, ...memberLook});
  await patch('make it shared', idA, [{op: 'replace', path: '/visibility', value: 'shared'}]);
  await send('a member', 'POST', members, {body: {member: one}, ...memberLook});
  await send('the same member again', 'POST', members, {body: {member: one}, ...memberLook});
  await send('another member', 'POST', members, {body: {member: two}, ...memberLook});
  await send('accept for a member', 'PUT', `${members}/${one}`, {body: {status: 'accepted'}, ...memberLook});
  await send('accept for nobody', 'PUT', `${members}/${'c'.repeat(32)}`, {body: {status: 'accepted'}, ...memberLook});
  await send('members', 'GET', members, memberLook);
  await send('members as somebody else', 'GET', members, {as: 'member', ...memberLook});
  await send('remove a member', 'DELETE', `${members}/${one}`, memberLook);
  await send('remove the member again', 'DELETE', `${members}/${one}`, memberLook);
  await patch('make it private again', idA, [{op: 'replace', path: '/visibility', value: 'private'}]);
  await send('remove a member of a private image', 'DELETE', `${members}/${two}`, memberLook);

  // other tenants
  await show('private image of another project', idA, {as: 'member'});
  await patch('patch the private image of another project', idA, [{op: 'add', path: '/k', value: 'v'}], {as: 'member'});
  await drop('delete the private image of another project', idA, {as: 'member'});

  // upload
  await send('upload refused without a body type', 'PUT', `/v2/images/${idA}/file`, {
    raw: 'x',
    headers: {'content-type': 'text/plain'},
  });
  await send('stage before create', 'PUT', `/v2/images/${randomUUID()}/stage`, {
    raw: 'x',
    headers: {'content-type': 'application/octet-stream'},
  });
  await send('upload to an unknown store', 'PUT', `/v2/images/${idA}/file`, {
    raw: cloud.qcow2,
    headers: {'content-type': 'application/octet-stream', 'x-image-meta-store': 'moon'},
  });
  await show('after an unknown store', idA);
  await send('upload', 'PUT', `/v2/images/${idA}/file`, {
    raw: cloud.qcow2,
    headers: {'content-type': 'application/octet-stream', 'x-image-meta-store': 'fast'},
  });
  await show('after the upload', idA);
  await send('upload twice', 'PUT', `/v2/images/${idA}/file`, {
    raw: 'x',
    headers: {'content-type': 'application/octet-stream'},
  });
  await send('stage an active image', 'PUT', `/v2/images/${idA}/stage`, {
    raw: 'x',
    headers: {'content-type': 'application/octet-stream'},
  });
  await show('after the refused second upload', idA);
  await patch('disk format while active', idA, [{op: 'replace', path: '/disk_format', value: 'raw'}]);

  // publish, list
  await patch('publish', idA, [
    {op: 'replace', path: '/visibility', value: 'public'},
    {op: 'replace', path: '/os_hidden', value: false},
  ]);
  await show('public image seen by another project', idA, {as: 'member'});
  await patch('patch the public image of another project', idA, [{op: 'add', path: '/k', value: 'v'}], {as: 'member'});
  await drop('delete the public image of another project', idA, {as: 'member'});
  await send('tag the public image of another project', 'PUT', `/v2/images/${idA}/tags/t1`, {as: 'member'});
  await patch('withdraw', idA, [{op: 'replace', path: '/visibility', value: 'private'}]);
  await listings(cloud, send, name);

  // deactivate
  await send('deactivate', 'POST', `/v2/images/${idA}/actions/deactivate`, {look: () => null});
  await send('deactivate again', 'POST', `/v2/images/${idA}/actions/deactivate`, {look: () => null});
  await show('deactivated', idA);
  await send('download deactivated as admin', 'GET', `/v2/images/${idA}/file`, {look: () => null});
  await send('reactivate', 'POST', `/v2/images/${idA}/actions/reactivate`, {look: () => null});
  await show('reactivated', idA);

  // imports
  const importing = (step: string, id: string, body: unknown, call: Call = {}): Promise<unknown> =>
    send(step, 'POST', `/v2/images/${id}/import`, {body, look: () => null, ...call});
  const web = {name: 'web-download', uri: `${cloud.sourceUrl}/disk.qcow2`};
  await importing('import into an active image', idA, {method: web});
  await importing('import by an unknown method', idA, {method: {name: 'telepathy'}});
  await importing('import without a method', idA, {});
  await importing('copy to a store that has it', idA, {method: {name: 'copy-image'}, stores: ['fast']});
  await importing('copy to an unknown store', idA, {method: {name: 'copy-image'}, stores: ['moon']});
  await importing('copy', idA, {method: {name: 'copy-image'}, stores: ['file']});
  await until(idA, (image) => storesOf(image).length === 2 && image['os_glance_import_task'] === undefined);
  await show('after the copy', idA);
  await send('tasks after the copy', 'GET', `/v2/images/${idA}/tasks`, {look: taskLook});
  await send('delete from a store', 'DELETE', `/v2/stores/fast/${idA}`);
  await send('delete from the last store', 'DELETE', `/v2/stores/file/${idA}`);
  await send('delete from an unknown store', 'DELETE', `/v2/stores/moon/${idA}`);
  await show('after the store was left', idA);

  const idB = await create('record for web-download', {...qcow2, name: name('b')});
  await importing('import of an address that is filtered', idB, {
    method: {name: 'web-download', uri: 'http://127.0.0.1:1/x'},
  });
  await importing('import without an address', idB, {method: {name: 'web-download'}});
  await importing('glance-direct without staging', idB, {method: {name: 'glance-direct'}});
  await importing('copy of a queued image', idB, {method: {name: 'copy-image'}, stores: ['file']});
  await importing('import to an unknown store', idB, {method: web, stores: ['moon']});
  await importing('import by another project', idB, {method: web}, {as: 'member'});
  await importing('web-download of what is not there', idB, {
    method: {name: 'web-download', uri: `${cloud.sourceUrl}/absent`},
  });
  await waitForTask(cloud, idB);
  await show('after the failed web-download', idB);
  await send('tasks after the failed web-download', 'GET', `/v2/images/${idB}/tasks`, {look: taskLook});
  await drop('delete after the failed web-download', idB);

  const idC = await create('record for web-download to all stores', {...qcow2, name: name('c'), min_disk: 0});
  await importing('web-download to all stores', idC, {method: web, all_stores: true, all_stores_must_succeed: false});
  await until(idC, (image) => image['status'] === 'active' && image['os_glance_import_task'] === undefined);
  await show('after web-download', idC);
  await send('tasks after web-download', 'GET', `/v2/images/${idC}/tasks`, {look: taskLook});

  const idD = await create('record for glance-direct', {...qcow2, name: name('d')});
  await send('stage', 'PUT', `/v2/images/${idD}/stage`, {
    raw: cloud.qcow2,
    headers: {'content-type': 'application/octet-stream'},
  });
  await show('staged', idD);
  await send('upload over staged', 'PUT', `/v2/images/${idD}/file`, {
    raw: 'x',
    headers: {'content-type': 'application/octet-stream'},
  });
  await show('after upload over staged', idD);
  await importing('glance-direct', idD, {method: {name: 'glance-direct'}, stores: ['file', 'fast']});
  await until(idD, (image) => image['status'] === 'active' && image['os_glance_import_task'] === undefined);
  await show('after glance-direct', idD);

  const idE = await create('record without formats', {name: name('e'), visibility: 'private'});
  await importing('import without formats', idE, {method: web});
  await send('upload without formats', 'PUT', `/v2/images/${idE}/file`, {
    raw: 'x',
    headers: {'content-type': 'application/octet-stream'},
  });
  await show('after upload without formats', idE);
  const idF = await create('record for raw bytes', {name: name('f'), disk_format: 'raw', container_format: 'bare'});
  await send('upload raw', 'PUT', `/v2/images/${idF}/file`, {
    raw: new Uint8Array(4096),
    headers: {'content-type': 'application/octet-stream'},
  });
  await show('after upload raw', idF);
  await send('deactivate a queued image', 'POST', `/v2/images/${idE}/actions/deactivate`, {look: () => null});
  const idG = await create('record of qcow2 for other bytes', {...qcow2, name: name('g')});
  await send('upload bytes that are no qcow2', 'PUT', `/v2/images/${idG}/file`, {
    raw: new Uint8Array(4096),
    headers: {'content-type': 'application/octet-stream'},
    look: () => null,
  });
  await show('after bytes that are no qcow2', idG);
  await send('stage again', 'PUT', `/v2/images/${idG}/stage`, {
    raw: 'x',
    headers: {'content-type': 'application/octet-stream'},
    look: () => null,
  });

  // connections that break, bytes that lie
  for (const [step, encoding] of Object.entries({'a counted': 'length', 'a chunked': 'chunked'})) {
    for (const what of ['file', 'stage']) {
      const id = await create(`record for ${step} ${what} that breaks off`, {...qcow2, name: name('h')});
      await breakOff(cloud, `/v2/images/${id}/${what}`, encoding);
      await until(id, (image) => image['status'] === 'queued');
      await show(`after ${step} ${what} that broke off`, id);
      await send(`${step} ${what} again`, 'PUT', `/v2/images/${id}/${what}`, {
        raw: cloud.qcow2,
        headers: {'content-type': 'application/octet-stream'},
        look: () => null,
      });
      await show(`after ${step} ${what} again`, id);
      await drop(`delete after ${step} ${what}`, id);
    }
  }
  const idI = await create('record of qcow2 for a download of other bytes', {...qcow2, name: name('i')});
  await importing('web-download of bytes that are no qcow2', idI, {
    method: {name: 'web-download', uri: `${cloud.sourceUrl}/raw.img`},
    all_stores: true,
  });
  await waitForTask(cloud, idI);
  await show('after web-download of bytes that are no qcow2', idI);
  await send('tasks after web-download of bytes that are no qcow2', 'GET', `/v2/images/${idI}/tasks`, {look: taskLook});
  await drop('delete I', idI);
  const idJ = await create('record for a download that is cut off', {...qcow2, name: name('j')});
  await importing('web-download that is cut off', idJ, {
    method: {name: 'web-download', uri: `${cloud.sourceUrl}/cut.qcow2`},
    stores: ['fast'],
  });
  await waitForTask(cloud, idJ);
  await show('after web-download that is cut off', idJ);
  await drop('delete J', idJ);

  for (const [step, id] of Object.entries({A: idA, C: idC, D: idD, E: idE, F: idF, G: idG}))
    await drop(`delete ${step}`, id);
  await drop('delete twice', idA);
  await create('create with the id of a deleted image', full);
  await create('create with a taken id, again', full);
  await drop('clean up', idA);
  return seen;
}

async function listings(
  cloud: Replayed,
  send: (step: string, method: string, path: string, call?: Call) => Promise<Record<string, unknown>>,
  name: (suffix: string) => string,
): Promise<void> {
  const ids: string[] = [];
  const tag = `${cloud.prefix}-tag`;
  for (const [index, hidden] of [false, false, true].entries()) {
    const body = {
      name: name(`l${index}`),
      tags: [tag, `${tag}-${index % 2}`],
      visibility: 'private',
      os_hidden: hidden,
    };
    ids.push(String((await send(`record ${index} to list`, 'POST', '/v2/images', {body}))['id']));
  }
  const look = (json: Record<string, unknown>): unknown => ({
    names: Array.isArray(json['images'])
      ? json['images'].map((image: Record<string, unknown>) => String(image['name']).slice(cloud.prefix.length))
      : null,
    next: nextFacts(json['next'], cloud.prefix),
    first: nextFacts(json['first'], cloud.prefix),
    schema: json['schema'],
  });
  const list = (step: string, query: string): Promise<Record<string, unknown>> =>
    send(step, 'GET', `/v2/images?${query}`, {look});
  await list('list by tag', `tag=${tag}&sort=name:asc`);
  await list('list by two tags', `tag=${tag}&tag=${tag}-1`);
  await list('list hidden by tag', `tag=${tag}&os_hidden=true`);
  await list('list by bad os_hidden', `tag=${tag}&os_hidden=maybe`);
  await list('list by name', `name=${name('l0')}`);
  await list('list by names', `name=in:${name('l0')},${name('l1')}&sort=name:asc`);
  await list('list by quoted names', `name=in:${encodeURIComponent(`"${name('l0')}","${name('l1')}"`)}&sort=name:desc`);
  await list('list by one quote', `name=in:${encodeURIComponent(`"${name('l0')}`)}`);
  await list('list by status', `tag=${tag}&status=active`);
  await list('list by several states', `tag=${tag}&status=in:queued,active&sort=name:asc`);
  await list('list by visibility', `tag=${tag}&visibility=private&sort=name:asc`);
  await list('list by other visibility', `tag=${tag}&visibility=public`);
  await list('list by bad visibility', `tag=${tag}&visibility=odd`);
  await list('list all visibilities', `tag=${tag}&visibility=all&sort=name:asc`);
  await list('list by property', `tag=${tag}&os_distro=debian`);
  await list('list newest first', `tag=${tag}&sort_key=name&sort_dir=desc`);
  await list('list by bad sort key', `tag=${tag}&sort=moon:asc`);
  const page = await list('first page', `tag=${tag}&sort=name:asc&limit=1`);
  await list('second page', String(page['next']).split('?')[1] ?? '');
  await list('no page', `tag=${tag}&limit=0`);
  await list('bad limit', `tag=${tag}&limit=many`);
  await list('negative limit', `tag=${tag}&limit=-1`);
  await list('bad marker', `tag=${tag}&marker=${randomUUID()}`);
  await list('list by id', `id=in:${ids.slice(0, 2).join(',')}&sort=name:asc`);
  for (const id of ids) await send('delete a listed record', 'DELETE', `/v2/images/${id}`);
}

async function ask(
  cloud: Replayed,
  call: Call & {step: string; method: string; path: string},
): Promise<Observation & {json: Record<string, unknown>}> {
  const token = {admin: cloud.admin, member: cloud.member, nobody: undefined}[call.as ?? 'admin'];
  const headers: Record<string, string> = {...(token === undefined ? {} : {'x-auth-token': token}), ...call.headers};
  if (call.body !== undefined) headers['content-type'] ??= 'application/json';
  const body = call.raw ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
  const response = await answered(cloud.imageUrl + call.path, {
    method: call.method,
    headers,
    ...(body === undefined ? {} : {body: typeof body === 'string' ? body : Buffer.from(body)}),
  });
  const text = await response.text();
  const json = parse(text);
  const look = call.look ?? ((found: Record<string, unknown>) => imageFacts(found));
  return {step: call.step, status: response.status, facts: response.ok ? look(json, response.headers) : null, json};
}

/**
 * The answer to a request. uWSGI closes the connection of a body that Glance refuses without reading it, and on a busy machine the reset
 * overtakes the answer now and then: such a request is sent again, which changes nothing, since it was refused.
 */
async function answered(url: string, request: RequestInit, attempts = 3): Promise<Response> {
  try {
    return await fetch(url, request);
  } catch (error) {
    const {code} = (error as {readonly cause?: {readonly code?: string}}).cause ?? {};
    if (code !== 'ECONNRESET' || attempts === 1) throw error;
    return await answered(url, request, attempts - 1);
  }
}

/** Starts an upload and drops the connection in the middle of it. */
async function breakOff(cloud: Replayed, path: string, encoding: string): Promise<void> {
  const headers = {
    'x-auth-token': cloud.admin,
    'content-type': 'application/octet-stream',
    ...(encoding === 'length' && {'content-length': String(cloud.qcow2.length)}),
  };
  await new Promise<void>((resolve) => {
    const upload = httpRequest(cloud.imageUrl + path, {method: 'PUT', headers});
    upload.on('error', () => resolve());
    upload.write(cloud.qcow2.subarray(0, 4096));
    setTimeout(() => {
      upload.destroy();
      resolve();
    }, 300);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

const VARYING = ['id', 'created_at', 'updated_at', 'owner', 'self', 'file', 'os_glance_import_task'];

/** An image's fields with what must differ replaced by its shape. */
function imageFacts(json: Record<string, unknown>): unknown {
  const facts = Object.entries(json).map(([key, value]): [string, unknown] => {
    if (VARYING.includes(key))
      return [key, typeof value === 'string' ? value.replace(/[0-9a-f]/g, 'h').replace(/\d/g, 'h') : value];
    if (key === 'tags' && Array.isArray(value)) return [key, value.map(String).map(withoutPrefix).toSorted()];
    if (key === 'name' && typeof value === 'string') return [key, withoutPrefix(value)];
    if (key === 'stores') return [key, String(value).split(',').toSorted()];
    return [key, value];
  });
  return Object.fromEntries(facts.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function withoutPrefix(text: string): string {
  return text.replace(/^fid-[0-9a-z]+/, 'fid');
}

function taskFacts(task: Record<string, unknown>): unknown {
  const message = String(task['message']);
  return {
    keys: Object.keys(task).toSorted(),
    type: task['type'],
    status: task['status'],
    message: message.split(/[:.]/)[0]?.replace(/[0-9a-f-]{36}/, 'ID'),
  };
}

/** Ids and states of members, without times. */
function memberFacts(json: Record<string, unknown>): unknown {
  const facts = (one: unknown): unknown =>
    typeof one === 'object' && one !== null && 'member_id' in one && 'status' in one
      ? [one.member_id, one.status]
      : null;
  return Array.isArray(json['members']) ? json['members'].map(facts).sort() : facts(json);
}

function nextFacts(link: unknown, prefix: string): string | null {
  if (typeof link !== 'string') return null;
  return link.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID').replaceAll(prefix, 'PREFIX');
}

/** A Glance process that has staged something also tells its two inner stores. */
function ownStores(header: string | null): readonly string[] {
  return (header ?? '').split(',').filter((id) => !id.startsWith('os_glance_'));
}

function storesOf(image: Record<string, unknown>): readonly string[] {
  return typeof image['stores'] === 'string' ? image['stores'].split(',') : [];
}

async function waitFor(
  cloud: Replayed,
  id: string,
  wanted: (image: Record<string, unknown>) => boolean,
): Promise<void> {
  await eventually(async () => wanted((await ask(cloud, {step: '', method: 'GET', path: `/v2/images/${id}`})).json));
}

/** The task's end comes a moment before the image's lock is taken off. */
async function waitForTask(cloud: Replayed, id: string): Promise<void> {
  await eventually(async () => {
    const {json} = await ask(cloud, {step: '', method: 'GET', path: `/v2/images/${id}/tasks`});
    const tasks = Array.isArray(json['tasks']) ? (json['tasks'] as Record<string, unknown>[]) : [];
    return tasks.some((task) => task['status'] === 'failure' || task['status'] === 'success');
  });
  await waitFor(cloud, id, (image) => image['os_glance_import_task'] === undefined);
}

async function eventually(met: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (await met()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('the state that was waited for never came');
}
