import type {Ticket} from '../cloud/report-desk.ts';
import type {ServerInterface, ServerLook, ServerPlace, TestServer} from '../cloud/test-server-host.ts';
import type {VerifyWishes} from '../core/definition.ts';
import type {Spans} from '../core/events.ts';
import type {GuestReport} from '../core/guest-report.ts';
import type {Image} from '../core/image.ts';
import type {Datasource, Job} from '../core/job.ts';
import {CHECK_IDS} from '../core/verdict/checks.ts';
import {isBeyondHope, plainConsole} from '../core/verdict/console.ts';
import {judge, severityOf} from '../core/verdict/judge.ts';
import type {Witnesses} from '../core/verdict/judge.ts';
import type {Cause, Verdict} from '../core/verdict/verdict.ts';
import {environmentFault, imageFault} from '../core/verdict/verdict.ts';
import {ImgmgrError, asImgmgrError} from '../errors.ts';
import type {Verifier} from './verifier.ts';

/** One image to be verified. */
export interface VerifyTask {
  readonly image: Image;
  readonly definition: string;
  readonly version?: string;
  readonly wishes: VerifyWishes;
}

/** One boot of a task. */
interface Boot {
  readonly verifier: Verifier;
  readonly task: VerifyTask;
  readonly place: ServerPlace;
  readonly datasource: Datasource;
  readonly number: number;
}

const LOOK_MS = 2_000;
const CONSOLE_MS = 8_000;
/** What the agent leaves of the deadline, so that its report is here before the wait ends. */
const MARGIN_MS = 5_000;
/** A leftover may be removed this long after its deadline. */
const GRACE_MS = 5 * 60_000;

/**
 * Boots a server from exactly this image and hears its verdict, once for each way to the metadata that is asked for; the first
 * that does not pass is the verdict. Throws only INTERRUPTED and CONFIG; whatever else goes wrong is a verdict about the surroundings.
 */
export async function verifyImage(verifier: Verifier, task: VerifyTask): Promise<Verdict> {
  const {signal} = verifier.context;
  try {
    return await withShare(verifier, task, () => bootAll(verifier, task));
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = asImgmgrError(error);
    if (reason.code === 'CONFIG' || reason.code === 'USAGE' || reason.code === 'AUTH' || reason.code === 'INTERNAL')
      throw error;
    return tell({verifier, task}, {verdict: faultOf(reason), spans: {submitMs: 0, waitMs: 0, judgeMs: 0}});
  }
}

async function bootAll(verifier: Verifier, task: VerifyTask): Promise<Verdict> {
  const {options} = verifier.context.parts;
  const flavor = task.wishes.flavor ?? options.flavor;
  const network = task.wishes.network ?? options.network;
  const place = await verifier.tests.place({
    image: task.image,
    ...(flavor !== undefined && {flavor}),
    ...(network !== undefined && {network}),
  });
  let verdict: Verdict | undefined;
  for (const [number, datasource] of waysOf(task, place).entries()) {
    verdict = await bootOnce({verifier, task, place, datasource, number});
    if (verdict.kind !== 'pass') return verdict;
  }
  if (verdict === undefined) throw new ImgmgrError('INTERNAL', 'no way to the metadata was left');
  return verdict;
}

/** The ways that are asked for and that this cloud has; without a wish its best one. */
function waysOf({wishes, definition}: VerifyTask, place: ServerPlace): readonly Datasource[] {
  const wished = wishes.datasources ?? place.datasources.slice(0, 1);
  const ways = wished.filter((way) => place.datasources.includes(way));
  if (ways.length > 0) return ways;
  throw new ImgmgrError(
    'CONFIG',
    `${definition} asks for the datasource ${wished.join(', ')}, this cloud has ${place.datasources.join(', ')}`,
    {
      hint: 'name one of those under verify.datasource',
    },
  );
}

