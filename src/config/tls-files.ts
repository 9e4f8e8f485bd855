import type {CloudTls} from '../core/resolved-cloud.ts';
import {ImgmgrError} from '../errors.ts';
import {readRegularFile, unreadable} from '../host/regular-file.ts';

/** No file of that kind is larger. */
const LARGEST_FILE = 64 * 1024 * 1024;

/** The texts of a cloud's TLS files. */
export interface TlsTexts {
  readonly verify: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const CERTIFICATE = {what: 'certificate', begin: /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/};
const KEY = {what: 'private key', begin: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/};

/** Reads the files of a cloud's TLS settings. CONFIG when one cannot be read, or holds nothing in PEM of the kind that it should. */
export async function readTlsFiles({verify, caFile, certFile, keyFile}: CloudTls, cloud: string): Promise<TlsTexts> {
  const read = async (file: string, field: string, kind: typeof CERTIFICATE): Promise<string> => {
    const bytes = await readRegularFile(file, {maxBytes: LARGEST_FILE}).catch((cause: unknown) => {
      throw new ImgmgrError('CONFIG', `${field} of cloud ${cloud} ${unreadable(cause)}: ${file}`, {
        hint: 'correct the path in clouds.yaml, or make the file readable for this user',
        cause,
      });
    });
    const text = bytes.toString('utf8');
    if (kind.begin.test(text)) return text;
    throw new ImgmgrError('CONFIG', `${field} of cloud ${cloud} holds no PEM ${kind.what}: ${file}`, {
      hint: `name a file with a line "-----BEGIN ${kind.what.toUpperCase()}-----"; openssl converts other forms (DER, PKCS #12)`,
    });
  };
  return {
    verify,
    ...(caFile !== undefined && {ca: await read(caFile, 'cacert', CERTIFICATE)}),
    ...(certFile !== undefined && {cert: await read(certFile, 'cert', CERTIFICATE)}),
    ...(keyFile !== undefined && {key: await read(keyFile, 'key', KEY)}),
  };
}
