import type {Diagnosis} from '../../core/doctor.ts';
import {doubtful, failure, untried, well} from '../../core/doctor.ts';
import type {Image} from '../../core/image/image.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Check} from '../../ports/doctor.ts';
import type {OpenReportDesk} from '../../ports/report-desk.ts';
import type {ServerAbility, ServerPlacement} from '../../ports/test-server-host.ts';
import type {CloudPorts} from '../types.ts';
import type {VerifyOptions} from '../verification/types.ts';
import {callbackOf} from '../verification/verifier.ts';

/** What test servers are looked at for. */
export interface TestNeeds {
  readonly boot: Pick<VerifyOptions, 'flavor' | 'network' | 'root' | 'listen' | 'advertise'>;
  /** The most that an enabled definition demands. */
  readonly minDiskGib: number;
  readonly minRamMib: number;
  /** Another project to boot in (`--verify-cloud`). */
  readonly elsewhere?: CloudPorts;
  /** Opens the listener for a moment. */
  readonly openDesk: OpenReportDesk;
  readonly probePort: (address: string, port: number) => Promise<boolean>;
}

/** Whether images can be tested: servers, flavor and network, console, and the way back to this host. Boots nothing. */
export function testChecks(ports: CloudPorts, needs: TestNeeds): readonly Check[] {
  const {tests, store} = needs.elsewhere ?? ports;
  let asked: Promise<ServerAbility> | undefined;
  const ability = (): Promise<ServerAbility> => (asked ??= tests.ability());
  const servers: Check = {id: 'servers', look: async () => serversOf(await ability(), store)};
  if (!store.mayCreate) return [servers];
  let placed: Promise<ServerPlacement> | undefined;
  const place = (): Promise<ServerPlacement> => (placed ??= tests.place(serverNeeds(needs)));
  const whereAble =
    (look: () => Promise<Diagnosis>): (() => Promise<Diagnosis>) =>
    async () =>
      (await ability()).kind === 'able' ? look() : untried('no test servers can be made', {});
  return [
    servers,
    {id: 'placement', look: whereAble(() => placement(place))},
    {id: 'console', look: () => Promise.resolve(CONSOLE)},
    {id: 'listener', look: whereAble(() => listener({tests, needs, place}))},
  ];
}

function serversOf(ability: ServerAbility, store: CloudPorts['store']): Diagnosis {
  switch (ability.kind) {
    case 'able':
      return well(
        store.mayCreate
          ? `may make test servers and their ports on ${store.cloud}`
          : 'test servers run under QEMU on this host',
      );
    case 'no-service':
      return doubtful(`no test servers on ${store.cloud}: ${ability.reason}`, {
        reason: 'images cannot be tested there before they are published',
        remedy: 'test in another project (--verify-cloud NAME), or publish without (--no-verify)',
      });
    case 'forbidden':
      return failure(
        new ImgmgrError('FORBIDDEN', ability.reason, {
          hint: 'give the account a role that may, test in another project (--verify-cloud NAME), or publish without (--no-verify)',
        }),
      );
  }
}

async function placement(place: () => Promise<ServerPlacement>): Promise<Diagnosis> {
  const {flavor, network} = await place();
  const disk = flavor.diskGib === 0 ? 'a volume' : `${flavor.diskGib} GiB`;
  return well(
    `test servers get flavor ${flavor.name} (${flavor.vcpus} vCPU, ${flavor.ramMib} MiB, ${disk}) and network ${network.name}`,
  );
}

const CONSOLE = untried('whether the console of a test server may be read', {
  reason: 'that is asked of a server alone',
  remedy: 'imgmgr verify boots one and keeps its console with the verdict',
});

async function listener({
  tests,
  needs: {boot, openDesk, probePort},
  place,
}: {
  readonly tests: CloudPorts['tests'];
  readonly needs: TestNeeds;
  readonly place: () => Promise<ServerPlacement>;
}): Promise<Diagnosis> {
  const {listen, advertise} = boot;
  const found = await place().catch(() => undefined);
  if (!found) return untried('where guests reach this host is not known', {reason: 'no network was found for them'});
  const callback = await callbackOf(tests, {place: found, listen, ...(advertise && {advertise})});
  const {host} = advertise ?? callback;
  const bind = listen.host ?? callback.bind;
  const desk = await openDesk({...listen, bind, names: [host]});
  try {
    const port = advertise?.port ?? desk.port;
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const opened = `the listener opens at port ${desk.port} of ${bind}; guests would call ${address}`;
    const answers = await probePort(host, port);
    return untried(`${opened}, and whether they reach it is not known`, {
      reason: answers
        ? 'this host itself reaches that address; a firewall between may still refuse guests'
        : 'this host itself does not reach that address, which is usual behind NAT and a fault elsewhere',
      remedy: 'imgmgr verify boots a server that calls it',
    });
  } finally {
    await desk.close();
  }
}

/** The image that demands most. */
function serverNeeds({minDiskGib, minRamMib, boot: {flavor, network, root}}: TestNeeds): {
  readonly image: Image;
  readonly flavor?: string;
  readonly network?: string;
  readonly root?: 'volume';
} {
  return {
    image: {...IMAGE, minDisk: minDiskGib, minRam: minRamMib},
    ...(flavor !== undefined && {flavor}),
    ...(network !== undefined && {network}),
    ...(root !== undefined && {root}),
  };
}

const IMAGE: Image = {
  ...{id: '00000000-0000-4000-8000-000000000000', name: 'doctor', status: 'active', visibility: 'private'},
  ...{osHidden: false, protected: false, owner: null, tags: [], minDisk: 0, minRam: 0},
  ...{diskFormat: 'qcow2', containerFormat: 'bare', size: null, virtualSize: null, osHashAlgo: null, osHashValue: null},
  ...{createdAt: '', updatedAt: '', stores: [], properties: {}},
};