async function bootOnce(boot: Boot): Promise<Verdict> {
  const {verifier, task, place, datasource} = boot;
  const {context} = verifier;
  const {surroundings, signal} = context;
  const {desk, address} = await verifier.desk(place);
  signal.throwIfAborted();
  const ticket = desk.issue(context.run);
  const deadlineMs =
    task.wishes.deadlineSeconds === undefined ? context.parts.options.deadlineMs : task.wishes.deadlineSeconds * 1000;
  const startMs = surroundings.monotonic();
  let server: TestServer | undefined;
  let verdict: Verdict | undefined;
  try {
    server = await verifier.tests.start({
      name: `imgmgr-${context.run.slice(0, 8)}-${task.image.id.slice(0, 8)}${boot.number > 0 ? `-${boot.number}` : ''}`,
      stamp: {
        run: context.run,
        image: task.image.id,
        expires: new Date(context.store.now().getTime() + deadlineMs + GRACE_MS).toISOString(),
        holder: holderText(boot),
      },
      image: task.image,
      place,
      datasource,
      userData: (interfaces) => context.parts.userData(jobOf({boot, interfaces, ticket, address, desk, deadlineMs})),
      ...(context.parts.options.sshKey !== undefined && {sshKey: context.parts.options.sshKey}),
      signal,
    });
    ticket.expectServer(server.id);
    const submitMs = surroundings.monotonic() - startMs;
    const wait = {boot, server, ticket, startMs, deadlineMs};
    const seen: Seen = task.wishes.mode === 'boot' ? await watchBoot(wait) : await waitForReport(wait);
    const heardMs = surroundings.monotonic();
    const judged = seen.verdict ?? judge(seen.witnesses, task.wishes);
    const spans = {submitMs, waitMs: heardMs - startMs - submitMs, judgeMs: surroundings.monotonic() - heardMs};
    verdict = await tell(boot, {verdict: judged, spans, seen: seen.witnesses, token: ticket.token});
    return verdict;
  } finally {
    ticket.withdraw();
    // A rejected report that nobody waits for any more is no error of the run.
    ticket.report.catch(() => undefined);
    if (server) leaveOrRemove(boot, server, verdict);
  }
}

function leaveOrRemove({verifier, task}: Boot, server: TestServer, verdict: Verdict | undefined): void {
  const {parts, emit, store} = verifier.context;
  if (!parts.options.keepOnFailure || verdict === undefined || verdict.kind === 'pass') {
    verifier.removeLater(server, task.image.id);
    return;
  }
  emit({
    type: 'warning',
    code: 'cleanup-failed',
    cloud: store.cloud,
    definition: task.definition,
    image: task.image.id,
    message: `the test server ${server.name} (${server.id}) stays for a look (--keep-on-failure)`,
    hint: 'a run after its expiry removes it',
  });
}

interface Wait {
  readonly boot: Boot;
  readonly server: TestServer;
  readonly ticket: Ticket;
  readonly startMs: number;
  readonly deadlineMs: number;
}

interface Seen {
  readonly witnesses: Witnesses;
  /** Where the witnesses alone do not decide. */
  readonly verdict?: Verdict;
}

/** Waits for the report, looking at Nova and the console meanwhile; ends early when no report can come any more. */
async function waitForReport(wait: Wait): Promise<Seen> {
  const {boot, ticket, startMs, deadlineMs} = wait;
  const {context} = boot.verifier;
  const {surroundings, signal} = context;
  let report: GuestReport | undefined;
  let state: ServerLook = {kind: 'building', detail: 'not looked at yet'};
  let console: string | undefined;
  let consoleMs = startMs;
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const arrived = ticket.report.then(
    (told) => {
      report = told;
      ended.abort();
    },
    () => ended.abort(),
  );
  const elapsed = (): number => surroundings.monotonic() - startMs;
  while (report === undefined && elapsed() < deadlineMs) {
    await surroundings.sleep(LOOK_MS, either).catch(() => undefined);
    signal.throwIfAborted();
    if (ended.signal.aborted) break;
    progress(wait, elapsed());
    state = (await lookAt(wait)) ?? state;
    if (state.kind === 'error' || state.kind === 'gone' || state.kind === 'stopped') break;
    if (state.kind !== 'active' || surroundings.monotonic() - consoleMs < CONSOLE_MS) continue;
    consoleMs = surroundings.monotonic();
    console = (await readConsole(wait)) ?? console;
    if (console !== undefined && isBeyondHope(console) && !ticket.seen().hello) break;
  }
  // What was sent before the server went down may still be on its way through the listener.
  if (state.kind === 'stopped') await Promise.race([arrived, surroundings.sleep(1_000, signal)]);
  if (report === undefined) console = (await readConsole(wait)) ?? console;
  const told: GuestReport | undefined = report;
  return {
    witnesses: {
      server: state,
      trace: ticket.seen(),
      waitedMs: elapsed(),
      ...(console !== undefined && {console}),
      ...(told !== undefined && {report: told}),
    },
  };
}

