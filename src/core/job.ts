/** Where a guest gets its job from. */
export type Datasource = 'metadata' | 'config-drive' | 'nocloud';

/** What the agent compares the guest with; absent: not known, so the check is not applicable. */
export interface Expectation {
  /** Size of the root disk, bytes. */
  readonly disk_bytes?: number;
  readonly vcpus?: number;
  readonly ram_mib?: number;
  /** Addresses of the server's port as Neutron gave them. */
  readonly interfaces?: readonly {readonly mac: string; readonly addresses: readonly string[]}[];
  /** The server's name, as the metadata have it. */
  readonly hostname?: string;
  /** The only public key that may be authorized, as one line of authorized_keys; null: none may be. */
  readonly ssh_key: string | null;
  /** Ways to the metadata that have to work in this server. */
  readonly datasources: readonly Datasource[];
  /** Glance properties of the image (architecture, os_distro, os_version, hw_*, img_*, os_*). */
  readonly properties: Readonly<Record<string, string>>;
  /** Name servers that give no answer whatever the image does, so that none is asked of them; absent: an older imgmgr, which does not say. */
  readonly silent_nameservers?: readonly string[];
}

/** What a guest is asked to do: the JSON that user-data writes to `/run/imgmgr/job.json`; field names are those of the file. */
export interface Job {
  readonly version: 1;
  /** The run's id. */
  readonly run: string;
  /** 64 hexadecimal digits, good for one report. */
  readonly token: string;
  /** Where the listener is for the guest, `HOST:PORT` (an IPv6 host in brackets). */
  readonly address: string;
  /** The listener's certificate, PEM; the only one that the agent trusts. */
  readonly certificate: string;
  /** The name in that certificate. */
  readonly server_name: string;
  /** Hexadecimal sha256 of the agent that the listener hands out, by the guest's machine as `uname -m` prints it. */
  readonly agents: Readonly<Record<string, string>>;
  /** From the agent's start to its report, seconds; it waits for the guest's init within it. */
  readonly deadline_seconds: number;
  /** When the wait for the report ends, by the clock that a greeting is answered with, milliseconds since 1970; an older agent does not know it. */
  readonly until_unix_ms?: number;
  /** A shell command that runs in the background while {@link ready} is tried; an older agent does not know it. */
  readonly start?: string;
  /** A shell command that has to succeed in the guest; an older agent tries it once. */
  readonly ready?: string;
  /** A name to be resolved; absent: every configured nameserver must give any answer. */
  readonly lookup?: string;
  /** Ids of checks that are not to be run. */
  readonly off: readonly string[];
  readonly expect: Expectation;
}
