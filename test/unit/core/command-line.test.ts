import {expect, it} from 'vitest';
import {publicCommandLine} from '../../../src/core/public-url.ts';

it.each([
  [
    ['manage', '--cloud', 'admin'],
    ['manage', '--cloud', 'admin'],
  ],
  [
    ['import', 'https://me:secret@host/a.img?X-Amz-Signature=1&b=2'],
    ['import', 'https://host/a.img?X-Amz-Signature=***&b=2'],
  ],
  [['--advertise=https://me:secret@host/a'], ['--advertise=https://host/a']],
  [
    ['hold', 'X', '--reason', 'mirror https://bot:s3cret@git/x is down, see https://h/y?X-Amz-Signature=1 "z"'],
    ['hold', 'X', '--reason', 'mirror https://git/x is down, see https://h/y?X-Amz-Signature=*** "z"'],
  ],
  [
    ['--property=src=https://me:secret@host/', ' https://me:secret@host/', '://me:secret@x', 'a://'],
    ['--property=src=https://host/', ' https://host/', '://me:secret@x', 'a://'],
  ],
  [
    ['import', './a b.img', '--name', 'x=http://y'],
    ['import', './a b.img', '--name', 'x=http://y'],
  ],
])('%j is shown as %j', (argv, shown) => {
  expect(publicCommandLine(argv)).toEqual(shown);
});