/** `mode: boot`: the server is up when its console shows the pattern, or the port answers. */
async function watchBoot(wait: Wait): Promise<Seen> {
  const {boot, server, startMs, deadlineMs, ticket} = wait;
  const {context} = boot.verifier;
  const {surroundings, signal, parts} = context;
  const {port, console: wanted} = boot.task.wishes;
  const pattern = new RegExp(wanted ?? (port === undefined ? 'login:' : '(?!)'), 'm');
  const elapsed = (): number => surroundings.monotonic() - startMs;
  let state: ServerLook = {kind: 'building', detail: 'not looked at yet'};
  let console: string | undefined;
  let found: string | undefined;
  while (found === undefined && elapsed() < deadlineMs) {
    await surroundings.sleep(LOOK_MS, signal);
    progress(wait, elapsed());
    state = (await lookAt(wait)) ?? state;
    if (state.kind === 'error' || state.kind === 'gone') break;
    if (state.kind === 'building') continue;
    console = (await readConsole(wait)) ?? console;
    if (console !== undefined && pattern.test(plainConsole(console))) found = `the console shows ${pattern.source}`;
    else if (port !== undefined && (await anyAnswers(server.interfaces, port, parts.probePort)))
      found = `TCP port ${port} answers`;
    else if (state.kind === 'stopped' || (console !== undefined && isBeyondHope(console))) break;
  }
  const witnesses: Witnesses = {
    server: state,
    trace: ticket.seen(),
    waitedMs: elapsed(),
    ...(console !== undefined && {console}),
  };
  const expected = port === undefined ? `/${pattern.source}/ on the console` : `TCP port ${port}`;
  return {witnesses, verdict: found === undefined ? unbooted(witnesses, expected) : booted(found)};
}

function booted(found: string): Verdict {
  return {kind: 'pass', cause: 'passed', message: found, failed: [], warned: [], checks: [], facts: {}};
}

/** Nova and the console may know better than "not seen". */
function unbooted(witnesses: Witnesses, expected: string): Verdict {
  const verdict = judge(witnesses);
  if (verdict.kind === 'environment' || !NO_CALL.has(verdict.cause)) return verdict;
  return imageFault(
    'not-reached',
    `${expected} did not come within ${Math.round(witnesses.waitedMs / 1000)} s`,
    'raise verify.deadline, or correct what is waited for',
  );
}

const NO_CALL: ReadonlySet<Cause> = new Set([
  'agent-missing',
  'no-report',
  'cloud-init-failed',
  'no-network',
  'agent-killed',
]);

async function anyAnswers(
  interfaces: readonly ServerInterface[],
  port: number,
  probe: (address: string, port: number) => Promise<boolean>,
): Promise<boolean> {
  const answers = await Promise.all(
    interfaces.flatMap(({addresses}) => addresses).map((address) => probe(address, port)),
  );
  return answers.includes(true);
}

/** Passing faults of the API are sat out: the deadline ends the wait anyway. */
async function lookAt({boot, server}: Wait): Promise<ServerLook | undefined> {
  try {
    return await boot.verifier.tests.look(server);
  } catch (error) {
    const {code} = asImgmgrError(error);
    if (code === 'UNAVAILABLE' || code === 'TIMEOUT' || code === 'PROTOCOL') return undefined;
    throw error;
  }
}

async function readConsole({boot, server}: Wait): Promise<string | undefined> {
  try {
    return await boot.verifier.tests.console(server);
  } catch {
    return undefined;
  }
}

function progress({boot, deadlineMs}: Wait, elapsedMs: number): void {
  const {verifier, task} = boot;
  verifier.context.emit({
    type: 'progress',
    cloud: verifier.context.store.cloud,
    definition: task.definition,
    version: task.version ?? '',
    image: task.image.id,
    phase: 'booting',
    elapsedMs,
    limitMs: deadlineMs,
  });
}

interface Told {
  readonly verdict: Verdict;
  readonly spans: Spans;
  readonly seen?: Witnesses;
  readonly token?: string;
}

