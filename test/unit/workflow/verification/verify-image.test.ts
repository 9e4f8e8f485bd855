import {describe, expect, it} from 'vitest';
import type {VerifySettings} from '../../../../src/core/definition/definition.ts';
import type {Event} from '../../../../src/core/events.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import {ImgmgrError} from '../../../../src/errors.ts';
import type {Evidence} from '../../../../src/ports/evidence.ts';
import type {VerifyOptions} from '../../../../src/workflow/verification/types.ts';
import {Verifier} from '../../../../src/workflow/verification/verifier.ts';
import {verifyImage} from '../../../../src/workflow/verification/verify-image.ts';
import {FakeDesk, FakeTestServers, goodReport} from '../../../fakes/test-servers.ts';
import {fakeStore} from './fake-store.ts';

const IMAGE: Image = {
  id: '11111111-2222-3333-4444-555555555555',
  name: 'X (1)',
  status: 'active',
  visibility: 'private',
  osHidden: true,
  protected: false,
  owner: 'ours',
  tags: [],
  minDisk: 1,
  minRam: 128,
  diskFormat: 'qcow2',
  containerFormat: 'bare',
  size: 1,
  virtualSize: 1,
  osHashAlgo: null,
  osHashValue: null,
  createdAt: '',
  updatedAt: '',
  stores: [],
  properties: {architecture: 'x86_64', hw_disk_bus: 'scsi', os_distro: 'debian', os_glance_x: '1', login: 'me'},
};

/** A verifier whose clock moves on by itself whenever somebody sleeps. */
function world(options: Partial<VerifyOptions> = {}, parts: {readonly bootPort?: number} = {}) {
  const desk = new FakeDesk();
  const servers = new FakeTestServers(desk);
  const events: Event[] = [];
  const kept: Evidence[] = [];
  const interruption = new AbortController();
  let nowMs = 0;
  const store = fakeStore();
  const verifier = new Verifier({
    run: 'aaaaaaaa-run',
    store: store.store,
    tests: servers,
    parts: {
      options: {deadlineMs: 60_000, listen: {port: 0}, keepOnFailure: false, inject: false, record: true, ...options},
      openDesk: () => Promise.resolve(desk),
      userData: (job) => JSON.stringify(job),
      keepEvidence: (evidence) => {
        kept.push(evidence);
        return Promise.resolve('/state/evidence.json');
      },
      probePort: (_, port) => Promise.resolve(port === parts.bootPort),
    },
    runtime: {
      monotonic: () => nowMs,
      sleep: async (ms, signal) => {
        nowMs += ms;
        await Promise.resolve();
        signal?.throwIfAborted();
      },
      uuid: () => 'u',
      host: {hostName: 'h', bootId: 'b 1', pid: 7, startTime: '99'},
      runAlive: () => true,
    },
    emit: (event) => events.push(event),
    signal: interruption.signal,
  });
  const verify = (settings: VerifySettings = {}, image = IMAGE) =>
    verifyImage(verifier, {image, definition: 'X', version: '1', settings, emit: verifier.context.emit});
  return {desk, servers, events, kept, interruption, verifier, verify, store, elapsedMs: () => nowMs};
}

