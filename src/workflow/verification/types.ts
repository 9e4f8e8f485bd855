import type {Evidence} from '../../ports/evidence.ts';
import type {ImageStore} from '../../ports/image-store.ts';
import type {OpenReportDesk} from '../../ports/report-desk.ts';
import type {TestServerHost} from '../../ports/test-server-host.ts';
import type {VerifySettings} from '../../core/definition/definition.ts';
import type {Emit} from '../../core/events.ts';
import type {Image} from '../../core/image/image.ts';
import type {Job} from '../../core/job.ts';

/** How images are verified, after flags, settings and defaults were put together; a definition's own `verify` goes before. */
export interface VerifyOptions {
  /** From the order to the report, milliseconds. */
  readonly deadlineMs: number;
  readonly flavor?: string;
  readonly network?: string;
  /** Test servers boot from a volume; a definition's `verify.root` goes before. */
  readonly root?: 'volume';
  /** Where the listener binds: the first free port up to `lastPort`, where that is given; the port 0 is any free one. */
  readonly listen: {readonly host?: string; readonly port: number; readonly lastPort?: number};
  /** What the guests call instead of the address that was found out. */
  readonly advertise?: {readonly host: string; readonly port?: number};
  /** A failed server stays until its expiry, for somebody to look at. */
  readonly keepOnFailure: boolean;
  /** The agent is brought along, also where the image has one. */
  readonly inject: boolean;
  /** One line of authorized_keys. */
  readonly sshKey?: string;
  /** A name that the guests have to resolve. */
  readonly lookup?: string;
  /** False: `verify` stores no verdict on the image. */
  readonly record: boolean;
}

/** What verification needs of the world besides the cloud. */
export interface VerificationParts {
  readonly options: VerifyOptions;
  readonly openDesk: OpenReportDesk;
  readonly userData: (job: Job, how: {readonly ignoreBaked: boolean}) => string;
  /** Keeps it in a file and gives its path; undefined where that failed. */
  readonly keepEvidence: (evidence: Evidence, emit: Emit) => Promise<string | undefined>;
  /** The newest evidence file of an image on this host; undefined where there is none. */
  readonly findEvidence?: (image: string) => Promise<string | undefined>;
  /** Does anything listen there? */
  readonly probePort: (address: string, port: number) => Promise<boolean>;
  /** Another project to boot in (`--verify-cloud`). */
  readonly elsewhere?: {readonly store: ImageStore; readonly tests: TestServerHost};
}

/** One image to be verified. */
export interface VerifyTask {
  readonly image: Image;
  readonly definition: string;
  readonly version?: string;
  readonly settings: VerifySettings;
  /** Where the events of this verification go; those of an action carry its id. */
  readonly emit: Emit;
}
