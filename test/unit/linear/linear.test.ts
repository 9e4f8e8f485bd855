import {describe, expect, it} from 'vitest';
import {parseYaml} from '../../../src/config/yaml.ts';
import {countSteps, TooManySteps} from './count-steps.ts';
import {FUNCTIONS} from './functions.ts';
import {hostileTexts} from './hostile.ts';

/** For each character: enough for thirty patterns that begin anywhere, far too few for one that reads anything again and again. */
const STEPS_PER_CHARACTER = 128;

const FULL = process.env['FULL'] === '1';
/** Characters. Work that grows with the square of the length is more than the steps above even here, where the count itself costs little. */
const COUNTED = FULL ? 2 ** 13 : 2 ** 12;
/** KiB; what the count shows of the growth holds at any length, so 1 MiB is for FULL=1. */
const WHOLE = FULL ? 1024 : 16;
const HOSTILE = hostileTexts(WHOLE * 1024);

describe('S4: the work on a text from outside grows with its length', () => {
  describe.each(Object.entries(FUNCTIONS))('%s', (_function, see) => {
    it.each(hostileTexts(COUNTED))('in few steps for each character of %s', (_name, text) => {
      const most = STEPS_PER_CHARACTER * text.length;
      expect(countSteps(most, () => seen(see, text))).toBeLessThanOrEqual(most);
    });

    it(`takes ${WHOLE} KiB of each`, () => {
      expect(HOSTILE.filter(([, text]) => !seen(see, text))).toEqual([]);
    }, 600_000);
  });

  it('each unknown key of a definition costs the same', () => {
    const cost = (count: number): number => {
      const keys = Array.from({length: count}, (_, at) => `  k${at + 1000}: 1\n`).join('');
      return countSteps(Infinity, () => FUNCTIONS['parseYaml, readDefinitions']?.(`images:\n- name: a\n${keys}`));
    };
    expect(cost(800)).toBeLessThan(2.5 * cost(400));
  });

  it('a file whose lines are not indented is read again only as often as its length allows', () => {
    const {problems} = parseYaml('k: [\n]\n'.repeat(2 ** 17), 'images.yml');
    expect(problems.map(({message}) => message)).toEqual(['not valid YAML: deficient indentation']);
    expect(problems[0]?.place.line).toBeLessThan(64);
  });

  it('a file of more than 16 Mi characters is refused before it is parsed', () => {
    const read = (): unknown => parseYaml(' '.repeat(2 ** 24 + 1), 'images.yml');
    expect(read()).toMatchObject({problems: [{message: 'the file has more than 16 Mi characters'}]});
    expect(countSteps(10, read)).toBe(0);
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
