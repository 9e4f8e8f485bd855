import {describe, expect, it} from 'vitest';
import {causeOf} from '../../../src/build/causes.ts';
import {maskPasswords} from '../../../src/build/build-log.ts';
import {phaseReader, withoutTime} from '../../../src/build/phases.ts';
import {parsePackages} from '../../../src/core/build/packages.ts';
import {findBare, findInList} from '../../../src/core/checksum.ts';
import {parseDigestList} from '../../../src/core/digest-list.ts';
import {nearest} from '../../../src/core/nearest.ts';
import {readStamp} from '../../../src/core/stamp.ts';
import {isBeyondHope, readConsole} from '../../../src/core/verdict/console-signs.ts';
import {readNetworkTables} from '../../../src/core/verdict/console-tables.ts';
import {consoleLines, plainConsole, redactSecrets} from '../../../src/core/verdict/console-text.ts';
import {publicUrl} from '../../../src/core/public-url.ts';
import {explanation} from '../../../src/openstack/refusal.ts';
import {stampOfDescription} from '../../../src/openstack/test-servers/stamp-text.ts';
import {clean as cleanLine} from '../../../src/report/clean.ts';
import {entityOf} from '../../../src/sources/download/entity.ts';
import {clean as cleanReport} from '../../../src/verify/check-report.ts';
import {countSteps, TooManySteps} from './count-steps.ts';
import {hostileTexts} from './hostile.ts';

/** Each function that sees text from a guest, a server, a mirror, a build or a repository of elements. */
const FUNCTIONS: Readonly<Record<string, (text: string) => unknown>> = {
  // A guest.
  plainConsole,
  consoleLines,
  readConsole,
  isBeyondHope,
  readNetworkTables: (text) => readNetworkTables([text]),
  redactSecrets: (text) => redactSecrets(text, '0'.repeat(64)),
  'clean (report of a guest)': cleanReport,
  'clean (line of a log)': cleanLine,
  // Servers.
  publicUrl,
  'publicUrl of a query': (text) => publicUrl(`https://host/?${text}`),
  'explanation (JSON or text)': explanation,
  'explanation (HTML)': (text) => explanation(`<html><body>${text}`),
  entityOf: (text) => entityOf({status: 206, headers: {'content-range': `bytes ${text}`}} as never),
  stampOfDescription: (text) => stampOfDescription(`imgmgr ${text}`),
  readStamp: (text) => readStamp({tags: [], properties: {imgmgr_definition: 'x', imgmgr_keys: text}} as never),
  nearest: (text) => nearest(text, ['Debian 12', text]),
  // Mirrors.
  parseDigestList,
  findInList: (text) => findInList({text, url: 'https://host/SHA256SUMS'}, 'disk.qcow2'),
  findBare: (text) => findBare({text, url: 'https://host/disk.sha256'}),
  // Builds.
  causeOf: (text) => causeOf([text], 'preparing'),
  maskPasswords,
  withoutTime,
  phaseReader: (text) => phaseReader()(text),
  'parsePackages (dpkg)': (text) => parsePackages(text, 'dpkg'),
  'parsePackages (rpm)': (text) => parsePackages(text, 'rpm'),
};

/** For each character: enough for thirty patterns that begin anywhere, far too few for one that reads anything again and again. */
const STEPS_PER_CHARACTER = 128;

describe('S4: the work on a text from outside grows with its length', () => {
  describe.each(Object.entries(FUNCTIONS))('%s', (_, see) => {
    // Work that grows with the square of the length is more than this even at 8 KiB, where the count itself costs little.
    it.each(hostileTexts(2 ** 13))('in few steps for each character of %s', (_name, text) => {
      const most = STEPS_PER_CHARACTER * text.length;
      expect(countSteps(most, () => seen(see, text))).toBeLessThanOrEqual(most);
    });

    it('takes 1 MiB of each', () => {
      expect(hostileTexts(2 ** 20).filter(([, text]) => !seen(see, text))).toEqual([]);
    }, 600_000);
  });

  // The patterns of the report; 4 KiB are enough.
  it.each([
    [/^\s*grub(?: rescue)?>/m, '\n'],
    [/((?:password|passwd|secret|token)\s*(?:is|for \S+ is)?\s*[:=]\s*)\S+/gi, `token${' '.repeat(4096)}`],
    [/<\/h1>([^]*?)<\/body>/i, '</h1>'],
    [/ALERT!.*does not exist/i, 'ALERT! '],
  ])('and a pattern that reads again what it has read is found: %s', (pattern, unit) => {
    const text = unit.length > 4096 ? unit : unit.repeat(4096);
    expect(() => countSteps(STEPS_PER_CHARACTER * text.length, () => pattern.test(text))).toThrow(TooManySteps);
  });
});

/** True when it came to an end: what is refused, is refused in as few steps. */
function seen(see: (text: string) => unknown, text: string): boolean {
  try {
    see(text);
  } catch (error) {
    if (error instanceof TooManySteps) throw error;
  }
  return true;
}
