import {randomUUID} from 'node:crypto';
import {existsSync} from 'node:fs';
import {hostname, userInfo} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {OpenApi} from '../api/server.ts';
import type {Caller} from '../compose/context.ts';
import {createContext} from '../compose/context.ts';
import {stateDir} from '../config/settings.ts';
import {ImgmgrError} from '../errors.ts';
import type {Lock} from '../host/lock.ts';
import {describeHolder, lockHolder, sweepHolders, tryLock} from '../host/lock.ts';
import {makePrivateFolder} from '../host/private-folder.ts';
import type {Secrets} from '../secrets/registry.ts';
import {VERSION} from '../version.ts';
import {Attempts} from './access/attempts.ts';
import {openLoginSocket} from './access/login-socket.ts';
import {Logins} from './access/logins.ts';
import {bracketed, isLoopback, ownAddress, shownAddress} from './access/own-address.ts';
import {ProxyUsers} from './access/proxy.ts';
import {Tokens} from './access/tokens.ts';
import {Memory} from './memory.ts';
import type {Placement, ServeChoice} from './options.ts';
import {placementOf} from './options.ts';
import type {ReadCommand, ServerParts} from './parts.ts';
import type {ServiceContext} from './service/context.ts';
import {metricsOf} from './service/metrics.ts';
import {openService} from './service/open.ts';
import {shutDown} from './shut-down.ts';
import type {Certificate} from './web/certificate.ts';
import {followCertificate, readCertificate} from './web/certificate.ts';
import {EventStreams} from './web/events.ts';
import {createHandler} from './web/handler.ts';
import type {Listener} from './web/listener.ts';
import {listen} from './web/listener.ts';
import {openApiDocument} from './web/openapi.ts';
import {Pages} from './web/pages.ts';

/** What the server is given of the process that it is. */
export interface ServeParts {
  readonly caller: Caller;
  readonly secrets: Secrets;
  readonly now: () => Date;
  readonly monotonic: () => number;
  readonly parse: (line: readonly string[]) => Promise<ReadCommand>;
  /** How imgmgr itself is started: program and first arguments. */
  readonly entry: readonly string[];
  /** One line for whoever reads the log. */
  readonly log: (text: string) => void;
  /** Shows a secret to the person at the terminal; absent: there is none. */
  readonly show?: (text: string) => void;
  /** Calls the listener at every signal that asks to end; the answer stops listening. */
  readonly onEndSignal: (listener: () => void) => () => void;
}

/** The folder of the server in the folder of state. */
export function serverFolder({env, home, uid}: Caller): string {
  return join(stateDir(env, home, uid), 'server');
}

/**
 * Serves until a signal asks to end; then runs that are under way may end. USAGE, CONFIG for what it cannot be started with; LOCKED where
 * another server has this folder of state.
 */
export async function serve(choice: ServeChoice, given: ServeParts): Promise<void> {
  const placement = placementOf(choice);
  const folder = serverFolder(given.caller);
  await makePrivateFolder(folder);
  const parts = {...given, folder, host: hostname(), flags: flagsOf(choice)};
  const clouds = await cloudNames(choice, parts);
  const lock = await takeLock(folder);
  try {
    await serveLocked({choice, placement, clouds, given, parts});
  } finally {
    await lock.release();
  }
}

/** Calls by gRPC that are under way when the server ends may take so long. */
const CALLS_MS = 2000;

interface Serving {
  readonly choice: ServeChoice;
  readonly placement: Placement;
  readonly clouds: readonly string[];
  readonly given: ServeParts;
  readonly parts: ServerParts;
}

async function serveLocked({choice, placement, clouds, given, parts}: Serving): Promise<void> {
  const {folder, log, secrets} = parts;
  const {allowWrite, allowBuild, profile, graceMs} = choice;
  const service = await openService({
    ...{parts, clouds, entry: given.entry, permissions: {allowWrite, allowBuild}},
    ...(profile !== undefined && {profile}),
  });
  const tokens = new Tokens(folder, parts.now);
  const logins = new Logins(tokens, parts);
  const streams = new EventStreams(secrets);
  const memory = new Memory(parts.monotonic);
  const closing: (() => void | Promise<void>)[] = [];
  try {
    const {tls} = placement.listen;
    const certificate = tls && readCertificate(tls);
    const attempts = new Attempts(parts.monotonic);
    const opening = {placement, service, tokens, attempts, logins, streams, memory, parts, certificate};
    const {listener, address, rename} = await openListener(opening);
    closing.push(() => listener.close());
    const grpc = placement.grpc && (await openGrpc(placement.grpc, opening));
    if (grpc) closing.push(() => grpc.close(CALLS_MS));
    const renew = (renewed: Certificate): void => {
      listener.renew(renewed);
      rename();
      grpc?.renew(renewed);
    };
    if (tls) closing.push(followCertificate(tls, {renew, log}));
    const newUrl = (): string => `${address}/login#${logins.newCode(userName())}`;
    closing.push(await openLoginSocket(folder, newUrl));
    log(
      `imgmgr ${VERSION} serves ${clouds.join(', ')} on ${address}${grpcText(placement, grpc)}, ${allowedText(choice)}`,
    );
    memory.giveBack();
    given.show?.(`log in within 10 minutes, once: ${newUrl()}\n`);
    await shutDown({runs: service.runs, graceMs, log, onEndSignal: given.onEndSignal});
  } finally {
    await service.feeds.close();
    streams.close();
    memory.close();
    service.clouds.close();
    await Promise.all(closing.map(async (close) => close()));
    service.history.close();
  }
  log('ended');
}

