import {describe, expect, it} from 'vitest';
import {parseMounts} from '../../../src/build/mounts.ts';

const line = (path: string): string => `36 35 98:0 / ${path} rw,noatime shared:1 - ext4 /dev/root rw,errors=continue`;

describe('the mounts below a folder', () => {
  it('are the deepest first, and of one place the latest', () => {
    const text = ['/', '/w', '/w/mnt', '/w/mnt/dev', '/w/mnt/dev/pts', '/w/mnt'].map(line).join('\n');
    expect(parseMounts(text, '/w')).toEqual(['/w/mnt/dev/pts', '/w/mnt/dev', '/w/mnt', '/w/mnt', '/w']);
    const two = [`1 1 0:1 / /w/a rw - tmpfs first rw`, `2 1 0:2 / /w/b rw - tmpfs second rw`].join('\n');
    expect(parseMounts(two, '/w')).toEqual(['/w/b', '/w/a']);
  });

  it('are not those beside it', () => {
    expect(parseMounts(['/work', '/w2/x', '/'].map(line).join('\n'), '/w')).toEqual([]);
  });

  it('are told with their blanks, tabs, line ends and backslashes', () => {
    const text = [String.raw`/w/a\040b`, String.raw`/w/a\011b`, String.raw`/w/a\012b`, String.raw`/w/a\134040b`].map(
      line,
    );
    expect(parseMounts(text.join('\n'), '/w').toSorted()).toEqual(
      ['/w/a b', '/w/a\tb', '/w/a\nb', '/w/a\\040b'].toSorted(),
    );
  });

  it('are none where nothing is mounted', () => {
    expect(parseMounts('', '/w')).toEqual([]);
  });
});
