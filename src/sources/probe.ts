import type {SourceProbe, SourceRequest} from '../ports/image-source.ts';
import {inspectStart} from '../core/format/inspect.ts';
import {limitsOf} from '../core/limits.ts';
import {wrapperOf} from '../core/format/wrapper.ts';
import {peekable} from './chunks.ts';
import {refuseUnfit} from './judge.ts';
import {showUrl} from './show-url.ts';
import type {Served} from './served.ts';

/** How much a first look reads. */
export const PROBE_BYTES = 64 * 1024;

/** Judges the first 64 KiB of a source and leaves it. */
export async function probeServed(served: Served, request: SourceRequest): Promise<SourceProbe> {
  try {
    const {head, complete} = await peekable(served.chunks).peek(PROBE_BYTES);
    const size = served.size ?? (complete ? head.length : undefined);
    const compressed = wrapperOf(head) !== undefined;
    const {virtualSize, filesystem} = compressed ? {} : judge(head, {served, request, size});
    return {
      url: served.url,
      compressed,
      remote: served.remote && !compressed,
      ...(size === undefined ? {} : {size}),
      ...(virtualSize === undefined ? {} : {virtualSize}),
      ...(filesystem === undefined ? {} : {filesystem}),
      ...(served.lastModified === undefined ? {} : {lastModified: served.lastModified}),
    };
  } finally {
    await served.close();
  }
}

/** Bytes of the disk inside, and a file system without a partition table, if the first bytes say. */
function judge(
  head: Uint8Array,
  {served, request, size}: {served: Served; request: SourceRequest; size: number | undefined},
): Pick<SourceProbe, 'virtualSize' | 'filesystem'> {
  const inspection = inspectStart(head, size !== undefined && size <= head.length);
  const {contentType} = served;
  refuseUnfit(inspection, {
    show: showUrl(served.url),
    format: request.format,
    maxVirtualBytes: limitsOf(request.limits).virtual,
    ...(contentType === undefined ? {} : {contentType}),
  });
  const {filesystem, needed, virtualSize = needed === undefined ? size : undefined} = inspection;
  return {...(virtualSize !== undefined && {virtualSize}), ...(filesystem !== undefined && {filesystem})};
}
