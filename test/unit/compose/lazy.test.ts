import {Readable} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {lazySource} from '../../../src/compose/lazy.ts';
import type {ImageSource} from '../../../src/ports/image-source.ts';

function counted(): {readonly source: ImageSource; readonly calls: string[]} {
  const calls: string[] = [];
  const facts = {digests: [], unwrapped: {algorithm: 'sha512', hex: ''}, servedBytes: 0, givenBytes: 0} as const;
  const source = lazySource(() => {
    calls.push('constructed');
    return Promise.resolve({
      probe: ({urls}) => Promise.resolve({url: urls[0] ?? '', compressed: false, remote: true}),
      open: ({urls}) => Promise.resolve({url: urls[0] ?? '', bytes: Readable.from([]), facts: () => facts}),
      findDigest: ({url}) => Promise.resolve({algorithm: 'sha256', hex: url}),
      close() {
        calls.push('closed');
        return Promise.resolve();
      },
    });
  });
  return {source, calls};
}

describe('a source that is constructed when it is needed', () => {
  it('is never constructed, and closes nothing, when nothing is read', async () => {
    const {source, calls} = counted();
    await source.close();
    expect(calls).toEqual([]);
  });

  it('is constructed once, whatever is asked of it at the same time, and closed', async () => {
    const {source, calls} = counted();
    const request = {urls: ['a'], baseDir: '/', format: 'raw'};
    const [probe, opened, digest] = await Promise.all([
      source.probe(request),
      source.open(request),
      source.findDigest({kind: 'bare', url: 'b'}),
    ]);
    await source.close();
    expect([probe.url, opened.url, digest.hex]).toEqual(['a', 'a', 'b']);
    expect(calls).toEqual(['constructed', 'closed']);
  });
});
