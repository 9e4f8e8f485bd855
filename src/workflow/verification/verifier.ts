import type {ReportDesk} from '../../ports/report-desk.ts';
import type {Callback, ServerPlacement, TestServer, TestServerHost} from '../../ports/test-server-host.ts';
import type {ImageStore} from '../../ports/image-store.ts';
import type {Emit} from '../../core/events.ts';
import type {Datasource} from '../../core/job.ts';
import {notRemoved} from '../../core/warnings.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';
import {logInTo} from '../log-in.ts';
import type {Runtime} from '../types.ts';
import type {VerificationParts, VerifyOptions, VerifyTask} from './types.ts';

/** What a verifier is made from. */
export interface VerifierContext {
  readonly run: string;
  /** Where the images are. */
  readonly store: ImageStore;
  /** Where the servers are made, unless `--verify-cloud` names another project. */
  readonly tests: TestServerHost;
  readonly parts: VerificationParts;
  readonly runtime: Runtime;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** How guests reach this host: what is named goes before what can be found out. UNSUPPORTED where neither helps. */
export async function callbackOf(
  tests: Pick<TestServerHost, 'callback'>,
  {place, listen, advertise}: Pick<VerifyOptions, 'listen' | 'advertise'> & {readonly place: ServerPlacement},
): Promise<Callback> {
  if (advertise && listen.host !== undefined) return {host: advertise.host, bind: listen.host};
  try {
    return await tests.callback(place);
  } catch (error) {
    if (advertise) return {host: advertise.host, bind: listen.host ?? '0.0.0.0'};
    throw error;
  }
}

/** What all verifications of one run on one cloud share: the listener, and the servers that are still to be removed. */
export class Verifier {
  readonly context: VerifierContext;
  #desk: Promise<ReportDesk> | undefined;
  readonly #removals = new Set<Promise<void>>();

  constructor(context: VerifierContext) {
    this.context = context;
  }

  /** Where the servers are made. */
  get tests(): TestServerHost {
    return this.context.parts.elsewhere?.tests ?? this.context.tests;
  }

  /** Names the other project and its region, if there is one. CONFIG where no test server can be made, so that nothing is imported in vain. */
  async require(how = {readsOnly: false}): Promise<void> {
    const {parts, store, emit} = this.context;
    if (parts.elsewhere) await logInTo(parts.elsewhere.store, emit);
    const where = parts.elsewhere?.store.cloud ?? store.cloud;
    const ability = await this.tests.ability(how);
    if (ability.kind === 'able') return;
    throw new ImgmgrError('CONFIG', `test servers cannot be made on ${where}: ${ability.reason}`, {
      hint: 'publish without verification (--no-verify), or verify in another project (--verify-cloud NAME)',
    });
  }

  /** The listener of this run, opened when the first server needs it; the address is the one that guests call. */
  async listen(place: ServerPlacement): Promise<{readonly desk: ReportDesk; readonly address: string}> {
    const {listen, advertise} = this.context.parts.options;
    const callback = await callbackOf(this.tests, {place, listen, ...(advertise && {advertise})});
    const names = [advertise?.host ?? callback.host];
    this.#desk ??= this.context.parts.openDesk({...listen, bind: listen.host ?? callback.bind, names});
    const desk = await this.#desk;
    const host = advertise?.host ?? callback.host;
    return {desk, address: `${host.includes(':') ? `[${host}]` : host}:${advertise?.port ?? desk.port}`};
  }

  /** Removes a server without being waited for; {@link close} waits. */
  removeLater(server: TestServer, task: VerifyTask): void {
    const removal = this.#remove(server, task).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  /** Waits for the removals and closes the listener; never throws. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#removals]);
    const desk = await this.#desk?.catch(() => undefined);
    await desk?.close().catch(() => undefined);
  }

  async #remove(server: TestServer, {image, emit}: VerifyTask): Promise<void> {
    try {
      await this.tests.remove(server);
    } catch (error) {
      const parts = [
        `openstack server delete ${server.id}`,
        ...(server.port === undefined ? [] : [`openstack port delete ${server.port}`]),
        ...(server.volume === undefined ? [] : [`openstack volume delete ${server.volume}`]),
        ...(server.securityGroup === undefined ? [] : [`openstack security group delete ${server.securityGroup}`]),
      ];
      emit({
        type: 'warning',
        cloud: this.context.store.cloud,
        image: image.id,
        ...notRemoved({
          what: `the test server ${server.name} (${server.id})`,
          reason: asImgmgrError(error).message,
          hint: `the next run removes it; by hand: ${parts.join('; ')}`,
        }),
      });
    }
  }
}

/** One boot of a task. */
export interface Boot {
  readonly verifier: Verifier;
  readonly task: VerifyTask;
  readonly place: ServerPlacement;
  readonly datasource: Datasource;
  readonly number: number;
}