/** Keeps the evidence and says the verdict. */
async function tell(
  {verifier, task, datasource}: Pick<Boot, 'verifier' | 'task'> & {readonly datasource?: Datasource},
  {verdict, spans, seen, token}: Told,
): Promise<Verdict> {
  const {context} = verifier;
  const console = seen?.console === undefined ? undefined : redacted(plainConsole(seen.console), token);
  const evidence =
    datasource === undefined
      ? undefined
      : await context.parts.keepEvidence({
          cloud: context.store.cloud,
          run: context.run,
          image: task.image.id,
          definition: task.definition,
          datasource,
          verdict,
          refused: seen?.trace.refused ?? [],
          ...(seen?.report && {report: seen.report}),
          ...(console !== undefined && {console}),
        });
  context.emit({
    type: 'verdict',
    cloud: context.store.cloud,
    definition: task.definition,
    image: task.image.id,
    verdict,
    spans,
    ...(task.version !== undefined && {version: task.version}),
    ...(datasource !== undefined && {datasource}),
    ...(evidence !== undefined && {evidence}),
  });
  return verdict;
}

/** The token, and what stands behind a word for a secret, are nobody's business, also not in a file of ours. */
function redacted(console: string, token: string | undefined): string {
  const plain = token === undefined ? console : console.replaceAll(token, '***');
  return plain.replace(/((?:password|passwd|secret|token)\s*(?:is|for \S+ is)?\s*[:=]\s*)\S+/gi, '$1***');
}

interface JobParts {
  readonly boot: Boot;
  readonly interfaces: readonly ServerInterface[];
  readonly ticket: Ticket;
  readonly address: string;
  readonly desk: {
    readonly certificate: string;
    readonly serverName: string;
    readonly agents: Readonly<Record<string, string>>;
  };
  readonly deadlineMs: number;
}

function jobOf({boot, interfaces, ticket, address, desk, deadlineMs}: JobParts): Job {
  const {verifier, task, place, datasource} = boot;
  const {options} = verifier.context.parts;
  return {
    version: 1,
    run: verifier.context.run,
    token: ticket.token,
    address,
    certificate: desk.certificate,
    server_name: desk.serverName,
    agents: desk.agents,
    deadline_seconds: Math.max(10, Math.round((deadlineMs - MARGIN_MS) / 1000)),
    ...(task.wishes.ready !== undefined && {ready: task.wishes.ready}),
    ...(options.lookup !== undefined && {lookup: options.lookup}),
    off: CHECK_IDS.filter((id) => severityOf(id, task.wishes) === undefined),
    expect: {
      disk_bytes: place.diskBytes,
      vcpus: place.flavor.vcpus,
      ram_mib: place.flavor.ramMib,
      interfaces: interfaces.map(({mac, addresses}) => ({mac, addresses})),
      ssh_key: options.sshKey ?? null,
      datasources: [datasource],
      properties: Object.fromEntries(
        Object.entries(task.image.properties).filter(
          ([key]) => /^(?:hw_|img_|os_|architecture$)/.test(key) && !key.startsWith('os_glance_'),
        ),
      ),
    },
  };
}

function holderText({verifier}: Boot): string {
  const {hostName, bootId, pid, startTime} = verifier.context.surroundings.host;
  return [hostName, bootId, pid, startTime].map(encodeURIComponent).join(' ');
}

/** `--verify-cloud`: the image is lent to that one project for the time of the test. */
async function withShare<T>(verifier: Verifier, {image}: VerifyTask, work: () => Promise<T>): Promise<T> {
  const {parts, store} = verifier.context;
  const {elsewhere} = parts;
  if (!elsewhere) return work();
  const [{projectId}, mine] = await Promise.all([elsewhere.store.account(), store.account()]);
  if (projectId === mine.projectId || image.visibility === 'public' || image.visibility === 'community') return work();
  await store.share(image.id, projectId);
  try {
    await elsewhere.store.accept(image.id);
    return await work();
  } finally {
    await store.unshare(image.id, projectId);
  }
}

const SURROUNDING_FAULTS: Partial<Record<ImgmgrError['code'], Cause>> = {QUOTA: 'quota'};

function faultOf(reason: ImgmgrError): Verdict {
  const cause =
    SURROUNDING_FAULTS[reason.code] ??
    (/flavor/i.test(reason.message)
      ? 'no-flavor'
      : /network/i.test(reason.message)
        ? 'no-network-to-boot-on'
        : 'cloud-failed');
  const where = reason.place === undefined ? '' : ` (${reason.place})`;
  return environmentFault(cause, `${reason.message}${where}`, reason.hint);
}