interface Opening {
  readonly placement: Placement;
  readonly service: ServiceContext;
  readonly tokens: Tokens;
  readonly attempts: Attempts;
  readonly logins: Logins;
  readonly streams: EventStreams;
  readonly memory: Memory;
  readonly parts: ServerParts;
  readonly certificate: Certificate | undefined;
}

async function openListener({
  placement,
  service,
  tokens,
  attempts,
  logins,
  streams,
  memory,
  parts,
  certificate,
}: Opening): Promise<{
  readonly listener: Listener;
  readonly address: string;
  /** Reads the names of the certificate again. */
  readonly rename: () => void;
}> {
  const {isSecure, url, listen: chosen} = placement;
  const {log} = parts;
  const proxy = placement.proxy && new ProxyUsers(placement.proxy, log);
  let own = ownAddress(chosen, url);
  // Browsers send a cookie to every port of a host: two servers there have cookies of two names.
  const cookie = isSecure ? '__Host-imgmgr' : `imgmgr-${chosen.port}`;
  const access = {tokens, logins, cookie, attempts, ...(proxy && {proxy})};
  const openapi = openApiDocument(VERSION);
  const handler = createHandler({
    ...{
      context: service,
      access,
      isSecure,
      pages: new Pages(pagesFolder()),
      own: () => own,
      onUse: () => memory.used(),
    },
    calls: {
      ...{context: service, access, streams, isSecure, openapi: () => openapi},
      metrics: async (identity) => metricsOf(identity, service),
    },
    isTrusted: (peer) => !proxy || chosen.tls !== undefined || isLoopback(plain(peer)) || proxy.isFrom(peer),
  });
  const listener = await listen(chosen, {handler, certificate});
  const real = {...chosen, port: listener.port};
  const rename = (): void => {
    own = ownAddress(real, url);
  };
  rename();
  return {listener, address: shownAddress(real, url), rename};
}

/** The gRPC interface; loaded only where it is asked for. */
async function openGrpc({host, port}: NonNullable<Placement['grpc']>, opening: Opening): Promise<OpenApi> {
  const {service, tokens, attempts, certificate} = opening;
  const [{openApi}, {ServerBackend}] = await Promise.all([import('../api/server.ts'), import('./grpc/backend.ts')]);
  const backend = new ServerBackend(service, {tokens, attempts});
  return openApi({backend, host, port, flag: '--grpc-listen', certificate});
}

function grpcText({grpc}: Placement, open: OpenApi | undefined): string {
  return grpc && open ? `, by gRPC on ${bracketed(grpc.host)}:${open.port}` : '';
}

function plain(address: string): string {
  return address.replace(/^::ffff:/, '');
}

function flagsOf({images, region, config, allowBuild}: ServeChoice): ServerParts['flags'] {
  return {images, allowBuild, ...(region !== undefined && {region}), ...(config !== undefined && {config})};
}

/** The clouds that are served; CONFIG where it is not clear which, or one is not there. */
async function cloudNames(
  {clouds, region}: ServeChoice,
  {caller, now, secrets}: ServeParts,
): Promise<readonly string[]> {
  const context = createContext({
    ...{run: randomUUID(), caller, now, secrets, allowPrivateSources: false},
    ...{emit: () => undefined, abandoned: new AbortController().signal},
  });
  try {
    return context.clouds({clouds, ...(region !== undefined && {region})}).map(({name}) => name);
  } finally {
    await context.close();
  }
}

async function takeLock(folder: string): Promise<Lock> {
  await sweepHolders({folder, prefix: '.lock-'});
  const path = join(folder, 'lock');
  const lock = await tryLock({path, aside: folder, prefix: '.lock-'});
  if (lock) return lock;
  const holder = await lockHolder(path);
  const who = holder ? `: ${describeHolder(holder)}` : '';
  throw new ImgmgrError('LOCKED', `another server has the state in ${folder}${who}`, {
    hint: 'stop it first, or give this one a folder of state of its own: XDG_STATE_HOME',
  });
}

/** Beside the bundle, or, when run from the sources, where the build puts them. */
function pagesFolder(): string {
  const [bundled = '', built = ''] = ['../pages', '../../dist/pages'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return existsSync(join(bundled, 'main.js')) ? bundled : built;
}

function allowedText({allowWrite, allowBuild}: ServeChoice): string {
  if (!allowWrite) return 'read-only';
  return allowBuild ? 'starts runs and builds' : 'starts runs, no builds';
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
