import type {DirectRequest, PlanRequest} from '../contract/verbs.ts';

/** What every command that the server starts or shows is given besides its own flags: what the server itself was started with. */
export interface ServerFlags {
  /** Paths of `--images`. */
  readonly images: readonly string[];
  readonly region?: string;
  /** The settings file of `--config`. */
  readonly config?: string;
  /** Builds may be started. */
  readonly allowBuild: boolean;
}

/** The command line that does what the request asks for, `imgmgr` itself left out. */
export function runLine(request: DirectRequest, server: ServerFlags): readonly string[] {
  switch (request.verb) {
    case 'manage':
      return ['manage', ...place(request, server), ...exactly(request), ...manageWords(request.flags, server)];
    case 'build':
      return ['build', ...place(request, server), ...exactly(request), ...flagWords(request.flags)];
    case 'verify': {
      const {image, ...flags} = request.flags;
      const words = ['verify', ...place(request, server), ...flagWords(flags)];
      return image === undefined ? [...words, ...exactly(request)] : [...words, image];
    }
    case 'hold':
    case 'unhold':
      return [request.verb, ...place(request, server), ...flagWords(request.flags), ...named(request.definitions)];
  }
}

/** The command line that does what the plan lists: it is written to that file. */
export function approvedLine(
  {verb, definitions}: Pick<PlanRequest, 'verb' | 'definitions'>,
  file: string,
  {config}: ServerFlags,
): readonly string[] {
  const words = [verb, ...configWords(config), '--plan', file];
  return verb === 'manage' ? words : [...words, ...named(definitions)];
}

/** The command line that would carry out what the request plans; `out`: the one that writes the plan to that file, and changes nothing. */
export function planLine(request: PlanRequest, server: ServerFlags, out?: string): readonly string[] {
  const dry = out === undefined ? [] : ['--dry-run', '--out', out];
  if (request.verb === 'manage')
    return ['manage', ...place(request, server), ...exactly(request), ...manageWords(request.flags, server), ...dry];
  const {undo, ...flags} = request.flags;
  const words = ['rollback', ...place(request, server), ...flagWords(flags), ...dry];
  return undo === undefined
    ? [...words, ...named(request.definitions)]
    : [...words, '--undo', ...named([...request.definitions, undo])];
}

/** The command line that deletes the builds of a run from this host. */
export function deletionLine(run: string, {config}: ServerFlags): readonly string[] {
  return ['build', ...configWords(config), '--delete', run, '--yes'];
}

/** `imgmgr status …` and what else reads: a command that is shown, or asked of in this process. */
export function readLine(
  verb: 'status' | 'show' | 'validate' | 'history',
  server: ServerFlags,
  of: {readonly clouds?: readonly string[]; readonly flags?: readonly string[]; readonly names?: readonly string[]},
): readonly string[] {
  const {clouds = [], flags = [], names = []} = of;
  const {config, images} = server;
  if (verb === 'history') return [verb, ...configWords(config), ...cloudWords(clouds), ...flags, ...named(names)];
  if (verb === 'validate') return [verb, ...configWords(config), ...flags, ...named(images)];
  return [verb, ...place({clouds}, server), ...flags, ...named(names)];
}

/** A command line as it can be pasted into a shell. */
export function commandText(line: readonly string[]): string {
  return ['imgmgr', ...line].map(quoted).join(' ');
}

/** A word as a POSIX shell reads it back. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function place({clouds}: {readonly clouds: readonly string[]}, {images, region, config}: ServerFlags): string[] {
  return [
    ...configWords(config),
    ...cloudWords(clouds),
    ...(region === undefined ? [] : ['--region', region]),
    ...images.flatMap((path) => ['--images', path]),
  ];
}

function configWords(config: string | undefined): string[] {
  return config === undefined ? [] : ['--config', config];
}

/** A comma parts names, so that one in a name cannot be given. */
function cloudWords(clouds: readonly string[]): string[] {
  return clouds.flatMap((cloud) => ['--cloud', cloud]);
}

/** The definitions of these names and no others. */
function exactly({definitions}: {readonly definitions: readonly string[]}): string[] {
  return definitions.flatMap((name) => ['--filter', `^${name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`]);
}

/** Names stand last: one that begins with a dash is no flag. */
function named(names: readonly string[]): string[] {
  return names.length === 0 ? [] : names.some((name) => name.startsWith('-')) ? ['--', ...names] : [...names];
}

function manageWords(
  {build, publish, ...flags}: Extract<PlanRequest, {verb: 'manage'}>['flags'],
  {allowBuild}: ServerFlags,
): string[] {
  return [
    ...flagWords(flags),
    ...(build === false || !allowBuild ? ['--no-build'] : []),
    ...(publish === false ? ['--no-publish'] : []),
  ];
}

/** `{publicReason: true, to: '2'}` → `--public-reason --to 2`. */
function flagWords(flags: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(flags).flatMap(([key, value]) => {
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? [flag] : [flag, String(value)];
  });
}
