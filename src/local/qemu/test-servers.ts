import {QEMU_FORMATS, driverOf} from '../../core/format/disk-formats.ts';
import type {ServerState} from '../../core/verdict/judge.ts';
import {randomBytes, randomUUID} from 'node:crypto';
import {existsSync} from 'node:fs';
import {copyFile, realpath, writeFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import type {
  Callback,
  ServerAbility,
  ServerInterface,
  ServerLeftover,
  ServerNeeds,
  ServerPlacement,
  ServerRequest,
  TestServer,
  TestServerHost,
} from '../../ports/test-server-host.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Exec} from '../../exec.ts';
import type {Confinement} from '../../host/confine.ts';
import {freeMemoryMib} from '../../host/free-bytes.ts';
import {findConfinement} from '../../host/confine.ts';
import {asStoreError} from '../disk-error.ts';
import {Folders} from '../folders.ts';
import {findAccelerator} from './accelerator.ts';
import {findFirmware} from './firmware.ts';
import {chooseFlavor} from './flavors.ts';
import {makeIso} from './iso.ts';
import type {Machine} from './machine.ts';
import type {ImageGuard} from './guarded-image.ts';
import {bootedImage, prepareImage} from './guarded-image.ts';
import {architectureOf, FILES, machineArguments, needsUefi} from './machine.ts';
import {findQemu, killProcess} from './process.ts';
import {RELAY, RESOLVER_FILE, relayAnswers} from './relay.ts';
import type {RunningMachine} from './runner.ts';
import {startMachine} from './runner.ts';
import {seedVolume} from './seed.ts';
import {ServerFolders} from './server-folders.ts';

/** What the test servers of the local cloud are made with. */
export interface LocalTestServerOptions {
  /** Folder of the local cloud; servers live in `servers/` of it. */
  readonly dir: string;
  /** Asked for when the first tool is needed. */
  readonly exec: () => Promise<Exec>;
  /** Files of images that are not in the store, by image id. */
  readonly files?: ReadonlyMap<string, string>;
  /** Judges images before QEMU opens them; without it no server starts. */
  readonly images?: ImageGuard;
  /** How QEMU is kept from other files; default: the best way that works on this host. */
  readonly confinement?: () => Promise<Confinement>;
  /** Default: KVM where a machine really runs under it, which is tried once. */
  readonly accelerator?: 'kvm' | 'tcg';
  /** Does the resolver of this host give answers? Default: it is asked, anew for each server. */
  readonly relayAnswers?: () => Promise<boolean>;
  /** MiB of memory that are free on this host; default: as the kernel reports. */
  readonly freeMib?: () => Promise<number>;
}

/**
 * Test servers under QEMU, as an ordinary user: KVM where it works, else emulation; network in user mode, so the guest reaches
 * everything that this host reaches, its loopback services included. All servers of this process end with it.
 */
export function createLocalTestServers(options: LocalTestServerOptions): TestServerHost {
  return new QemuServers(options);
}

const NETWORK = {id: 'user', name: 'user'} as const;
const GIB = 1024 ** 3;

class QemuServers implements TestServerHost {
  readonly #options: LocalTestServerOptions;
  readonly #store: Folders;
  readonly #servers: ServerFolders;
  readonly #machines = new Map<string, RunningMachine>();
  #accelerator: Promise<'kvm' | 'tcg'> | undefined;
  #confinement: Promise<Confinement> | undefined;

  constructor(options: LocalTestServerOptions) {
    this.#options = options;
    this.#store = new Folders(options.dir);
    this.#servers = new ServerFolders(this.#store);
  }

  async ability(): Promise<ServerAbility> {
    try {
      await this.#requireTools(process.arch === 'arm64' ? 'aarch64' : 'x86_64');
      return {kind: 'able'};
    } catch (error) {
      if (!(error instanceof ImgmgrError) || error.code !== 'UNSUPPORTED') throw error;
      return {kind: 'no-service', reason: [error.message, error.hint].filter((part) => part !== undefined).join('; ')};
    }
  }

  async place({image, flavor: named, network}: ServerNeeds): Promise<ServerPlacement> {
    if (network !== undefined && network !== NETWORK.name)
      throw new ImgmgrError('NOT_FOUND', `the local cloud has no network '${network}'`, {
        lacks: 'network',
        hint: `its only one is '${NETWORK.name}'`,
      });
    const flavor = chooseFlavor(image, named);
    const machine = await this.#machine({
      ...{id: randomUUID(), name: 'place', flavor, mac: newMac(), properties: image.properties},
      ...{accelerator: 'tcg', datasource: 'config-drive', image: bootedImage(this.#imageFile(image), '')},
    });
    machineArguments(machine);
    await this.#requireTools(architectureOf(image.properties));
    const freeMib = await (this.#options.freeMib ?? freeMemoryMib)();
    if (freeMib < flavor.ramMib)
      throw new ImgmgrError(
        'QUOTA',
        `${flavor.name} takes ${flavor.ramMib} MiB of memory, ${freeMib} MiB are free here`,
        {
          hint: 'end other programs, or use fewer --jobs',
        },
      );
    const answers = await (this.#options.relayAnswers ?? relayAnswers)();
    return {
      ...{flavor, network: NETWORK, diskBytes: flavor.diskGib * GIB, datasources: ['config-drive', 'nocloud']},
      ...(!answers && {silentNameservers: [RELAY]}),
    };
  }

  callback(): Promise<Callback> {
    return Promise.resolve({host: '10.0.2.2', bind: '127.0.0.1'});
  }

  start(request: ServerRequest): Promise<TestServer> {
    return this.#onDisk(async () => {
      const {name, image, datasource} = request;
      if (datasource === 'metadata')
        throw new ImgmgrError('UNSUPPORTED', 'the local cloud has no metadata service', {
          hint: 'use config-drive or nocloud',
        });
      const id = randomUUID();
      const interfaces = [{mac: newMac(), addresses: ['10.0.2.15']}] as const satisfies readonly ServerInterface[];
      const {mac} = interfaces[0];
      const accelerator = await this.#findAccelerator(image.properties);
      const source = this.#imageFile(image);
      const machine = await this.#machine({
        ...{id, name, flavor: request.place.flavor, mac, properties: image.properties, accelerator, datasource},
        image: bootedImage(source, this.#servers.path(id)),
      });
      // What cannot be provided is refused before anything is made.
      machineArguments(machine);
      const folder = await this.#servers.make({id, name, stamp: request.stamp});
      try {
        const guarded = {guard: this.#options.images, image: source, folder, signal: request.signal};
        const booted = {...machine, image: await prepareImage(guarded)};
        await this.#makeFiles({request, machine: booted, folder, userData: request.userData(interfaces)});
        request.signal.throwIfAborted();
        this.#machines.set(id, await this.#startQemu(booted, {folder, diskBytes: request.place.diskBytes}));
      } catch (error) {
        await this.#remove(id);
        throw error;
      }
      return {id, name, interfaces};
    });
  }

  look({id}: TestServer): Promise<ServerState> {
    return this.#onDisk(async () => (await this.#machines.get(id)?.look()) ?? {kind: 'gone'});
  }

  console({id}: TestServer): Promise<string | undefined> {
    return this.#onDisk(async () => this.#machines.get(id)?.console());
  }

  remove({id}: TestServer): Promise<void> {
    return this.#onDisk(() => this.#remove(id));
  }

  leftovers(): Promise<readonly ServerLeftover[]> {
    return this.#onDisk(() => this.#servers.list());
  }

  removeLeftover({id}: ServerLeftover): Promise<void> {
    return this.#onDisk(() => this.#remove(id));
  }

  async close(): Promise<void> {
    await this.#onDisk(() => Promise.all([...this.#machines.keys()].map((id) => this.#remove(id))));
  }

  /** Whatever this process knows of the server, and whatever another one left of it. */
  async #remove(id: string): Promise<void> {
    await this.#machines.get(id)?.stop();
    this.#machines.delete(id);
    const qemu = findQemu(id);
    if (qemu) await killProcess(qemu);
    await this.#servers.remove(id);
  }

  async #makeFiles(of: {
    readonly request: ServerRequest;
    readonly machine: Machine;
    readonly folder: string;
    readonly userData: string;
  }): Promise<void> {
    const {request, machine, folder, userData} = of;
    const {id, name, mac, datasource, image, firmware} = machine;
    const {sshKey} = request;
    const seed = seedVolume({
      id,
      name,
      mac,
      datasource,
      userData,
      made: new Date(),
      ...(sshKey !== undefined && {sshKey}),
    });
    await writeFile(join(folder, FILES.seed), makeIso(seed), {mode: 0o600});
    if (firmware) await copyFile(firmware.variables, join(folder, FILES.variables));
    const base = image.format === 'iso' ? [] : ['-b', image.path, '-F', driverOf(image.format)];
    // -u: the image is not opened here, so nothing in it is followed; its size is given.
    const {command, args} = (await this.#confined()).wrap({
      command: 'qemu-img',
      args: ['create', '-q', '-u', '-f', 'qcow2', ...base, FILES.disk, String(request.place.diskBytes)],
      read: [],
      write: [await realpath(folder)],
    });
    const exec = await this.#options.exec();
    const limits = {cwd: folder, timeoutMs: 60_000, signal: request.signal};
    const {exitCode, stderr} = await exec.run(command, args, limits);
    if (exitCode !== 0)
      throw new ImgmgrError('UNAVAILABLE', `the disk of the test server could not be made: ${stderr.trim()}`, {
        hint: 'look at the disk, then run again',
      });
  }

  /** QEMU sees the folder of its server, the image, the programs of this host and the address of its resolver; it keeps the network, which is the guest's. */
  async #startQemu(
    machine: Machine,
    {folder, diskBytes}: {folder: string; diskBytes: number},
  ): Promise<RunningMachine> {
    const exec = await this.#options.exec();
    const {command, args} = (await this.#confined()).wrap({
      command: `qemu-system-${architectureOf(machine.properties)}`,
      args: machineArguments(machine),
      // Without the latter the guest's name server gives no answer.
      read: [machine.image.path, ...(existsSync(RESOLVER_FILE) ? [RESOLVER_FILE] : [])],
      write: [await realpath(folder)],
      devices: machine.accelerator === 'kvm' ? ['/dev/kvm'] : [],
      network: true,
      // The disk and its tables.
      limits: {outputBytes: Math.ceil(diskBytes * 1.01) + 64 * 1024 ** 2},
    });
    return startMachine({exec, command, args, folder});
  }

  async #confined(): Promise<Confinement> {
    const exec = await this.#options.exec();
    return (this.#confinement ??= (this.#options.confinement ?? (() => findConfinement(exec.run)))());
  }

  async #machine(machine: Machine): Promise<Machine> {
    if (!needsUefi(machine.properties)) return machine;
    return {...machine, firmware: await findFirmware(architectureOf(machine.properties))};
  }

  #imageFile({id, diskFormat}: ServerRequest['image']): Machine['image'] {
    const format = diskFormat ?? '';
    if (!QEMU_FORMATS.includes(format))
      throw new ImgmgrError('UNSUPPORTED', `an image of the format ${format || '(none)'} cannot be booted here`, {
        place: `image ${id}`,
        hint: `formats: ${QEMU_FORMATS.join(', ')}`,
      });
    return {path: resolve(this.#options.files?.get(id) ?? this.#store.bytes(id)), format};
  }

  async #requireTools(architecture: string): Promise<void> {
    const exec = await this.#options.exec();
    await exec.run(`qemu-system-${architecture}`, ['--version'], {timeoutMs: 20_000});
    await exec.run('qemu-img', ['--version'], {timeoutMs: 20_000});
  }

  /** Emulation wherever the processor is another one; the answer is kept as long as this process lives. */
  async #findAccelerator(properties: Machine['properties']): Promise<'kvm' | 'tcg'> {
    if (process.arch !== 'x64' || architectureOf(properties) !== 'x86_64') return 'tcg';
    if (this.#options.accelerator !== undefined) return this.#options.accelerator;
    const exec = await this.#options.exec();
    this.#accelerator ??= this.#servers.withScratch((folder) => findAccelerator({exec, folder}));
    return this.#accelerator;
  }

  async #onDisk<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asStoreError(error, this.#options.dir);
    }
  }
}

/** In the range of Neutron's base_mac. */
function newMac(): string {
  return `fa:16:3e:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
}
