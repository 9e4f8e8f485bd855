/** The phases of diskimage-builder in their order, as it names them; the first and the last two are what it does between. */
export const PHASES = [
  'preparing',
  'root.d',
  'extra-data.d',
  'pre-install.d',
  'install.d',
  'post-install.d',
  'post-root.d',
  'block-device',
  'pre-finalise.d',
  'finalise.d',
  'cleanup.d',
  'finishing',
] as const;

export type Phase = (typeof PHASES)[number];

/** How far a build is, by what it prints. */
export interface Progress {
  readonly phase: Phase;
  /** The hook that runs (`50-agent-install`), where one does. */
  readonly hook: string | undefined;
}

/** What dib-run-parts says before, during and after the hooks of a phase, and what disk-image-create says itself. */
const HOOKS = /^(?:dib-run-parts (Running|Sourcing environment file)|Running hooks from) (\S+)$/;
const COMPLETED = /^dib-run-parts (\S+) completed$/;
const OWN_STEPS: readonly (readonly [RegExp, Phase])[] = [
  [/^Calculating image size\b/, 'block-device'],
  [/\blevel0\.localloop \[-\] Create image file\b/, 'block-device'],
  [/^dib-run-parts Target: cleanup\.d$/, 'finishing'],
  [/^Converting image using qemu-img convert$/, 'finishing'],
];

/**
 * Reads the lines of diskimage-builder (without {@link withoutTime}'s times) one by one; gives where the build is after each. It only ever
 * goes forward: the cleanup after a failure sounds like a phase of its own.
 */
export function phaseReader(): (line: string) => Progress {
  let now: Progress = {phase: 'preparing', hook: undefined};
  return (line) => {
    const next = stepOf(line);
    if (next !== undefined && PHASES.indexOf(next.phase) >= PHASES.indexOf(now.phase)) now = next;
    if (COMPLETED.test(line)) now = {...now, hook: undefined};
    return now;
  };
}

/** The line without the time that diskimage-builder puts before each. */
export function withoutTime(line: string): string {
  return line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \| /, '');
}

function stepOf(line: string): Progress | undefined {
  const [, said, path = ''] = HOOKS.exec(line) ?? [];
  const folders = path.split('/');
  const phase = PHASES.find(
    (each) => folders.includes(each) || (each === 'block-device' && folders.includes(`${each}.d`)),
  );
  if (phase !== undefined) return {phase, hook: said === 'Running' ? folders.at(-1) : undefined};
  const own = OWN_STEPS.find(([pattern]) => pattern.test(line));
  return own === undefined ? undefined : {phase: own[1], hook: undefined};
}
