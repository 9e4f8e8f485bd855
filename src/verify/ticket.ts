import {createHash, randomBytes, timingSafeEqual} from 'node:crypto';
import type {Ticket, TicketTrace} from '../ports/report-desk.ts';
import type {GuestReport} from '../core/guest-report.ts';
import {ImgmgrError} from '../errors.ts';
import {SecretRegistry} from '../secrets/registry.ts';
import {scrubDeep} from '../secrets/scrub-deep.ts';

const REFUSALS_KEPT = 20;

/** What is called when something happens to a ticket. */
interface TicketWatch {
  readonly onWithdrawn: () => void;
  readonly onRefused: (reason: string) => void;
}

/** A ticket as the desk sees it. */
export class OpenTicket implements Ticket {
  readonly run: string;
  readonly token = randomBytes(32).toString('hex');
  readonly report: Promise<GuestReport>;
  readonly greeted: Promise<void>;
  /** What is compared, so that the time it takes gives nothing away. */
  readonly tokenHash: Buffer;
  readonly downloadHash: Buffer;
  /** See {@link placeMark}. */
  readonly mark: string;
  agentFetched = false;
  /** Digest of the report that was accepted. */
  accepted: string | undefined;
  readonly #onWithdrawn: () => void;
  readonly #onRefused: (reason: string) => void;
  readonly #server = Promise.withResolvers<string>();
  readonly #report = Promise.withResolvers<GuestReport>();
  readonly #greeted = Promise.withResolvers<undefined>();
  readonly #secrets = new SecretRegistry();
  #hello = false;
  readonly #refused: string[] = [];

  constructor(run: string, {onWithdrawn, onRefused}: TicketWatch) {
    this.run = run;
    this.#onRefused = onRefused;
    this.#onWithdrawn = onWithdrawn;
    this.tokenHash = digest(this.token);
    this.downloadHash = digest(downloadKey(this.token));
    this.#secrets.add(this.token);
    this.#secrets.add(downloadKey(this.token));
    this.mark = placeMark(this.token);
    this.report = this.#report.promise;
    this.greeted = this.#greeted.promise;
    // After a withdrawal nobody waits for this any more.
    this.report.catch(() => undefined);
  }

  /** Known as soon as {@link expectServer} was called. */
  get server(): Promise<string> {
    return this.#server.promise;
  }

  expectServer(id: string): void {
    this.#server.resolve(id.toLowerCase());
  }

  greet(): void {
    this.#hello = true;
    this.#greeted.resolve(undefined);
  }

  /** Takes the report without the token and the key of the guest: parts of it are stored on the image. */
  accept(report: GuestReport, reportDigest: string): void {
    this.accepted = reportDigest;
    this.#report.resolve(scrubDeep(report, (text) => this.#secrets.scrub(text)));
  }

  refuse(reason: string): void {
    const reported = this.#secrets.scrub(reason);
    if (this.#refused.length < REFUSALS_KEPT) this.#refused.push(reported);
    this.#onRefused(reported);
  }

  seen(): TicketTrace {
    return {agentFetched: this.agentFetched, hello: this.#hello, refused: [...this.#refused]};
  }

  withdraw(): void {
    this.#onWithdrawn();
    this.#report.reject(new ImgmgrError('INTERRUPTED', `the report of run ${this.run} is not waited for any more`));
  }
}

/**
 * What a guest shows to fetch an agent. Not the token, since busybox's wget sends it to any server that answers; the token cannot be had from it.
 */
export function downloadKey(token: string): string {
  return createHash('sha256').update(`imgmgr agent download ${token}`).digest('hex');
}

/**
 * The first label of the TLS server name by which an agent asks for a place of its ticket. Everybody on the way can read it, so that it is good for
 * nothing else; the token cannot be had from it.
 */
export function placeMark(token: string): string {
  return createHash('sha256').update(`imgmgr place ${token}`).digest('hex').slice(0, 32);
}

/** The tickets that are open. */
export class TicketBook {
  readonly #open = new Set<OpenTicket>();
  readonly #onRefused: (reason: string) => void;

  /** `onRefused` is called for each report and call with a right token that is refused. */
  constructor(onRefused: (reason: string) => void = () => undefined) {
    this.#onRefused = onRefused;
  }

  issue(run: string): OpenTicket {
    const ticket: OpenTicket = new OpenTicket(run, {
      onWithdrawn: () => void this.#open.delete(ticket),
      onRefused: this.#onRefused,
    });
    this.#open.add(ticket);
    return ticket;
  }

  byToken(token: string): OpenTicket | undefined {
    return this.#find(token, (ticket) => ticket.tokenHash);
  }

  byDownloadKey(key: string): OpenTicket | undefined {
    return this.#find(key, (ticket) => ticket.downloadHash);
  }

  /** By the server name `MARK.…`. */
  byServerName(name: string): OpenTicket | undefined {
    const mark = name.split('.', 1)[0];
    return [...this.#open].find((ticket) => ticket.mark === mark);
  }

  close(): void {
    for (const ticket of this.#open) ticket.withdraw();
  }

  /** Compares with all of them, so that the time gives nothing away. */
  #find(secret: string, hashOf: (ticket: OpenTicket) => Buffer): OpenTicket | undefined {
    const hash = digest(secret);
    return [...this.#open].filter((ticket) => timingSafeEqual(hashOf(ticket), hash))[0];
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