describe('one verification', () => {
  it('boots exactly this image, stamped, and believes the report', async () => {
    const {verify, servers, verifier, events, kept} = world({sshKey: 'ssh-ed25519 AAAA me', lookup: 'example.org'});
    expect(await verify({ready: 'true', checks: {swap: false}})).toMatchObject({kind: 'pass'});
    expect(servers.requests[0]).toMatchObject({
      name: 'imgmgr-aaaaaaaa-11111111',
      image: {id: IMAGE.id},
      stamp: {run: 'aaaaaaaa-run', image: IMAGE.id, holder: 'h b%201 7 99'},
      datasource: 'metadata',
    });
    expect(servers.jobs[0]).toMatchObject({
      run: 'aaaaaaaa-run',
      address: '192.0.2.1:4242',
      ready: 'true',
      lookup: 'example.org',
      off: ['swap'],
      deadline_seconds: 55,
      until_unix_ms: 1_700_000_060_000,
      expect: {
        disk_bytes: 3 * 1024 ** 3,
        ssh_key: 'ssh-ed25519 AAAA me',
        interfaces: [{mac: 'fa:16:3e:00:00:01', addresses: ['192.0.2.50']}],
        datasources: ['metadata'],
        properties: {architecture: 'x86_64', hw_disk_bus: 'scsi', os_distro: 'debian'},
      },
    });
    await verifier.close();
    expect(servers.alive.size).toBe(0);
    expect(servers.desk.closed).toBe(true);
    expect(events.find(({type}) => type === 'verdict')).toMatchObject({evidence: '/state/evidence.json', version: '1'});
    expect(kept).toHaveLength(1);
  });

  it('gives the guest no command whose check is switched off', async () => {
    const {verify, servers} = world();
    await verify({start: 'serve', ready: 'true'});
    expect(servers.jobs[0]).toMatchObject({start: 'serve', ready: 'true'});
    await verify({start: 'serve', ready: 'true', checks: {start: false, ready: false}});
    expect(servers.jobs[1]).not.toHaveProperty('start');
    expect(servers.jobs[1]).not.toHaveProperty('ready');
  });

  it('R10: the job names the name servers that the place knows to be silent, and says so where there are none', async () => {
    const {verify, servers} = world();
    await verify();
    const place = servers.place.bind(servers);
    servers.place = async (needs) => ({...(await place(needs)), silentNameservers: ['10.0.2.3']});
    await verify();
    expect(servers.jobs.map(({expect}) => expect.silent_nameservers)).toEqual([[], ['10.0.2.3']]);
  });

  it('does not wait for the removal of the server before it tells the verdict', async () => {
    const {verify, servers, verifier} = world();
    let release = (): void => undefined;
    const gone = new Promise<void>((resolve) => (release = resolve));
    const remove = servers.remove.bind(servers);
    servers.remove = async (server) => {
      await gone;
      await remove(server);
    };
    expect(await verify()).toMatchObject({kind: 'pass'});
    expect(servers.alive.size).toBe(1);
    release();
    await verifier.close();
    expect(servers.alive.size).toBe(0);
  });

  it('tells how long the guest took from its hello to its report, and nothing where no agent spoke', async () => {
    const {verify, servers, events, elapsedMs} = world();
    const at = {hello: 0, report: 0};
    servers.guest = () => undefined;
    servers.looks = ({id}) => {
      const [ticket] = servers.desk.tickets;
      if (at.hello === 0) {
        at.hello = elapsedMs();
        ticket?.greet();
      } else {
        at.report = elapsedMs();
        ticket?.hear(goodReport(id));
      }
      return {kind: 'active'};
    };
    await verify();
    const [reported] = events.filter((event) => event.type === 'verdict');
    expect(at.report).toBeGreaterThan(at.hello);
    expect(reported).toMatchObject({spans: {guestMs: at.report - at.hello}});

    const mute = world();
    await mute.verify();
    expect(mute.events.find(({type}) => type === 'verdict')).toMatchObject({
      spans: expect.not.objectContaining({guestMs: expect.anything() as unknown}) as unknown,
    });
  });

  it('fails an image whose checks fail, and removes its server', async () => {
    const {verify, servers, verifier} = world();
    servers.guest = ({server, ticket}) => ticket.hear(goodReport(server.id, ['dns', 'swap']));
    expect(await verify()).toMatchObject({kind: 'fail', cause: 'checks-failed', failed: ['dns'], warned: ['swap']});
    await verifier.close();
    expect(servers.removed).toEqual(['server-1']);
  });

  it('ends at the deadline, with what the console tells', async () => {
    const {verify, servers, elapsedMs, kept} = world({deadlineMs: 30_000});
    servers.guest = () => undefined;
    expect(await verify()).toMatchObject({kind: 'fail', cause: 'agent-missing'});
    expect(elapsedMs()).toBe(30_000);
    expect(kept[0]).toMatchObject({console: 'login: '});
  });

  it('takes the deadline of the definition before that of the flags', async () => {
    const {verify, servers, elapsedMs} = world({deadlineMs: 30_000});
    servers.guest = () => undefined;
    await verify({deadlineSeconds: 10});
    expect(elapsedMs()).toBe(10_000);
  });

  it('does not wait for a guest that is beyond hope', async () => {
    const {verify, servers, elapsedMs} = world({deadlineMs: 600_000});
    servers.guest = () => undefined;
    servers.text = 'Kernel panic - not syncing: no init';
    expect(await verify()).toMatchObject({kind: 'fail', cause: 'kernel-panic'});
    expect(elapsedMs()).toBeLessThan(20_000);
  });

  it.each([
    [
      {kind: 'error', fault: 'none', cause: 'no-valid-host', requestId: 'req-9'} as const,
      'no-valid-host',
      'environment',
    ],
    [{kind: 'gone'} as const, 'server-gone', 'environment'],
    [{kind: 'stopped'} as const, 'powered-off', 'fail'],
  ])('ends at once when Nova says %j', async (look, cause, kind) => {
    const {verify, servers, elapsedMs} = world({deadlineMs: 600_000});
    servers.guest = () => undefined;
    servers.looks = () => look;
    expect(await verify()).toMatchObject({kind, cause});
    expect(elapsedMs()).toBeLessThan(5_000);
  });

  it.each([
    [
      'place',
      new ImgmgrError('UNSUPPORTED', 'no flavor fits 20 GiB', {hint: 'make one', lacks: 'flavor'}),
      'no-flavor',
    ],
    [
      'place',
      new ImgmgrError('UNSUPPORTED', 'none that servers could be on', {lacks: 'network'}),
      'no-network-to-boot-on',
    ],
    ['start', new ImgmgrError('QUOTA', 'Quota exceeded for instances'), 'quota'],
    ['start', new ImgmgrError('UNAVAILABLE', '503'), 'cloud-failed'],
  ] as const)('a fault of the environment in %s is no verdict on the image: %s', async (where, fault, cause) => {
    const {verify, servers, events} = world();
    servers.faults[where] = fault;
    expect(await verify()).toMatchObject({kind: 'environment', cause, failed: []});
    expect(events.filter(({type}) => type === 'verdict')).toHaveLength(1);
  });

  it.each(['network', 'flavor', 'quota'])('L: an outage of a host called %s.… is cloud-failed', async (word) => {
    const {verify, servers} = world();
    servers.faults.place = new ImgmgrError('UNAVAILABLE', `no answer from https://${word}.example.org: ECONNREFUSED`);
    expect(await verify()).toMatchObject({kind: 'environment', cause: 'cloud-failed'});
  });

  it('R7: the root that the definition or --root asks for is where the server is booted from', async () => {
    const plain = world();
    await plain.verify();
    await plain.verify({root: 'volume'});
    expect(plain.servers.requests.map(({place}) => place.root)).toEqual([undefined, 'volume']);
    const flagged = world({root: 'volume'});
    await flagged.verify();
    expect(flagged.servers.requests.map(({place}) => place.root)).toEqual(['volume']);
  });

  it('a fault of the configuration ends the run instead', async () => {
    const {verify} = world();
    await expect(verify({datasources: ['nocloud']})).rejects.toMatchObject({code: 'CONFIG'});
  });

  it('boots once for each way to the metadata that is asked for, and all have to pass', async () => {
    const {verify, servers} = world();
    expect(await verify({datasources: ['metadata', 'config-drive', 'nocloud']})).toMatchObject({kind: 'pass'});
    expect(servers.requests.map(({datasource}) => datasource)).toEqual(['metadata', 'config-drive']);
    servers.guest = ({server, ticket, request}) =>
      ticket.hear(goodReport(server.id, request.datasource === 'config-drive' ? ['config-drive'] : []));
    expect(await verify({datasources: ['metadata', 'config-drive']})).toMatchObject({failed: ['config-drive']});
  });

  it('is interrupted at once, and its server is removed', async () => {
    const {verify, servers, interruption, verifier} = world();
    servers.guest = () => interruption.abort(new ImgmgrError('INTERRUPTED', 'SIGINT'));
    await expect(verify()).rejects.toMatchObject({code: 'INTERRUPTED'});
    await verifier.close();
    expect(servers.alive.size).toBe(0);
    expect(servers.desk.tickets[0]?.withdrawn).toBe(true);
  });

  it('tells how to remove by hand what cannot be removed', async () => {
    const {verify, servers, verifier, events} = world();
    servers.faults.remove = new ImgmgrError('CLOUD_REFUSED', 'answered 409');
    await verify();
    await verifier.close();
    expect(events.find(({type}) => type === 'warning')).toMatchObject({
      code: 'cleanup-failed',
      hint: expect.stringContaining('openstack server delete server-1; openstack port delete port-1') as string,
    });
  });

  it('leaves the server of a failed image with --keep-on-failure, that of a good one never', async () => {
    const {verify, servers, verifier, events} = world({keepOnFailure: true});
    servers.guest = ({server, ticket}) => ticket.hear(goodReport(server.id, ['dns']));
    await verify();
    servers.guest = ({server, ticket}) => ticket.hear(goodReport(server.id));
    await verify();
    await verifier.close();
    expect([...servers.alive.keys()]).toEqual(['server-1']);
    expect(events.filter(({type}) => type === 'warning')).toMatchObject([{code: 'server-kept'}]);
  });

  it('keeps no token and no password in its evidence', async () => {
    const {verify, servers, kept} = world({deadlineMs: 10_000});
    servers.guest = ({ticket}) => (servers.text = `login:\ntoken ${ticket.token}\nroot password: hunter2\n`);
    await verify();
    expect(kept[0]?.console).toBe('login:\ntoken ***\nroot password: ***\n');
  });

  it('S6: keeps no end of the token in its evidence, with which a console begins that the cloud has cut', async () => {
    const {verify, servers, kept} = world({deadlineMs: 10_000});
    servers.guest = ({ticket}) => (servers.text = `${ticket.token.slice(20)}\nlogin:\n`);
    await verify();
    expect(kept[0]?.console).toBe('***\nlogin:\n');
  });

  it('S6: keeps no end of any secret in its evidence, where the console was too long and was cut', async () => {
    const {verify, servers, kept} = world({deadlineMs: 10_000});
    const after = `${'.'.repeat(64 * 1024 - 20)}\nlogin:\n`;
    servers.guest = () => (servers.text = `${'x'.repeat(1000)} the key of the door\n${after}`);
    await verify();
    expect(kept[0]?.console).toBe(after);
  });

  it('goes on without a console, and with one that fails', async () => {
    const {verify, servers} = world({deadlineMs: 20_000});
    servers.guest = () => undefined;
    servers.faults.console = new ImgmgrError('UNAVAILABLE', '503');
    expect(await verify()).toMatchObject({kind: 'environment', cause: 'no-witness'});
  });
});

