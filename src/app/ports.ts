import type {BuildArchive} from '../ports/build-archive.ts';
import type {HostChecks} from '../ports/doctor.ts';
import type {HistoryReader} from '../ports/history.ts';
import type {ImageBuilder} from '../ports/image-builder.ts';
import type {ImageConverter} from '../ports/image-converter.ts';
import type {ImageInspector} from '../ports/image-inspector.ts';
import type {ImageTargets} from '../ports/image-target.ts';
import type {ImageSource} from '../ports/image-source.ts';
import type {OpenUploadListener, Upload} from '../ports/upload-listener.ts';
import type {ReleaseFinder} from '../ports/release-finder.ts';
import type {OperatorFiles} from '../ports/operator-files.ts';
import type {Emit} from '../core/events.ts';
import type {Observation} from '../core/metrics/observation.ts';
import type {CloudOutcome, CloudPorts, RunOptions, Runtime} from '../workflow/types.ts';
import type {VerificationParts} from '../workflow/verification/types.ts';
import type {HashBytes} from '../workflow/verification/verify-deep.ts';
import type {BuildHostSettings, CloudChoice} from './requests.ts';

/**
 * What every verb is: it answers a request with one outcome per cloud, emits what happens, and throws what concerns the run as a whole
 * (request, configuration, definitions).
 */
export type UseCase<Request> = (request: Request, ports: AppPorts, emit: Emit) => AsyncIterable<CloudOutcome>;

/** A cloud that was chosen, not logged in to yet. */
export interface OpenCloud {
  readonly name: string;
  /** Constructs its adapter. */
  open(): Promise<CloudPorts>;
}

/** What verification needs of this host. */
export type VerificationHost = Pick<
  VerificationParts,
  'openDesk' | 'userData' | 'keepEvidence' | 'findEvidence' | 'probePort'
>;

/** What a run is given of this host and the clouds. */
export interface HostPorts {
  /** Absolute path of the folder in which the operator works. */
  readonly cwd: string;
  readonly now: () => Date;
  /** `JOB_COMPLETION_INDEX` of an indexed job of Kubernetes, as it stands; absent: this is none. */
  readonly jobIndex?: string;
  readonly runtime: Runtime;
  readonly source: ImageSource;
  /** Converts on this host. */
  readonly converter: ImageConverter;
  /** Looks at images without bringing them anywhere. */
  inspector(): Promise<ImageInspector>;
  /** Where somebody else sends an image, once; `use`: what came is what `upload:` reads. */
  readonly uploads: {readonly open: OpenUploadListener; readonly use: (upload: Upload) => void};
  /** Where images can be written to, out of the clouds; its caller closes it. */
  targets(): Promise<ImageTargets>;
  readonly files: OperatorFiles;
  /** The clouds to work on, named by the flag `by`. CONFIG when it is not clear which they are. */
  clouds(choice: CloudChoice, by?: '--verify-cloud' | '--from-cloud'): readonly OpenCloud[];
  /** The cloud `local`, with files that are not in its store but can be booted, by image id. */
  local(files: ReadonlyMap<string, string>): OpenCloud;
  /** Finds what definitions offer; without a builder, of builds only the images that are there. */
  finder(builder?: ImageBuilder): ReleaseFinder;
  /** Builds images on this host. */
  builder(settings: BuildHostSettings): ImageBuilder;
  /** What builds left on this host. */
  builds(): Promise<BuildArchive>;
  verification(): Promise<VerificationHost>;
  /** The runs that this host remembers; undefined where it has no history. CONFIG, UNAVAILABLE, NEWER_FORMAT. */
  history(): Promise<HistoryReader | undefined>;
  /** What `doctor` looks at on this host. */
  readonly hostChecks: HostChecks;
  /** Hashes a stream. */
  readonly hashBytes: HashBytes;
}

/** Which run it is, how its caller can stop it, and how the caller is asked. */
export interface RunControl {
  /** Id of the run: its events and all that it makes carry it. */
  readonly run: string;
  readonly signal: AbortSignal;
  /** Says that something is about to be written, until the result is called. Throws INTERRUPTED where the run is to end. */
  readonly beginWriting: () => () => void;
  /** Absent where nobody can be asked. */
  readonly confirmDelete?: NonNullable<RunOptions['confirmDelete']>;
  /** Is told what a cloud looks like when the work on it is done; absent: nobody wants to know. */
  readonly observe?: (cloud: string, observation: Observation) => void;
  /** Shows the text and asks; true for yes. Absent where nobody can be asked. */
  readonly confirm?: (text: string) => Promise<boolean>;
}

/** Everything that a verb is handed besides its request. */
export interface AppPorts extends HostPorts, RunControl {}
