import type {ServerState} from '../core/verdict/judge.ts';
import type {Datasource} from '../core/job.ts';
import type {Image} from '../core/image/image.ts';

/** Can test servers be made here at all? Asked before anything is imported. */
export type ServerAbility =
  | {readonly kind: 'able'}
  /** No compute service, or no network service. */
  | {readonly kind: 'no-service'; readonly reason: string}
  | {readonly kind: 'forbidden'; readonly reason: string};

/** What a test server needs. */
export interface ServerNeeds {
  readonly image: Image;
  /** Name or id of the flavor; absent: the smallest that fits. */
  readonly flavor?: string;
  /** Name or id of the network; absent: the project's only one, else the only shared one. */
  readonly network?: string;
  /** Boot from a volume whatever the flavor; absent: as the flavor and the cloud have it. Clouds without volumes of their own ignore it. */
  readonly root?: 'volume';
}

/** Nova's flavor, as far as a test needs it. */
export interface Flavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly ramMib: number;
  /** 0: the flavor has no disk, so the server boots from a volume. */
  readonly diskGib: number;
}

/** Where a test server will be made. */
export interface ServerPlacement {
  readonly flavor: Flavor;
  readonly network: {readonly id: string; readonly name: string};
  /** As it was asked for. */
  readonly root?: 'volume';
  /** Size of the root disk that the guest will see. */
  readonly diskBytes: number;
  /** Ways to metadata and user-data that this cloud has. */
  readonly datasources: readonly Datasource[];
  /** Addresses of name servers there that give no answer whatever the image does: relays of a resolver that gives none. */
  readonly silentNameservers?: readonly string[];
}

/** How the guest reaches this host: the address that the guest calls, and the one that the listener binds. */
export interface Callback {
  readonly host: string;
  readonly bind: string;
}

/** The mark on everything that is made for a test, from the create call on. */
export interface ServerStamp {
  readonly run: string;
  /** Glance id of the image that is tested. */
  readonly image: string;
  /** From when on any run may take it for a leftover, ISO 8601. */
  readonly expires: string;
  /** Host name, boot id, pid and start time of the process, separated by blanks. */
  readonly holder: string;
}

/** A network port of a test server, as it is before the server exists. */
export interface ServerInterface {
  readonly mac: string;
  readonly addresses: readonly string[];
}

/** What is to be booted. */
export interface ServerRequest {
  readonly name: string;
  readonly stamp: ServerStamp;
  readonly image: Image;
  readonly place: ServerPlacement;
  readonly datasource: Datasource;
  /** Made once the addresses are known; empty: none. */
  readonly userData: (interfaces: readonly ServerInterface[]) => string;
  /** One line of authorized_keys that the metadata hand to the guest. */
  readonly sshKey?: string;
  readonly signal: AbortSignal;
}

/** A server that was made, with everything that has to go with it. */
export interface TestServer {
  readonly id: string;
  readonly name: string;
  readonly interfaces: readonly ServerInterface[];
  /** Ids of what was made besides. */
  readonly port?: string;
  readonly volume?: string;
  readonly securityGroup?: string;
}

/** Something with our stamp that may have been left behind. */
export interface ServerLeftover {
  readonly kind: 'server' | 'port' | 'volume' | 'security-group';
  readonly id: string;
  readonly name: string;
  readonly stamp: ServerStamp;
}

/**
 * What any cloud must be able to do with test servers. Every method throws ImgmgrError (AUTH, FORBIDDEN, NOT_FOUND, QUOTA, UNSUPPORTED,
 * UNAVAILABLE, TIMEOUT, CLOUD_REFUSED, PROTOCOL …) and takes no decision of its own.
 */
export interface TestServerHost {
  /** `readsOnly`: nothing but reads, so a missing right to make servers may go unnoticed. */
  ability(how?: {readonly readsOnly: boolean}): Promise<ServerAbility>;

  /** Chooses flavor and network. UNSUPPORTED when none fits, NOT_FOUND when a named one is not there, QUOTA when there is no room. */
  place(needs: ServerNeeds): Promise<ServerPlacement>;

  /** How guests there reach this host. UNSUPPORTED when only a loopback address is known. */
  callback(place: ServerPlacement): Promise<Callback>;

  /**
   * Makes port, volume where needed, and server, each with the stamp in its create call; returns when the cloud has accepted the
   * server. What was made before a failure is removed again.
   */
  start(request: ServerRequest): Promise<TestServer>;

  look(server: TestServer): Promise<ServerState>;

  /** The end of the serial console, at most 64 KiB of text; undefined where the cloud gives none. */
  console(server: TestServer): Promise<string | undefined>;

  /** Server first, then, once it is gone, port, volume and security group; what is gone already counts as removed. */
  remove(server: TestServer): Promise<void>;

  /** Everything of our project that carries our stamp, of any run. */
  leftovers(): Promise<readonly ServerLeftover[]>;

  removeLeftover(leftover: ServerLeftover): Promise<void>;

  /** Stops what runs on this host (QEMU); safe to call twice. */
  close(): Promise<void>;
}
