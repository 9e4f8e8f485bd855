import type {Phase} from './phases.ts';
import {PHASES} from './phases.ts';

/** The signs of known causes in what diskimage-builder and its tools print; the first that fits wins. */
const SIGNS: readonly (readonly [
  pattern: RegExp,
  cause: (match: RegExpExecArray, phase: Phase) => string,
  unless?: RegExp,
])[] = [
  [/No space left on device|Disk quota exceeded/, (_, phase) => spaceCause(phase)],
  [
    /Element '([^']+)' not found/,
    ([, element]) => `there is no element "${element}": look at build.elements and build.elements_path`,
  ],
  [/ELEMENTS_PATH entry '([^']+)'/, ([, path]) => `the element folder ${path} is no folder`],
  [
    /Please include an operating system element/,
    () => 'no element names an operating system: add one, such as debian-minimal',
  ],
  [
    /There is a duplicated hook in your elements: (\S+)/,
    ([, hook]) => `two elements have the same hook ${hook}: rename one`,
  ],
  [
    /(?:Unable to locate package|No match for argument:|Unable to find a match:|no package provides) *([^\s'"]+)/i,
    ([, name]) => `the mirror has no package "${name}": look at build.packages and the elements' package-installs`,
  ],
  [
    /Package '?([^\s']+)'? (?:has no installation candidate|is not available)/,
    ([, name]) => `the mirror has no package "${name}": look at build.packages and the elements' package-installs`,
  ],
  [
    /signed by unknown key|NO_PUBKEY|GPG check FAILED|not signed|EXPKEYSIG|KEYEXPIRED/i,
    () =>
      'the signature of the mirror could not be checked: look at the keys of the build host (debian-archive-keyring, ubuntu-keyring)',
  ],
  [
    /(?:Could not resolve|Temporary failure resolving|Name or service not known)[^']*(?:'([\w.-]+\.[\w-]+)?)?/,
    ([, host]) =>
      `the mirror${host === undefined ? '' : ` ${host}`} could not be found by name: look at the resolver and the proxy of this host`,
    // What sudo says of a host that does not know its own name.
    /\bsudo: /,
  ],
  [
    /Failed getting release file (\S+)|Invalid Release file|(?:Unable|Could not|Cannot initiate the connection) (?:to )?connect\b.*|Failed to (?:fetch|download) (\S+)|Connection (?:refused|timed out)|Cannot download/i,
    ([, release, file]) =>
      `the mirror did not answer${(release ?? file) === undefined ? '' : ` for ${release ?? file}`}: look at DIB_DISTRIBUTION_MIRROR, DIB_RELEASE and the proxy`,
  ],
];

/** The cause of a failure by the end of its log, one sentence with the next step; undefined where no known cause is in it. */
export function causeOf(lines: readonly string[], phase: Phase): string | undefined {
  for (const [pattern, cause, unless] of SIGNS)
    for (const line of lines) {
      const match = pattern.exec(line);
      if (match !== null && unless?.test(line) !== true) return cause(match, phase);
    }
  return undefined;
}

/** Before the disk is made, the host is full; from then on, the disk is what files are copied to. */
function spaceCause(phase: Phase): string {
  return PHASES.indexOf(phase) < PHASES.indexOf('block-device')
    ? 'no space was left on this host: free space, or set IMGMGR_BUILD_DIR to a folder with more room'
    : 'no space was left on the disk of the image, or on this host: set a larger build.size, or free space here';
}
