import {limitsOf} from '../core/limits.ts';
import type {Emit} from '../core/events.ts';
import {asImgmgrError, ImgmgrError} from '../errors.ts';
import type {Upload, UploadListener, UploadRequest} from '../ports/upload-listener.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {ImportImageRequest} from './import-image.ts';
import {importImage} from './import-image.ts';
import type {AppPorts} from './ports.ts';

/** Bring one image into a cloud that somebody else sends. */
export interface ImportUploadRequest extends ImportImageRequest {
  readonly listen: Omit<UploadRequest, 'maxBytes'>;
  /** How long the upload may take to begin, milliseconds. */
  readonly waitMs: number;
}

/** How often is said that it waits; milliseconds. */
const REPORT_MS = 1000;

/** Prints what the sender has to run, waits until the upload begins, and imports what comes. TIMEOUT where none begins in time. */
export async function* importUpload(
  request: ImportUploadRequest,
  ports: AppPorts,
  emit: Emit,
): AsyncGenerator<CloudOutcome> {
  const {image, acquire, listen} = request;
  const {name} = image;
  if (name === undefined)
    throw new ImgmgrError('USAGE', 'an upload has no file name, so nothing says what the image is called', {
      hint: 'give it with --name',
    });
  if (image.diskFormat === undefined)
    throw new ImgmgrError('USAGE', 'an upload has no file name, so nothing says which format it has', {
      hint: 'give it with --disk-format (qcow2, raw, iso, vmdk …)',
    });
  const [cloud, ...others] = ports.clouds(request);
  if (!cloud || others.length > 0)
    throw new ImgmgrError('USAGE', `an upload comes once, but ${others.length + 1} clouds are named`, {
      hint: 'name one cloud',
    });
  const listener = await ports.uploads.open({...listen, maxBytes: limitsOf(acquire.limits).download});
  let upload: Upload | undefined;
  try {
    const about = {cloud: cloud.name, definition: name, version: image.version ?? ''};
    upload = await begun(listener, {
      request,
      ports,
      report: (elapsedMs) =>
        emit({type: 'progress', ...about, phase: 'waiting-for-upload', elapsedMs, limitMs: request.waitMs}),
    });
    emit({type: 'decision', ...about, message: `the upload comes from ${upload.peer}`});
    ports.uploads.use(upload);
    yield* importImage(request, ports, emit);
  } catch (error) {
    upload?.answer({taken: false, text: 'refused: the receiver ended'});
    throw asImgmgrError(error);
  } finally {
    // What was answered already stays as it is.
    upload?.answer({taken: false, text: 'refused: the receiver could not import it'});
    await listener.close();
  }
}

async function begun(
  listener: UploadListener,
  {
    request,
    ports,
    report,
  }: {readonly request: ImportUploadRequest; readonly ports: AppPorts; readonly report: (elapsedMs: number) => void},
): Promise<Upload> {
  const {runtime, signal} = ports;
  const startMs = runtime.monotonic();
  for (;;) {
    signal.throwIfAborted();
    const elapsedMs = runtime.monotonic() - startMs;
    const leftMs = request.waitMs - elapsedMs;
    if (leftMs <= 0)
      throw new ImgmgrError('TIMEOUT', `no upload began within ${Math.round(request.waitMs / 1000)} s`, {
        hint: 'run it again, or give it longer with --wait-upload',
      });
    report(elapsedMs);
    const pause = runtime.sleep(Math.min(REPORT_MS, leftMs), signal).then(() => undefined);
    const upload = await Promise.race([listener.upload, pause]);
    if (upload) {
      pause.catch(() => undefined);
      return upload;
    }
  }
}
