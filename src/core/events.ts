import type {ErrorCode, ImgmgrError} from '../errors.ts';
import type {BuildEvent} from './build/events.ts';
import type {CountField, Counts, DefinitionCounts} from './counts.ts';
import type {DoctorEvent} from './doctor.ts';
import type {Exported} from './exported.ts';
import type {Inspected} from './format/inspected.ts';
import type {HistoryEvent} from './history/events.ts';
import type {HoldAnswer} from './hold.ts';
import type {RolledBack} from './rollback-answer.ts';
import type {FieldChange, ImageUsers} from './image/image.ts';
import type {ImagePhaseEvent, ImagePhaseRow} from './phase/phase.ts';
import type {PlanCosts} from './plan/costs.ts';
import type {Audited, DefinitionFindings, PlanFindings} from './rules/audited.ts';
import type {StatusRow, StatusSummary} from './status/row.ts';
import type {Shown} from './status/shown.ts';
import type {BytesVerified, Presence, VerdictEvent} from './verdict/verdict-events.ts';
import type {Warning} from './warnings.ts';

/** What an action does, in the words of the product; the closed set that plans, reports and JSON share. */
export type ActionKind =
  | 'remove' // a leftover of a dead run: lease, half-made image, a candidate that is not needed
  | 'acquire' // import the bytes of a version, private and fully described
  | 'resume' // go on with an image that another run or `--no-wait` left behind
  | 'verify' // boot a test server from the image and hear its verdict
  | 'publish' // the one PATCH that makes it visible under its name
  | 'retire' // the one PATCH that gives a superseded image its retired form
  | 'revoke' // record that a version is not wanted (`rollback`)
  | 'lift' // take that back (`rollback --undo`)
  | 'adopt' // stamp an existing image
  | 'update' // drift: metadata brought to the definition
  | 'hide'
  | 'deactivate'
  | 'reactivate'
  | 'share' // add, accept for and remove members of a published image
  | 'copy' // copy the bytes to a store that lacks them
  | 'delete';

/** One planned or performed step, in a form that people and machines read alike. */
export interface ActionSummary {
  readonly kind: ActionKind;
  readonly definition: string;
  readonly version?: string;
  /** Glance id, where the image exists already. */
  readonly image?: string;
  /** The image's name before and after, where they differ. */
  readonly name?: string;
  readonly newName?: string;
  /** Why, one sentence without a full stop. */
  readonly reason: string;
  /** The bytes are a build of this host, not something fetched (`acquire`). */
  readonly built?: true;
  /** Where the bytes are fetched, without passwords and signatures, and what they have to hash to (`acquire`). */
  readonly url?: string;
  readonly digest?: string;
  /** How many bytes are fetched or copied, where that is known without a further question (`acquire`, `copy`). */
  readonly bytes?: number;
  /** What changes, field by field, as text (`update`, `hide`, `retire`, `adopt`, `share`, and `publish` where the image is there already). */
  readonly changes?: readonly string[];
  /** The same with types. */
  readonly fieldChanges?: readonly FieldChange[];
}

/** An action of a plan that was not begun: with the id that the events of its work will carry. */
export type PlannedAction = ActionSummary & {readonly id: string};

