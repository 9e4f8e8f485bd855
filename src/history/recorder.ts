import type {DatabaseSync, StatementSync} from 'node:sqlite';
import type {ActionSummary, Event, StampedEvent} from '../core/events.ts';
import {eventRecord} from '../core/event-record.ts';
import type {Counts} from '../core/counts.ts';
import {stateOfExit} from '../core/history/records.ts';
import {jsonText} from '../core/json-text.ts';
import {ACTION, BEAT, BOOTING, BUILD, END, NO_BUILD, PHASE, PROGRESS, VERDICT} from './statements.ts';
import type {Values} from './values.ts';
import {aboutAction, aboutBuild, PLANNED, reasonOf, text} from './values.ts';

type Of<Type extends Event['type']> = Extract<Event, {type: Type}>;
/** What an event says of the parts of its run; `at`: when, milliseconds since the epoch. */
type Handler<E extends Event> = (event: E, at: number, stamped: StampedEvent) => void;

/** An event with more characters is stored without its fields. */
const LONGEST_EVENT = 256 * 1024;

/** Makes rows of the events of one run, within transactions of its caller; it remembers nothing that one could take back. */
export class Recorder {
  readonly #db: DatabaseSync;
  readonly #run: number;
  readonly #statements = new Map<string, StatementSync>();
  readonly #handlers: {readonly [Type in Event['type']]?: Handler<Of<Type>>} = {
    started: ({clouds}) => {
      for (const cloud of clouds) this.#subject(cloud, '');
      this.#phase('planning');
    },
    planned: (event) => this.#planned(event),
    'action-started': (event, at, stamped) => {
      this.#phase('working');
      this.#action(stamped, event, {state: 'RUNNING', started: at});
    },
    progress: (event, at, stamped) => this.#progress(stamped, event, at),
    'image-phase': (event, _at, stamped) => this.#imagePhase(stamped, event),
    'action-done': (event, at, stamped) => {
      if (event.action.built === true) this.#write(NO_BUILD, aboutBuild(event.action));
      this.#action(stamped, event, {state: 'SUCCESS', ended: at, image: event.image});
    },
    'action-failed': (event, at, stamped) => this.#actionFailed(stamped, event, at),
    'definition-failed': ({definition, error}, at) => {
      this.#endBuilds(definition, error, at);
      this.#reason(error);
    },
    'cloud-failed': ({error}) => this.#reason(error),
    'run-failed': ({error}) => this.#reason(error),
    'build-started': (event, at) => {
      this.#phase('building');
      this.#subject('', event.definition);
      this.#write(BUILD, {...aboutBuild(event), state: 'RUNNING', phase: 'preparing', started: at});
    },
    'build-progress': (event) => this.#buildProgress(event),
    built: (event, at) => this.#built(event, at),
    verdict: (event, at) => this.#verdict(event, at),
    hold: ({cloud, definition}) => this.#subject(cloud, definition ?? ''),
  };

  /** `run`: the number of the row in `runs`. */
  constructor(db: DatabaseSync, run: number) {
    this.#db = db;
    this.#run = run;
  }

  /** Stores the event; `keep` false: only what it says of the parts of the run. */
  record(stamped: StampedEvent, keep: boolean): void {
    if (keep) this.#store(stamped);
    const {event, at} = stamped;
    const handle = this.#handlers[event.type] as Handler<Event> | undefined;
    handle?.(event, Date.parse(at), stamped);
  }

  /** A sign of life, also of a run that was taken for lost. */
  beat(at: number, elapsedMs: number): void {
    this.#write(BEAT, {at, elapsed: Math.round(elapsedMs)});
  }

  /** The end of the run; what it did not get to is CANCELLED. */
  end({exitCode, counts}: {readonly exitCode: number; readonly counts?: Counts}, at: number): void {
    const state = stateOfExit(exitCode);
    this.#write(END, {state, exit: exitCode, counts: counts ? jsonText(counts) : null, at});
    const left = state === 'CANCELLED' ? 'the run was interrupted' : 'left as it was';
    if (state === 'CANCELLED')
      this.#write(
        `UPDATE actions SET phase = iif(phase = 'Ready', phase, 'Failed'), reason = 'Interrupted' WHERE run = :run AND state = 'RUNNING'`,
        {},
      );
    for (const [table, text] of [
      ['actions', 'message'],
      ['builds', 'reason'],
      ['verifications', 'reason'],
    ])
      this.#write(
        `UPDATE ${table} SET state = 'CANCELLED', ${text} = coalesce(${text}, :left), ended_ms = coalesce(ended_ms, :at)
         WHERE run = :run AND state IN ('PENDING', 'RUNNING')`,
        {left, at},
      );
  }

  #store(stamped: StampedEvent): void {
    const {seq, event} = stamped;
    const whole = jsonText(eventRecord(stamped));
    const body =
      whole.length <= LONGEST_EVENT
        ? whole
        : jsonText({...eventRecord({...stamped, event: {type: event.type} as Event}), tooLong: whole.length});
    this.#write('INSERT OR IGNORE INTO events VALUES (:run, :seq, :body)', {seq, body});
    this.#write('UPDATE runs SET last_seq = max(last_seq, :seq) WHERE n = :run', {seq});
  }

  #planned({cloud, actions, definitions, unchanged}: Of<'planned'>): void {
    for (const name of new Set([
      ...actions.map(({definition}) => definition),
      ...definitions.map(({name}) => name),
      ...unchanged,
    ]))
      this.#subject(cloud, name);
    // Under its lease a run plans once more: what it did not begin may be planned no more.
    for (const table of ['actions', 'verifications'])
      this.#write(`DELETE FROM ${table} WHERE run = :run AND cloud = :cloud AND state = 'PENDING'`, {cloud});
    for (const action of actions) {
      this.#write(ACTION, {...aboutAction(cloud, action.id, action), state: 'PENDING', ...PLANNED});
      if (action.built === true)
        this.#write(BUILD, {...aboutBuild(action), state: 'PENDING', phase: 'planned', started: null});
    }
  }

  #action(
    {action: id}: StampedEvent,
    {cloud, action}: {readonly cloud: string; readonly action: ActionSummary},
    change: {
      readonly state: string;
      readonly started?: number;
      readonly ended?: number;
      readonly image?: string | undefined;
      readonly message?: string;
    },
  ): void {
    this.#subject(cloud, action.definition);
    const {state, started = null, ended = null, message = null, image} = change;
    this.#write(ACTION, {
      ...aboutAction(cloud, id ?? [action.kind, action.version].join(' '), action),
      ...(image !== undefined && {image: text(image)}),
      // The phase is that of its image, and has an event of its own.
      ...{state, phase: '', reason: null, started, ended, message},
    });
  }

  #actionFailed(stamped: StampedEvent, event: Of<'action-failed'>, at: number): void {
    const {action, error, cloud} = event;
    const reason = reasonOf(error);
    this.#action(stamped, event, {state: 'FAILED', ended: at, message: reason});
    if (action.built === true) this.#endBuilds(action.definition, error, at);
    this.#write(
      `UPDATE verifications SET state = 'FAILED', reason = :reason, ended_ms = :at
       WHERE run = :run AND cloud = :cloud AND definition = :definition AND state = 'RUNNING'`,
      {reason, at, cloud: text(cloud), definition: text(action.definition)},
    );
    this.#reason(error);
  }

  #progress({action}: StampedEvent, event: Of<'progress'>, at: number): void {
    const {cloud, definition, version, image, phase, bytes = null, total = null} = event;
    const {percent = null, averageBps: average = null} = event;
    this.#phase('working');
    if (action !== undefined)
      this.#write(PROGRESS, {
        ...{bytes, total, percent, average, image: text(image), action: text(action)},
        ...{cloud: text(cloud), definition: text(definition)},
      });
    if (phase === 'booting' && image !== undefined)
      this.#write(BOOTING, {
        cloud: text(cloud),
        definition: text(definition),
        version: text(version),
        image: text(image),
        at,
      });
  }

  #imagePhase({action}: StampedEvent, event: Of<'image-phase'>): void {
    const {cloud, definition, image, phase, reason, percent = null} = event;
    if (action === undefined) return;
    this.#write(PHASE, {
      ...{phase, reason, percent, image: text(image), action: text(action)},
      ...{cloud: text(cloud), definition: text(definition)},
    });
  }

  #buildProgress(event: Of<'build-progress'>): void {
    const {definition, version, phase, log} = event;
    this.#write(
      'UPDATE builds SET phase = :phase WHERE run = :run AND definition = :definition AND version = :version',
      {...aboutBuild({definition, version}), phase: text(phase)},
    );
    if (log) this.#log({kind: 'build', definition, version, path: log.path, to: log.bytes});
  }

  #built(event: Of<'built'>, at: number): void {
    const {definition, version, manifest, files, log} = event;
    this.#write(
      `UPDATE builds SET state = 'SUCCESS', phase = 'done', ended_ms = :at, manifest = :manifest, files = :files
       WHERE run = :run AND definition = :definition AND version = :version`,
      {...aboutBuild({definition, version}), at, manifest: text(manifest), files: jsonText(files)},
    );
    this.#log({kind: 'build', definition, version, path: log, to: null});
  }

  #endBuilds(definition: string, error: Of<'run-failed'>['error'], at: number): void {
    this.#write(
      `UPDATE builds SET state = 'FAILED', reason = :reason, ended_ms = :at
       WHERE run = :run AND definition = :definition AND state = 'RUNNING'`,
      {definition: text(definition), reason: reasonOf(error), at},
    );
  }

  #verdict(event: Of<'verdict'>, at: number): void {
    const {cloud, definition, version, image, datasource, verdict, evidence} = event;
    this.#subject(cloud, definition);
    const about = {cloud: text(cloud), definition: text(definition), version: text(version), image: text(image)};
    // A verdict without a boot: the server could not be had.
    this.#write(BOOTING, {...about, at});
    const checks = verdict.checks.map(({id, severity, outcome}) => ({id, severity, outcome}));
    this.#write(VERDICT, {
      ...{cloud: about.cloud, image: about.image, at, datasource: text(datasource), phase: 'judged'},
      state: verdict.kind === 'pass' ? 'SUCCESS' : 'FAILED',
      reason: verdict.kind === 'pass' ? null : text(verdict.message),
      ...{verdict: verdict.kind, cause: verdict.cause, checks: jsonText(checks)},
    });
    if (evidence !== undefined)
      this.#log({
        kind: 'evidence',
        definition,
        path: evidence,
        to: null,
        cloud,
        image,
        ...(version !== undefined && {version}),
      });
  }

  #log(log: {
    readonly kind: string;
    readonly definition: string;
    readonly version?: string;
    readonly cloud?: string;
    readonly image?: string;
    readonly path: string;
    readonly to: number | null;
  }): void {
    const {kind, definition, version, cloud, image, path, to} = log;
    this.#write(
      `INSERT INTO logs VALUES (:run, :path, :kind, :cloud, :definition, :version, :image, 0, :to)
       ON CONFLICT DO UPDATE SET end_byte = excluded.end_byte`,
      {path, kind, cloud: text(cloud), definition: text(definition), version: text(version), image: text(image), to},
    );
  }

  #subject(cloud: string, definition: string): void {
    this.#write('INSERT OR IGNORE INTO subjects VALUES (:run, :cloud, :definition)', {
      cloud: text(cloud),
      definition: text(definition),
    });
  }

  #phase(phase: string): void {
    this.#write('UPDATE runs SET phase = :phase WHERE n = :run AND phase <> :phase', {phase});
  }

  /** The first one is the reason. */
  #reason(error: Of<'run-failed'>['error']): void {
    this.#write('UPDATE runs SET reason = :reason WHERE n = :run AND reason IS NULL', {reason: reasonOf(error)});
  }

  #write(sql: string, values: Values): void {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    statement.run({run: this.#run, ...values});
  }
}
