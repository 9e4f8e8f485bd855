import type {Command} from 'commander';
import type {Role} from '../../server/contract/session.ts';
import type {ServeChoice} from '../../server/options.ts';
import type {Flags} from '../flags.ts';
import {addPlaceFlags, allFlags, PROFILE_TEXT} from '../flags.ts';
import {addCommand, showInHelp} from '../help-layout.ts';
import {duration, hostAndPort, keepTime, list, oneOf, word} from '../parse.ts';

/** What a command of `serve` asks for. */
export type ServeAction =
  | {readonly kind: 'serve'; readonly choice: ServeChoice}
  | {readonly kind: 'login'}
  | {
      readonly kind: 'token-add';
      readonly name: string;
      readonly role: Role;
      readonly clouds?: string;
      readonly lifeMs?: number;
    }
  | {readonly kind: 'token-list'}
  | {readonly kind: 'token-remove'; readonly name: string};

/** Where the server listens when nothing is said. */
const DEFAULT_BIND = {host: '127.0.0.1', port: 7440};
/** Its port for gRPC where --grpc-listen names none. */
const DEFAULT_GRPC_PORT = 7441;
/** How long runs may go on when the server is to end. */
const DEFAULT_GRACE_MS = 300_000;
const ROLES: readonly Role[] = ['viewer', 'operator', 'metrics'];

/** `imgmgr serve`: pages, a JSON interface and metrics; `serve login` and `serve token` let people and programs in. */
export function addServe(program: Command, serve: (action: ServeAction) => Promise<void>): void {
  const command = addCommand(program, 'serve', 'Server')
    .description(
      'serve pages and interfaces for programs that show images and runs, and start runs where that is allowed',
    )
    .addHelpText('before', EXAMPLES);
  addPlaceFlags(command)
    .option('--profile <name>', PROFILE_TEXT, word('--profile'))
    .optionsGroup('Serving:')
    .option('--allow-write', 'let operators start runs and approve plans; without: nothing is written')
    .option('--allow-build', 'also let them start builds, which have the rights of this user')
    .option('--bind <host:port>', 'where it listens; default: 127.0.0.1:7440', hostAndPort('--bind'))
    .option('--grpc-listen <host:port>', GRPC_TEXT, hostAndPort('--grpc-listen'))
    .option('--url <url>', 'the address that browsers call, where that is another one', word('--url'))
    .option('--tls-cert <file>', 'certificate with its chain (PEM); read again when it changes', word('--tls-cert'))
    .option('--tls-key <file>', 'its key (PEM)', word('--tls-key'))
    .option('--behind-proxy <networks>', PROXY_TEXT, list('--behind-proxy'))
    .option('--user-header <name>', 'the header in which the proxy names the user', word('--user-header'))
    .option('--operators <file>', 'who of them is an operator (YAML); the others look', word('--operators'))
    .option('--grace <duration>', 'how long runs may go on after SIGTERM; default: 5m', duration('--grace'))
    .action(async () =>
      serve({kind: 'serve', choice: choiceOf({...allFlags(command), ...command.opts<ServeFlags>()})}),
    );
  showInHelp(command, [
    '--cloud',
    '--images',
    '--allow-write',
    '--allow-build',
    '--bind',
    '--grpc-listen',
    '--tls-cert',
    '--tls-key',
  ]);
  command
    .command('login')
    .description('print a one-time URL that logs a browser in; ask as the user that the server runs as')
    .action(async () => serve({kind: 'login'}));
  addTokens(command, serve);
}

function addTokens(command: Command, serve: (action: ServeAction) => Promise<void>): void {
  const token = command.command('token').description('the tokens by which programs and people are let in');
  const add = token
    .command('add')
    .argument('<name>', 'of whom or what it is for', word('<name>'))
    .description('make a token, and print it this once')
    .requiredOption('--role <role>', 'viewer, operator or metrics', oneOf('--role', ROLES))
    .option('--clouds <pattern>', 'only clouds whose names fit: * is any text, ? one character', word('--clouds'))
    .option('--expires <time>', 'it ends after this time, like 90d; default: never', keepTime('--expires'));
  add.action(async (name: string) => {
    const {role, clouds, expires} = add.opts<TokenFlags>();
    await serve({
      ...{kind: 'token-add', name, role},
      ...(clouds !== undefined && {clouds}),
      ...(expires !== undefined && {lifeMs: expires}),
    });
  });
  token
    .command('list')
    .description('print the tokens: names, roles, clouds, and until when they hold')
    .action(async () => serve({kind: 'token-list'}));
  token
    .command('remove')
    .argument('<name>', 'of the token', word('<name>'))
    .description('remove a token; it and the logins made with it end at once')
    .action(async (name: string) => serve({kind: 'token-remove', name}));
}

interface TokenFlags {
  readonly role: Role;
  readonly clouds?: string;
  readonly expires?: number;
}

/** The flags of `serve` besides those that other commands have, too. */
interface ServeFlags {
  readonly allowWrite?: boolean;
  readonly allowBuild?: boolean;
  readonly bind?: {readonly host: string; readonly port?: number};
  readonly grpcListen?: {readonly host: string; readonly port?: number};
  readonly url?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindProxy?: readonly string[];
  readonly userHeader?: string;
  readonly operators?: string;
  readonly grace?: number;
}

function choiceOf(flags: Flags & ServeFlags): ServeChoice {
  const {cloud = [], images = [], region, config, profile, bind, grpcListen, grace, behindProxy = []} = flags;
  const {url, tlsCert, tlsKey, userHeader, operators, allowWrite = false, allowBuild = false} = flags;
  return {
    ...{clouds: [...new Set(cloud)], images, behindProxy, allowWrite, allowBuild},
    bind: {...DEFAULT_BIND, ...bind},
    ...(grpcListen && {grpcListen: {port: DEFAULT_GRPC_PORT, ...grpcListen}}),
    graceMs: grace ?? DEFAULT_GRACE_MS,
    ...(region !== undefined && {region}),
    ...(typeof config === 'string' && {config}),
    ...(profile !== undefined && {profile}),
    ...(url !== undefined && {url}),
    ...(tlsCert !== undefined && {tlsCert}),
    ...(tlsKey !== undefined && {tlsKey}),
    ...(userHeader !== undefined && {userHeader}),
    ...(operators !== undefined && {operators}),
  };
}

const GRPC_TEXT = 'also take calls by gRPC there, like 127.0.0.1:7441; no proxy of --behind-proxy stands before it';
const PROXY_TEXT =
  'a proxy logs users in and calls from there, like 10.1.0.0/16; with --user-header, --operators, --url';

const EXAMPLES = `Examples:
  imgmgr serve --cloud local --allow-write --allow-build
  imgmgr serve --cloud prod-a --cloud prod-b --bind 0.0.0.0:7440 --tls-cert chain.pem --tls-key key.pem
  imgmgr serve --cloud prod-a --grpc-listen 127.0.0.1:7441
  imgmgr serve login
  imgmgr serve token add prometheus --role metrics
`;