/** Everything that can be reported; the workflow emits these, the bus stamps them, `src/report` renders them. */
export type Event =
  /** The first of all, before anything is read or asked. */
  | {readonly type: 'starting'; readonly command: string; readonly version: string}
  | {
      readonly type: 'started';
      readonly command: string;
      readonly clouds: readonly string[];
      readonly run: string;
      /** How many of the selected definitions are left out because they are disabled; absent: none. */
      readonly disabled?: number;
    }
  | {
      readonly type: 'cloud-started';
      readonly cloud: string;
      readonly project: string;
      readonly user: string;
      /** Absent where the cloud has no regions. */
      readonly region?: string;
    }
  | {
      readonly type: 'planned';
      readonly cloud: string;
      readonly actions: readonly PlannedAction[];
      /** Names of the definitions for which nothing is to be done. */
      readonly unchanged: readonly string[];
      /** What each definition counts besides its actions. */
      readonly definitions: readonly DefinitionCounts[];
      /** Who uses the images that are to be retired, hidden or deleted (dry run): the servers of all projects. */
      readonly users?: readonly ImageUsers[];
      /** What the actions take (dry run, where they take any of it). */
      readonly costs?: PlanCosts;
    }
  /** The plans of all clouds are in a file. */
  | {
      readonly type: 'plan-written';
      /** As it was given. */
      readonly path: string;
      readonly clouds: readonly string[];
      /** Number of actions, over all clouds. */
      readonly actions: number;
    }
  | {readonly type: 'action-started'; readonly cloud: string; readonly action: ActionSummary}
  | {
      readonly type: 'progress';
      readonly cloud: string;
      readonly definition: string;
      readonly version: string;
      /** Glance id of the image that is being made, so that an interrupted run can say what it left. */
      readonly image?: string;
      /**
       * The stage: `waiting-for-upload` (somebody else has to send the bytes), `fetching` and `converting` (on this host, where images are
       * converted), `uploading`, `importing` (the cloud works), `copying`, `reading` (from the cloud), `waiting`, `booting` (a test server).
       */
      readonly phase:
        | 'waiting-for-upload'
        | 'fetching'
        | 'converting'
        | 'uploading'
        | 'importing'
        | 'copying'
        | 'reading'
        | 'waiting'
        | 'booting';
      readonly bytes?: number;
      readonly total?: number;
      /** Over all stages of the image: the bus adds it, as well as the speeds in bytes per second ({@link ./phase/transfer-progress.ts}). */
      readonly percent?: number;
      readonly averageBps?: number;
      readonly currentBps?: number;
      readonly elapsedMs: number;
      readonly limitMs: number;
    }
  | ImagePhaseEvent
  | BuildEvent
  | HistoryEvent
  | {
      readonly type: 'action-done';
      readonly cloud: string;
      readonly action: ActionSummary;
      readonly image?: string;
      /** What is now true, one sentence (`method web-download, disk_format qcow2`). */
      readonly detail?: string;
      /** The cloud goes on with it (`--no-wait`). */
      readonly pending?: true;
      readonly ms: number;
    }
  | {
      readonly type: 'action-failed';
      readonly cloud: string;
      readonly action: ActionSummary;
      readonly error: ImgmgrError;
      readonly ms: number;
    }
  | {
      readonly type: 'definition-failed';
      /** Absent for what fails on this host, before any cloud. */
      readonly cloud?: string;
      readonly definition: string;
      /** Glance id, where one image is meant. */
      readonly image?: string;
      readonly error: ImgmgrError;
    }
  | {readonly type: 'cloud-failed'; readonly cloud: string; readonly error: ImgmgrError}
  | ({
      readonly type: 'warning';
      readonly cloud?: string;
      readonly definition?: string;
      readonly image?: string;
    } & Warning)
  | VerdictEvent
  | BytesVerified
  | Exported
  | Presence
  /** A decision and its reason, for `-v`. */
  | {readonly type: 'decision'; readonly cloud?: string; readonly definition?: string; readonly message: string}
  /** One HTTP exchange, for `--debug`; secrets are gone already. */
  | {
      readonly type: 'http';
      readonly method: string;
      readonly url: string;
      readonly status?: number;
      readonly ms: number;
      readonly requestId?: string;
      readonly error?: ErrorCode;
    }
  | {
      readonly type: 'waiting';
      readonly cloud: string;
      readonly message: string;
      readonly elapsedMs: number;
      readonly limitMs: number;
    }
  /** Images that could be deleted but are not, because `--yes` is missing. */
  | {
      readonly type: 'deletable';
      readonly cloud: string;
      readonly images: readonly {
        readonly id: string;
        readonly name: string;
        readonly definition: string;
        /** Why it may be deleted. */
        readonly reason?: string;
      }[];
    }
  | {
      readonly type: 'interrupted';
      readonly signal: 'SIGINT' | 'SIGTERM';
      /** True: the process ends now. */
      readonly again: boolean;
      /** No second signal: the time for cleaning up is over. */
      readonly late?: true;
      readonly left: readonly string[];
    }
  | HoldAnswer
  | RolledBack
  | DoctorEvent
  | Audited
  /** The answer of `show`, for one cloud. */
  | ({readonly type: 'shown'} & Shown)
  /** The answer of `inspect`. */
  | ({readonly type: 'inspected'} & Inspected)
  | PlanFindings
  | DefinitionFindings
  /** A row of the answer of `status`. */
  | ({readonly type: 'status-row'} & StatusRow)
  /** The end of that answer. */
  | ({readonly type: 'status'} & StatusSummary)
  /** What ended the whole run before (or while) clouds were worked on. */
  | {readonly type: 'run-failed'; readonly error: ImgmgrError}
  | {
      readonly type: 'finished';
      readonly counts: Counts;
      /** The fields of {@link counts} that people are shown: what the command can change, and what is not 0. */
      readonly counted: readonly CountField[];
      /** Where each image of the run got to: the bus adds it. */
      readonly images?: readonly ImagePhaseRow[];
      readonly exitCode: number;
      readonly ms: number;
    };

/** An event with what the bus ({@link ./event-bus.ts}) knows of it: the form in which every sink gets it. */
export interface StampedEvent {
  /** Id of the run. */
  readonly run: string;
  /** Counts the events of the run from 1, without gaps. */
  readonly seq: number;
  /** When it was emitted: ISO 8601, UTC, milliseconds. */
  readonly at: string;
  /** Id of the action of the plan that it belongs to; unique among the actions of one definition on one cloud. */
  readonly action?: string;
  readonly event: Event;
}

/** Is handed every event of a run, in order. Whatever it does affects neither the run nor other sinks. */
export type Sink = (stamped: StampedEvent) => void | Promise<void>;

/** Where events go; `action`: id of the action of the plan that it belongs to. */
export type Emit = (event: Event, of?: {readonly action?: string}) => void;

/** Says of every event that it belongs to this action, unless it is said already. */
export function actionEmit(emit: Emit, action: string): Emit {
  return (event, of) => emit(event, {action, ...of});
}
