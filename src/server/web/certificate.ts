import {readFileSync, statSync} from 'node:fs';
import {createSecureContext} from 'node:tls';
import {ImgmgrError} from '../../errors.ts';
import {codeOf} from '../../host/fs-error.ts';

/** Files of a certificate, read again when they change. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate with its chain, and its key; both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** The files of the certificate are looked at so often. */
const LOOK_MS = 15_000;

/** Certificate and key; CONFIG where they cannot be read or do not fit each other. */
export function readCertificate({cert, key}: TlsFiles): Certificate {
  if ((statSync(key, {throwIfNoEntry: false})?.mode ?? 0) & 0o007)
    throw new ImgmgrError('CONFIG', `--tls-key ${key} can be read by everybody`, {hint: `chmod 640 ${key}`});
  try {
    const files = {cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8')};
    createSecureContext(files);
    return files;
  } catch (cause) {
    const reason = codeOf(cause) === 'ENOENT' ? 'is not there' : 'cannot be used';
    throw new ImgmgrError('CONFIG', `the certificate ${cert} with the key ${key} ${reason}`, {
      cause,
      hint: 'name PEM files that fit each other: --tls-cert with the whole chain, --tls-key',
    });
  }
}

/** Another file in its place may have its time and size. */
function fileAt(path: string): string {
  const stats = statSync(path, {throwIfNoEntry: false});
  return stats ? [stats.dev, stats.ino, stats.mtimeMs, stats.size].join(':') : '';
}

/** Hands over the certificate whenever its files have changed; the answer ends that. */
export function followCertificate(
  files: TlsFiles,
  {renew, log}: {readonly renew: (certificate: Certificate) => void; readonly log: (text: string) => void},
): () => void {
  const look = (): string => [files.cert, files.key].map(fileAt).join(' ');
  let seen = look();
  const timer = setInterval(() => {
    const now = look();
    if (now === seen) return;
    seen = now;
    try {
      renew(readCertificate(files));
      log('the certificate was read again');
    } catch (error) {
      log(`the old certificate stays: ${error instanceof Error ? error.message : String(error)}`);
    }
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}
