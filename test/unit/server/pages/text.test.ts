import {describe, expect, it} from 'vitest';
import {shownLine} from '../../../../src/server/pages/log-lines.ts';
import {filledCommand, quoted} from '../../../../src/server/pages/offer-command.ts';
import {bytesText, counted, visible} from '../../../../src/server/pages/text.ts';
import {ageText, durationText, momentText} from '../../../../src/server/pages/time.ts';

describe('text from outside', () => {
  it.each([
    ['controls become their pictures', '\u0000a\u001b[31mb\u007f', '␀a␛[31mb␡'],
    ['line ends and tabs become blanks', 'a\tb\nc\rd', 'a b c d'],
    ['marks of direction do not turn what follows', 'a\u202eb\u2066c\u200fd', 'a�b�c�d'],
    ['what has no width is seen', 'a\u200bb\ufeffc', 'a�b�c'],
    ['line separators and lone surrogates are seen', 'a\u2028b\ud800c', 'a�b�c'],
    ['letters of any script and emoji stay', 'Größe 日本 مرحبا 🐧', 'Größe 日本 مرحبا 🐧'],
  ])('%s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('is cut where it is long, and says by how much', () => {
    expect(visible('x'.repeat(3000))).toBe(`${'x'.repeat(2000)}… (1000 more characters)`);
  });
});

describe('a line of a log', () => {
  it.each([
    ['has no sequences for a terminal', '\u001b[1;32mOK\u001b[0m \u001b]0;title\u0007done\u001b(B', 'OK done'],
    ['keeps the character of a sequence that never ends', `\u001b]0;${'x'.repeat(600)}`, `␛]0;${'x'.repeat(600)}`],
    ['shows of what carriage returns overwrite the last', '10%\r50%\r100%\r', '100%'],
    ['keeps columns apart', 'a\tb', 'a        b'],
    ['is text, whatever it looks like', '<script>alert(1)</script>', '<script>alert(1)</script>'],
  ])('%s', (_, line, shown) => {
    expect(shownLine(line)).toBe(shown);
  });

  it('of 1 MiB is cut, and says by how much', () => {
    expect(shownLine('x'.repeat(2 ** 20))).toBe(`${'x'.repeat(2000)}… (${2 ** 20 - 2000} more characters)`);
  });
});

describe('amounts and times', () => {
  it('are read at a glance', () => {
    expect([bytesText(0), bytesText(1023), bytesText(1536), bytesText(346_030_080)]).toEqual([
      '0 B',
      '1023 B',
      '1.5 KiB',
      '330 MiB',
    ]);
    expect([counted(1, 'image'), counted(2, 'property', 'properties')]).toEqual(['1 image', '2 properties']);
    expect([4000, 65_000, 3_720_000, 180_000_000].map(durationText)).toEqual([
      '4 s',
      '1 min 05 s',
      '1 h 02 min',
      '2 d 2 h',
    ]);
    expect([0, 40_000, 180_000, -10_800_000, 4 * 86_400_000].map(ageText)).toEqual([
      'now',
      '40 s ago',
      '3 min ago',
      'in 3 h',
      '4 days ago',
    ]);
  });

  it('name their zone', () => {
    expect(momentText('2026-11-27T12:03:11.000Z')).toMatch(/^2026-11-2\d \d\d:\d\d:11 UTC(?:[+-]\d\d:\d\d)?$/);
  });

  it('that cannot be read stay as they are', () => {
    expect(momentText('soon')).toBe('soon');
  });
});

describe('the command of an offer', () => {
  it('has what was chosen in the place of its word in capitals', () => {
    const command = "imgmgr hold 'Debian 12' --cloud prod-a --until DATE";
    expect(filledCommand(command, {until: '2026-12-24', reason: "it's audit week", publicReason: true})).toBe(
      String.raw`imgmgr hold 'Debian 12' --cloud prod-a --until 2026-12-24 --reason 'it'\''s audit week' --public-reason`,
    );
  });

  it('has no flag twice, and none that was not chosen', () => {
    expect(filledCommand('imgmgr verify X --deep', {deep: true, rebuild: false, to: ''})).toBe(
      'imgmgr verify X --deep',
    );
  });

  it('quotes what a shell would take apart', () => {
    expect([quoted('2026-12-24'), quoted('a b'), quoted('$(x)')]).toEqual(['2026-12-24', "'a b'", "'$(x)'"]);
  });
});
