import type {ServerPlacement, TestServer} from '../../ports/test-server-host.ts';
import type {Datasource} from '../../core/job.ts';
import {judge} from '../../core/verdict/judge.ts';
import type {Cause, Verdict} from '../../core/verdict/verdict.ts';
import {environmentFault} from '../../core/verdict/verdict.ts';
import type {ErrorCode} from '../../errors.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';
import {jobOf} from './job.ts';
import {holderText} from './sweep-servers.ts';
import {recordVerdict} from './record-verdict.ts';
import type {VerifyTask} from './types.ts';
import type {Boot, Verifier} from './verifier.ts';
import {waitForReport, watchBoot} from './watch-server.ts';

/** Errors that say nothing about an image or its cloud. */
const NO_VERDICT: ReadonlySet<ErrorCode> = new Set(['CONFIG', 'USAGE', 'AUTH', 'INTERNAL', 'LOCKED']);

/** A leftover may be removed this long after its deadline. */
const GRACE_MS = 5 * 60_000;

/**
 * Boots a server from exactly this image and hears its verdict, once for each way to the metadata that is asked for; the first
 * that does not pass is the verdict. Throws only INTERRUPTED, CONFIG and LOCKED; whatever else goes wrong is a verdict about the environment.
 */
export async function verifyImage(verifier: Verifier, task: VerifyTask): Promise<Verdict> {
  const {signal} = verifier.context;
  try {
    return await withShare(verifier, task, () => bootAll(verifier, task));
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = asImgmgrError(error);
    if (NO_VERDICT.has(reason.code)) throw error;
    return recordVerdict({verifier, task}, {verdict: faultOf(reason), spans: {submitMs: 0, waitMs: 0, judgeMs: 0}});
  }
}

async function bootAll(verifier: Verifier, task: VerifyTask): Promise<Verdict> {
  const {options} = verifier.context.parts;
  const flavor = task.settings.flavor ?? options.flavor;
  const network = task.settings.network ?? options.network;
  const root = task.settings.root ?? options.root;
  const place = await verifier.tests.place({
    image: task.image,
    ...(root !== undefined && {root}),
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
function waysOf({settings, definition}: VerifyTask, place: ServerPlacement): readonly Datasource[] {
  const wanted = settings.datasources ?? place.datasources.slice(0, 1);
  const ways = wanted.filter((way) => place.datasources.includes(way));
  if (ways.length > 0) return ways;
  throw new ImgmgrError(
    'CONFIG',
    `${definition} asks for the datasource ${wanted.join(', ')}, this cloud has ${place.datasources.join(', ')}`,
    {
      hint: 'name one of those under verify.datasource',
    },
  );
}

async function bootOnce(boot: Boot): Promise<Verdict> {
  const {verifier, task, place, datasource} = boot;
  const {context} = verifier;
  const {runtime, signal} = context;
  // A wait for the server to be up needs no listener that guests can reach.
  const endpoint = task.settings.mode === 'boot' ? undefined : await verifier.listen(place);
  signal.throwIfAborted();
  const ticket = endpoint?.desk.issue(context.run);
  const deadlineMs =
    task.settings.deadlineSeconds === undefined
      ? context.parts.options.deadlineMs
      : task.settings.deadlineSeconds * 1000;
  const startMs = runtime.monotonic();
  let server: TestServer | undefined;
  let verdict: Verdict | undefined;
  try {
    server = await verifier.tests.start({
      name: `imgmgr-${context.run.slice(0, 8)}-${task.image.id.slice(0, 8)}${boot.number > 0 ? `-${boot.number}` : ''}`,
      stamp: {
        run: context.run,
        image: task.image.id,
        expires: new Date(context.store.now().getTime() + deadlineMs + GRACE_MS).toISOString(),
        holder: holderText(verifier.context.runtime.host),
      },
      image: task.image,
      place,
      datasource,
      userData: (interfaces) =>
        endpoint === undefined || ticket === undefined
          ? ''
          : context.parts.userData(
              jobOf({boot, interfaces, ticket, ...endpoint, deadlineMs, elapsedMs: runtime.monotonic() - startMs}),
              {ignoreBaked: context.parts.options.inject},
            ),
      ...(context.parts.options.sshKey !== undefined && {sshKey: context.parts.options.sshKey}),
      signal,
    });
    ticket?.expectServer(server.id);
    const submitMs = runtime.monotonic() - startMs;
    const wait = {boot, server, startMs, deadlineMs};
    const seen = ticket === undefined ? await watchBoot(wait) : await waitForReport({...wait, ticket});
    const heardMs = runtime.monotonic();
    const judged = seen.verdict ?? judge(seen.witnesses, task.settings);
    const spans = {
      submitMs,
      waitMs: heardMs - startMs - submitMs,
      ...(seen.guestMs !== undefined && {guestMs: seen.guestMs}),
      judgeMs: runtime.monotonic() - heardMs,
    };
    verdict = await recordVerdict(boot, {
      verdict: judged,
      spans,
      seen: seen.witnesses,
      ...(ticket && {token: ticket.token}),
    });
    return verdict;
  } finally {
    ticket?.withdraw();
    // A rejected report that nobody waits for any more is no error of the run.
    ticket?.report.catch(() => undefined);
    if (server) leaveOrRemove(boot, server, verdict);
  }
}

function leaveOrRemove({verifier, task}: Boot, server: TestServer, verdict: Verdict | undefined): void {
  const {parts, store} = verifier.context;
  if (!parts.options.keepOnFailure || verdict === undefined || verdict.kind === 'pass') {
    verifier.removeLater(server, task);
    return;
  }
  task.emit({
    type: 'warning',
    code: 'server-kept',
    cloud: store.cloud,
    definition: task.definition,
    image: task.image.id,
    message: `the test server ${server.name} (${server.id}) stays for a look (--keep-on-failure)`,
    hint: 'a run after its expiry removes it',
  });
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

const LACKS: Readonly<Partial<Record<NonNullable<ImgmgrError['lacks']>, Cause>>> = {
  flavor: 'no-flavor',
  network: 'no-network-to-boot-on',
};

// From what is known where the error was made: messages name hosts, and a host may be called anything.
function faultOf(reason: ImgmgrError): Verdict {
  const lacking = LACKS[reason.lacks ?? 'cloud'] ?? 'cloud-failed';
  const cause = reason.code === 'QUOTA' ? 'quota' : lacking;
  const where = reason.place === undefined ? '' : ` (${reason.place})`;
  return environmentFault(cause, `${reason.message}${where}`, reason.hint);
}
