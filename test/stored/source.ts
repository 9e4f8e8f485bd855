import type {Upstream} from '../fakes/upstream.ts';

/** Stands in fixtures for the address of the web server that images come from. */
export const SOURCE = 'http://source.example';
/** Stands in fixtures for the project of the account. */
export const PROJECT = 'the-project';

/** The bytes of `/NAME-VERSION.raw`; small, since the local cloud keeps them, and large enough to be a disk. */
export function bytesOf(file: string): Buffer {
  return Buffer.alloc(2048, `the bytes of ${file}\n`);
}

/** Serves every file that the definitions of the fixtures name. */
export function serve(upstream: Upstream, text: string): void {
  upstream.put('/rolling-latest.raw', bytesOf('rolling-latest.raw'));
  for (const [, file = ''] of text.matchAll(/http:\/\/source\.example\/([\w.-]+\.raw)/g))
    upstream.put(`/${file}`, bytesOf(file));
  upstream.put('/SHA512SUMS', `${upstream.digest('/rolling-latest.raw')}  rolling-latest.raw\n`);
}
