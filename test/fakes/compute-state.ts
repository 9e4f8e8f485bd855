/** A server that a test places in the cloud, or that a client created. */
export interface FakeServer {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  /** The further region that it is in (`FakeCloudOptions.furtherRegions`). */
  readonly region?: string;
  /** Its host; servers of hosts in cells that do not answer are left out of lists. */
  readonly host?: string;
  /** Undefined: booted from a volume, so Nova names no image. */
  readonly imageId?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly portId?: string;
  readonly volumeId?: string;
  /** As it came, base64. */
  readonly userData?: string;
  readonly configDrive?: boolean;
  /** The request that created it. */
  readonly requestId?: string;
  /** ACTIVE where it is left out. */
  status?: string;
  taskState?: string | null;
  fault?: {readonly message: string; readonly code: number};
  life?: ServerLife;
  looksLeft?: number;
}

/** What becomes of servers that clients create. */
export interface ServerLife {
  /** How many looks find it in BUILD; 1 by default. */
  readonly buildLooks?: number;
  /** It ends in ERROR with this text instead of ACTIVE. */
  readonly fault?: string;
  /** The serial console's text; null: none; a number: that status. */
  readonly console?: string | null | number;
  /** How many looks find it after a delete; 1 by default. */
  readonly deleteLooks?: number;
  /** A delete only marks it. */
  readonly softDelete?: boolean;
}

export interface FakeFlavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly ram: number;
  readonly disk: number;
  readonly extra_specs?: Readonly<Record<string, string>>;
}

export interface FakeNetwork {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly shared?: boolean;
  readonly external?: boolean;
  readonly cidrs: readonly string[];
}

export interface FakePort {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly projectId: string;
  readonly networkId: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  groups: readonly string[];
  /** The server that has it. */
  device?: string;
}

export interface FakeGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly projectId: string;
  /** True: everything may leave; false: nothing may. */
  egress: boolean;
}

export interface FakeVolume {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly sizeGib: number;
  readonly imageId: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly encrypted?: boolean;
  /** Ids of the servers that have it. */
  readonly usedBy?: readonly string[];
  status: string;
  looksLeft: number;
}

/** A snapshot of a volume. */
export interface FakeSnapshot {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly volumeId: string;
  readonly metadata: Readonly<Record<string, string>>;
  status: string;
  looksLeft: number;
}

/** Everything about servers that a test may look at and change. */
export interface FakeCompute {
  readonly servers: FakeServer[];
  readonly flavors: FakeFlavor[];
  readonly networks: FakeNetwork[];
  readonly ports: FakePort[];
  readonly groups: FakeGroup[];
  readonly volumes: FakeVolume[];
  readonly snapshots: FakeSnapshot[];
  /** What images that are made of volumes and servers hold; undefined: none comes of them. */
  diskBytes: Uint8Array | undefined;
  /** How long that takes, milliseconds. */
  diskMs: number;
  /** What becomes of servers from now on. */
  life: ServerLife;
  /** Called with each server that was accepted: here a test plays the guest. */
  onServer: ((server: FakeServer) => void) | undefined;
  /** What policy refuses with 403. */
  forbidden: readonly ('servers' | 'ports' | 'networks' | 'images-of-servers' | 'images-of-volumes')[];
  /** Servers per project. */
  instanceQuota: number;
  /** Ports per project; -1: as many as wanted. */
  portQuota: number;
  /** Nova knows no microversion beyond 2.1. */
  old: boolean;
  /** Servers boot from volumes only, whatever their flavor: what refuses an image as root. */
  volumesOnly: 'flavor' | 'policy' | 'local-devices' | undefined;
  /** Compute hosts of cells that do not answer. */
  silentHosts: readonly string[];
  /** What new volumes come to. */
  volumesBecome: 'available' | 'error';
}

/** Three flavors and one network of the given project with port security, and nothing else. */
export function createCompute(servers: FakeServer[], projectId: string): FakeCompute {
  return {
    servers,
    flavors: [
      {id: 'f-small', name: 'small', vcpus: 1, ram: 1024, disk: 10},
      {id: 'f-tiny', name: 'tiny', vcpus: 1, ram: 512, disk: 5},
      {id: 'f-diskless', name: 'diskless', vcpus: 1, ram: 512, disk: 0},
    ],
    networks: [{id: 'n-own', name: 'net', projectId, cidrs: ['203.0.113.0/24']}],
    ports: [],
    groups: [],
    volumes: [],
    snapshots: [],
    diskBytes: Buffer.alloc(200_000, 'a disk '),
    diskMs: 5,
    life: {},
    onServer: undefined,
    forbidden: [],
    instanceQuota: 10,
    portQuota: -1,
    old: false,
    silentHosts: [],
    volumesOnly: undefined,
    volumesBecome: 'available',
  };
}
