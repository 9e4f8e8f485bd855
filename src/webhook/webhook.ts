import {createHmac} from 'node:crypto';
import {Readable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import type {StampedEvent} from '../core/events.ts';
import {notificationOf} from '../core/notification.ts';
import type {Warning} from '../core/warnings.ts';
import {asImgmgrError} from '../errors.ts';
import type {Http} from '../http.ts';
import {HttpError, isPassing} from '../http.ts';
import type {Notifier} from '../ports/notifier.ts';

/** What notifications are sent with. */
export interface WebhookParts {
  readonly http: Http;
  readonly url: string;
  /** Absent: they are not signed. */
  readonly secret?: Uint8Array;
  /** Of imgmgr. */
  readonly version: string;
  /** Wall clock. */
  readonly now: () => Date;
  readonly warn: (warning: Warning) => void;
  /** Default: {@link FIRST_DELAY_MS}, {@link ATTEMPT_MS}. */
  readonly firstDelayMs?: number;
  readonly attemptMs?: number;
}

/** As many may wait; what comes then is lost. */
const MOST_WAITING = 200;
const ATTEMPTS = 5;
/** Before the second attempt; doubled before each further one. */
const FIRST_DELAY_MS = 1000;
/** What a server asks for with Retry-After, at most. */
const MOST_DELAY_MS = 60_000;
/** Limit of one attempt. */
const ATTEMPT_MS = 10_000;
const ACCEPTED = Array.from({length: 100}, (_, index) => 200 + index);
/** Of the form of the body; raised only when something in it changes its meaning. */
const SCHEMA = 1;

/** Sends notifications to one address, one after the other, each until it is taken or given up; see {@link Notifier}. */
export function createWebhook(parts: WebhookParts): Notifier {
  const webhook = new Webhook(parts);
  return {take: (stamped) => webhook.take(stamped), end: async (limitMs) => webhook.end(limitMs)};
}

class Webhook {
  readonly #parts: WebhookParts;
  readonly #over = new AbortController();
  readonly #waiting: Message[] = [];
  #sending: Promise<void> = Promise.resolve();
  #isSending = false;
  #told = 0;
  #lost = 0;
  #reason = '';

  constructor(parts: WebhookParts) {
    this.#parts = parts;
  }

  take(stamped: StampedEvent): void {
    const notification = notificationOf(stamped);
    if (!notification || this.#over.signal.aborted) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#lose(`more than ${MOST_WAITING} of them wait`);
      return;
    }
    const {run, seq, at} = stamped;
    const id = `${run}:${seq}`;
    const body = {schema: SCHEMA, version: this.#parts.version, run, id, at, event: notification};
    this.#waiting.push({id, body: Buffer.from(JSON.stringify(body))});
    if (!this.#isSending) this.#sending = this.#sendAll();
  }

  async end(limitMs: number): Promise<void> {
    const isDone = await Promise.race([
      this.#sending.then(() => true),
      sleep(limitMs, false, {signal: this.#over.signal}).catch(() => false),
    ]);
    if (!isDone) {
      this.#reason ||= `it takes longer than ${Math.round(limitMs / 1000)} s`;
      this.#over.abort();
      await this.#sending;
    }
    this.#over.abort();
    if (this.#lost === 0) return;
    this.#parts.warn({
      code: 'webhook-failed',
      message: `${this.#lost} of ${this.#told + this.#lost} notifications did not reach ${originOf(this.#parts.url)}: ${this.#reason}`,
      hint: 'the run itself is not affected; look at what listens there, and at --webhook and --webhook-secret-file',
    });
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      await this.#send(next);
      this.#waiting.shift();
    }
    this.#isSending = false;
  }

  async #send(message: Message): Promise<void> {
    const {firstDelayMs = FIRST_DELAY_MS} = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#post(message);
        this.#told += 1;
        return;
      } catch (error) {
        if (this.#over.signal.aborted || attempt === ATTEMPTS || !(error instanceof HttpError) || !mayPass(error)) {
          this.#lose(reasonOf(error));
          return;
        }
        this.#reason = reasonOf(error);
        const asked = (error.retryAfterSeconds ?? 0) * 1000;
        await this.#wait(Math.min(MOST_DELAY_MS, Math.max(asked, firstDelayMs * 2 ** (attempt - 1))));
      }
    }
  }

  async #post({id, body}: Message): Promise<void> {
    const {http, url, secret, now, attemptMs = ATTEMPT_MS} = this.#parts;
    // Of each attempt, so that a receiver can refuse what is old.
    const timestamp = String(Math.floor(now().getTime() / 1000));
    await http.request({
      ...{method: 'POST', url, response: 'none', expect: ACCEPTED, retry: false, timeoutMs: attemptMs},
      headers: {
        'Content-Type': 'application/json',
        'X-Imgmgr-Delivery': id,
        'X-Imgmgr-Timestamp': timestamp,
        ...(secret && {'X-Imgmgr-Signature': signature(secret, timestamp, body)}),
      },
      body: Readable.from([body]),
      size: body.length,
      signal: AbortSignal.any([this.#over.signal, AbortSignal.timeout(attemptMs)]),
    });
  }

  async #wait(ms: number): Promise<void> {
    await sleep(ms, undefined, {signal: this.#over.signal, ref: false}).catch(() => undefined);
  }

  #lose(reason: string): void {
    this.#lost += 1;
    this.#reason ||= reason;
  }
}

interface Message {
  /** Unique; the same in every attempt. */
  readonly id: string;
  readonly body: Buffer;
}

/** `sha256=` and the HMAC-SHA256 of timestamp, a dot and body, hexadecimal. */
function signature(secret: Uint8Array, timestamp: string, body: Uint8Array): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`;
}

/** Also what took longer than one attempt may take. */
function mayPass(error: HttpError): boolean {
  return error.kind === 'aborted' || isPassing(error);
}

/** Of an address whose path may be a secret, what may be printed. */
function originOf(url: string): string {
  return new URL(url).origin;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof HttpError)) return asImgmgrError(error).message;
  if (error.kind === 'redirect') return 'it answers with a redirect, which is not followed: give the final address';
  if (error.kind === 'status') return `it answers with ${error.status ?? 'another status'}`;
  return error.kind === 'aborted' ? 'it does not answer in time' : error.message;
}