describe('the listener', () => {
  it('is one for all servers of a run', async () => {
    const {verify, servers, desk} = world();
    await Promise.all([verify(), verify()]);
    expect(desk.tickets).toHaveLength(2);
    expect(new Set(servers.jobs.map(({token}) => token)).size).toBe(2);
  });

  it('is told to the guests as --advertise says', async () => {
    const {verify, servers} = world({advertise: {host: '2001:db8::7', port: 7443}});
    await verify();
    expect(servers.jobs[0]?.address).toBe('[2001:db8::7]:7443');
  });
});

describe('mode: boot', () => {
  it('passes when the console shows the pattern, login: by default', async () => {
    const {verify, servers} = world();
    expect(await verify({mode: 'boot'})).toMatchObject({kind: 'pass'});
    servers.text = 'appliance is ready\n';
    expect(await verify({mode: 'boot', console: 'is ready$'})).toMatchObject({kind: 'pass'});
    // Nobody reports, so nobody is told where, and no listener has to be reachable.
    expect([servers.jobs, servers.desk.tickets]).toEqual([[], []]);
  });

  it('passes when the TCP port answers', async () => {
    const {verify, servers} = world({}, {bootPort: 22});
    servers.text = undefined;
    expect(await verify({mode: 'boot', port: 22})).toMatchObject({kind: 'pass', message: 'TCP port 22 answers'});
  });

  it('fails when neither comes, or when Nova or the console knows why', async () => {
    const {verify, servers} = world({deadlineMs: 20_000}, {bootPort: 22});
    servers.text = 'still booting';
    expect(await verify({mode: 'boot', port: 23})).toMatchObject({kind: 'fail', cause: 'not-reached'});
    servers.text = 'Kernel panic - not syncing';
    expect(await verify({mode: 'boot'})).toMatchObject({kind: 'fail', cause: 'kernel-panic'});
    servers.looks = () => ({kind: 'error', fault: 'none', cause: 'no-valid-host'});
    expect(await verify({mode: 'boot'})).toMatchObject({kind: 'environment', cause: 'no-valid-host'});
  });
});

describe('another project (--verify-cloud)', () => {
  it('is lent the image for the time of the test, also when the test fails', async () => {
    const {verifier, servers, store} = world();
    const tenant = fakeStore('theirs');
    const lent = new Verifier({
      ...verifier.context,
      parts: {...verifier.context.parts, elsewhere: {store: tenant.store, tests: servers}},
    });
    const task = {image: IMAGE, definition: 'X', version: '1', settings: {}, emit: lent.context.emit};
    expect(await verifyImage(lent, task)).toMatchObject({kind: 'pass'});
    servers.faults.start = new ImgmgrError('QUOTA', 'full');
    expect(await verifyImage(lent, task)).toMatchObject({kind: 'environment'});
    const once = [`share ${IMAGE.id} theirs`, `unshare ${IMAGE.id} theirs`];
    expect(store.calls).toEqual([...once, ...once]);
    expect(tenant.calls).toEqual([`accept ${IMAGE.id}`, `accept ${IMAGE.id}`]);
    store.calls.length = 0;
    await verifyImage(lent, {...task, image: {...IMAGE, visibility: 'public'}});
    expect(store.calls).toEqual([]);
  });
});
