import {resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {countsOf} from '../core/counts.ts';
import type {Emit} from '../core/events.ts';
import type {SizeLimits} from '../core/limits.ts';
import {limitsOf} from '../core/limits.ts';
import {ImgmgrError} from '../errors.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {AppPorts} from './ports.ts';

/** Look at one image; no cloud. */
export interface InspectRequest {
  /** `http(s)://…`, `oci://…`, `file:…` or a path. */
  readonly address: string;
  /** Glance's disk_format that it must have; absent: any. */
  readonly diskFormat?: string;
  /** Glance's word for the processor, where there are images for several. */
  readonly architecture?: string;
  readonly limits: Partial<SizeLimits>;
  /** Read all of it. */
  readonly whole: boolean;
  readonly timeoutMs: number;
}

/** Emits what the image is; the outcome fails with FORMAT_REFUSED where it is refused. USAGE where it is nothing that can be read. */
export async function* inspect(
  {address, diskFormat, architecture, limits, whole, timeoutMs}: InspectRequest,
  ports: AppPorts,
  emit: Emit,
): AsyncGenerator<CloudOutcome> {
  const {cwd, files, signal, run} = ports;
  emit({type: 'started', command: 'inspect', clouds: [], run});
  const url = await urlOf(address, {cwd, files});
  const found = await (
    await ports.inspector()
  ).inspect({
    ...{url, limits: limitsOf(limits), whole, limitMs: timeoutMs, signal},
    ...(diskFormat !== undefined && {format: diskFormat}),
    ...(architecture !== undefined && {architecture}),
  });
  emit({type: 'inspected', ...found});
  const why = found.problems.map(({message}) => message).join(', and ');
  const refused = new ImgmgrError('FORMAT_REFUSED', `${found.source} ${why}`, {
    hint: 'docs/sources.md lists what is refused and why; find out why this image is so before you import it',
  });
  yield {cloud: '', counts: countsOf({}), errors: found.verdict === 'safe' ? [] : [refused], changesPending: false};
}

async function urlOf(address: string, {cwd, files}: Pick<AppPorts, 'cwd' | 'files'>): Promise<string> {
  if (/^(?:https?|oci):\/\//i.test(address)) return address;
  if (address === '-' || (/^[a-z][a-z0-9+.-]*:\/\//i.test(address) && !/^file:/i.test(address)))
    throw new ImgmgrError('USAGE', `images cannot be inspected from ${address === '-' ? 'stdin' : 'that address'}`, {
      hint: 'give an http, https or oci address, or a file',
    });
  const url = /^file:\//i.test(address)
    ? new URL(address)
    : pathToFileURL(resolve(cwd, address.replace(/^file:/i, '')));
  const path = decodeURIComponent(url.pathname);
  if ((await files.modified(path)) !== undefined) return url.href;
  throw new ImgmgrError('USAGE', `${path} is no file that can be read`, {hint: 'give a URL or a file'});
}
