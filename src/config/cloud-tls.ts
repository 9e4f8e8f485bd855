import type {CloudTls} from '../core/resolved-cloud.ts';
import {ImgmgrError} from '../errors.ts';
import {textOf} from './cloud-entry.ts';
import type {CloudEntry} from './cloud-entry.ts';
import type {ConfigMap, ConfigValue} from './config-value.ts';
import {fillIn} from './fill-in.ts';
import {absolutePath, variable} from './config-context.ts';
import type {ConfigContext} from './config-context.ts';

/**
 * Reads `verify`, `insecure`, `cacert`, `cert` and `key` as the SDK does: `insecure` wins, `verify` may be the path of the
 * authorities, `key` counts only beside `cert`; without any, `REQUESTS_CA_BUNDLE` and `CURL_CA_BUNDLE` name the authorities.
 * https://opendev.org/openstack/openstacksdk/src/tag/0.101.0/openstack/config/cloud_region.py#L340
 * Throws CONFIG when a file that counts is not there.
 */
export function readTls(settings: ConfigMap, entry: CloudEntry, context: ConfigContext): CloudTls {
  const file = (key: string, value: string | undefined): string | undefined =>
    value === undefined ? undefined : requireFile(value, entry.at(key), context);
  const path = (key: string): string | undefined => {
    const value = textOf(settings[key], key, entry);
    return value === undefined ? undefined : fillIn(value, settings, entry.at(key));
  };
  const verify = isInsecure(settings.insecure) ? false : readVerify(settings.verify, entry);
  const certFile = file('cert', path('cert'));
  const keyFile = certFile === undefined ? undefined : file('key', path('key'));
  const caFile = verify === false ? undefined : caFileOf({verify, cacert: path('cacert'), entry, context});
  return {
    verify: verify !== false,
    ...(caFile !== undefined && {caFile}),
    ...(certFile !== undefined && {certFile}),
    ...(keyFile !== undefined && {keyFile}),
  };
}

function isInsecure(value: ConfigValue | undefined): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
}

/** True, false, or the path of the authorities. A text that looks like a truth value is a mistake that nobody should guess at. */
function readVerify(value: ConfigValue | undefined, entry: CloudEntry): boolean | string {
  if (value === undefined || value === null) return true;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && !/^(?:true|false|yes|no|on|off|none|\d*)$/i.test(value)) return value;
  const written = typeof value === 'string' ? `the text "${value}"` : 'no single value';
  throw new ImgmgrError('CONFIG', `${entry.spell('verify')} of ${entry.subject} is ${written}`, {
    place: entry.at('verify'),
    hint: entry.fromEnvironment
      ? 'to switch the check of certificates off, set OS_INSECURE=true; for authorities of your own, set OS_CACERT'
      : 'write true, false (without quotes) or the path of a file with authorities',
  });
}

interface Authorities {
  readonly verify: true | string;
  readonly cacert: string | undefined;
  readonly entry: CloudEntry;
  readonly context: ConfigContext;
}

function caFileOf({verify, cacert, entry, context}: Authorities): string | undefined {
  if (cacert !== undefined) return requireFile(cacert, entry.at('cacert'), context);
  if (verify !== true) return requireFile(verify, entry.at('verify'), context);
  for (const name of ['REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE']) {
    const bundle = variable(context.env, name);
    if (bundle !== undefined) return requireFile(bundle, `environment variable ${name}`, context);
  }
  return undefined;
}

function requireFile(written: string, place: string, context: ConfigContext): string {
  const path = absolutePath(written, context);
  if (context.exists?.(path) ?? context.readFile(path) !== undefined) return path;
  throw new ImgmgrError('CONFIG', `the file ${path} does not exist`, {place, hint: 'correct the path'});
}
