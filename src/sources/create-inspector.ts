import {judgeFormat} from '../core/format/assertion.ts';
import {CATALOGUE_BYTES, catalogueOf, readCatalogue} from '../core/format/el-torito.ts';
import type {EndInspection, Inspection} from '../core/format/inspect.ts';
import {END_REACH, inspectEnd, inspectStart, RECOGNITION_REACH} from '../core/format/inspect.ts';
import type {Inspected} from '../core/format/inspected.ts';
import type {FormatProblem} from '../core/format/inspection.ts';
import type {Layout} from '../core/format/layout.ts';
import {LAYOUT_REACH, readLayout} from '../core/format/layout.ts';
import type {ImageInspector, InspectRequest} from '../ports/image-inspector.ts';
import type {SourceOptions} from './create-source.ts';
import {kindsOf} from './create-source.ts';
import {withDeadline} from './convert/deadline.ts';
import {guestBytes} from './inspect/guest-bytes.ts';
import type {Opening} from './inspect/open-window.ts';
import {openWindow} from './inspect/open-window.ts';
import type {WholeContext} from './inspect/read-whole.ts';
import {readWhole} from './inspect/read-whole.ts';
import type {Window} from './inspect/window.ts';
import {showUrl} from './show-url.ts';

/** Looks at images: the start and the end, and what these point to; all of it only where that is asked for. */
export function createInspector({options, ...readers}: InspectorParts): ImageInspector {
  const context = {...readers, kinds: kindsOf(options), exec: options.exec};
  return {
    inspect: (request) =>
      withDeadline(request, (limited) => inspect(context, limited)).finally(() => options.http.close()),
  };
}

/** What images are looked at with; the client of `options` is closed behind each look. */
export interface InspectorParts extends Pick<WholeContext, 'source' | 'converter'> {
  readonly options: SourceOptions;
}

async function inspect(context: WholeContext, request: InspectRequest): Promise<Inspected> {
  const opened = await openWindow(context, request);
  try {
    const seen = await look(opened, request);
    const whole =
      seen.problems.length > 0 ? undefined : await readWhole(context, {request, opened, format: seen.format});
    return answer({request, opened, seen, ...(whole && {whole})});
  } finally {
    await opened.close();
  }
}

/** What start and end show. */
interface Seen {
  readonly inspection: Inspection;
  /** As it goes to a cloud. */
  readonly format: string;
  readonly virtualSize?: number;
  readonly layout?: Layout;
  readonly problems: readonly FormatProblem[];
  readonly unknown: readonly string[];
}

async function look(opened: Opening, request: InspectRequest): Promise<Seen> {
  const {window} = opened;
  const {head, inspection} = await start(window);
  const {end, unknown} = await lookAtEnd(window, {head, inspection});
  const format = end?.fixedVhd === undefined ? inspection.format : 'vhd';
  const size = inspection.virtualSize ?? end?.fixedVhd ?? (inspection.format === 'raw' ? window.size : undefined);
  const asserted = {format: request.format ?? format, maxVirtualBytes: request.limits.virtual};
  const found = {...inspection, format, ...(size !== undefined && {virtualSize: size})};
  const problems = [...judgeFormat(found, asserted), ...(end?.problems ?? [])];
  const missing = inspection.needed === undefined ? [] : ['the rest of its header, which is out of reach'];
  const seen = {inspection, format, ...(size !== undefined && {virtualSize: size}), problems};
  if (problems.length > 0) return {...seen, unknown: [...missing, ...unknown]};
  const {layout, why} = await layoutOf(window, {head, inspection, format});
  return {...seen, ...(layout && {layout}), unknown: [...missing, ...unknown, ...(why === undefined ? [] : [why])]};
}

/** As much of the start as the format needs; each byte is asked for once. */
async function start(window: Window): Promise<{readonly head: Buffer; readonly inspection: Inspection}> {
  let head = Buffer.alloc(0);
  for (let wanted = RECOGNITION_REACH; ;) {
    const more = await window.at(head.length, wanted - head.length);
    if (more !== undefined) head = Buffer.concat([head, more]);
    const complete = head.length === window.size || (more !== undefined && head.length < wanted);
    const inspection = inspectStart(head, complete);
    const isEnough = inspection.needed === undefined || inspection.problems.length > 0;
    if (isEnough || complete || more === undefined) return {head, inspection};
    wanted = inspection.needed;
  }
}

async function lookAtEnd(
  window: Window,
  {head, inspection}: {readonly head: Buffer; readonly inspection: Inspection},
): Promise<{readonly end?: EndInspection; readonly unknown: readonly string[]}> {
  const {size} = window;
  const isWanted = inspection.footer || inspection.format === 'raw';
  if (!isWanted || inspection.problems.length > 0) return {unknown: []};
  const from = Math.max(0, (size ?? 0) - END_REACH);
  const tail = size === undefined ? undefined : await window.at(from, size - from);
  if (size !== undefined && tail !== undefined) return {end: inspectEnd(head, {tail, size}, inspection), unknown: []};
  const what = inspection.footer ? 'the footer, which may disagree with the header' : 'whether it ends as a fixed VHD';
  return {unknown: [`${what}: its end is out of reach`]};
}

async function layoutOf(
  window: Window,
  {head, inspection, format}: {readonly head: Buffer; readonly inspection: Inspection; readonly format: string},
): Promise<{readonly layout?: Layout; readonly why?: string}> {
  if (format === 'iso') return {layout: await layoutOfDisc(window, head)};
  const bytes = format === 'qcow2' ? await guestBytes(window, head, LAYOUT_REACH) : head.subarray(0, LAYOUT_REACH);
  if (inspection.format === 'raw') return {layout: readLayout(bytes ?? head)};
  if (format === 'qcow2' && bytes !== undefined) return {layout: readLayout(bytes)};
  const where = format === 'qcow2' ? 'the first cluster is out of reach or damaged' : `${format} is not read that far`;
  return {why: `partition table and boot loader: ${where}`};
}

/** A disc starts by its boot catalogue, and as a disk by its partition table. */
async function layoutOfDisc(window: Window, head: Buffer): Promise<Layout> {
  const layout = readLayout(head);
  const place = catalogueOf(head);
  const catalogue = place === undefined ? undefined : await window.at(place, CATALOGUE_BYTES);
  const firmware = new Set([...(catalogue ? readCatalogue(catalogue) : []), ...layout.firmware]);
  return {...layout, firmware: [...firmware].sort()};
}

function answer({
  request,
  opened,
  seen,
  whole,
}: {
  readonly request: InspectRequest;
  readonly opened: Opening;
  readonly seen: Seen;
  readonly whole?: Awaited<ReturnType<typeof readWhole>>;
}): Inspected {
  const {layout, inspection, format} = seen;
  const problems = [...seen.problems, ...(whole?.problems ?? [])];
  const isPacked = opened.wrappers.length > 0;
  const unpacked = whole?.givenBytes ?? (isPacked ? undefined : opened.served);
  const virtual = whole?.virtualSize ?? seen.virtualSize ?? (inspection.format === 'raw' ? unpacked : undefined);
  const wasRead = whole?.servedBytes !== undefined;
  const notWhole = isPacked && !wasRead ? ['its size after unpacking: --whole reads all of it'] : [];
  const known = !wasRead ? seen.unknown : seen.unknown.filter((what) => !/its end is out of reach$/.test(what));
  return {
    source: showUrl(request.url),
    ...(opened.origin !== undefined && !request.url.startsWith('file:') && {origin: opened.origin}),
    format,
    kind: format === 'iso' ? 'cdrom' : isDisk({...inspection, format}) ? 'disk' : 'unknown',
    wrappers: opened.wrappers,
    sizes: {served: whole?.servedBytes ?? opened.served ?? null, unpacked: unpacked ?? null, virtual: virtual ?? null},
    table: layout?.table ?? null,
    partitions: layout?.partitions ?? [],
    filesystem: inspection.filesystem ?? null,
    firmware: layout?.firmware ?? null,
    architecture: layout?.architecture ?? null,
    digests: whole?.digests ?? [],
    verdict: problems.length === 0 ? 'safe' : 'refused',
    problems,
    unknown: [
      ...known,
      ...notWhole,
      ...(layout?.damage === undefined ? [] : [`its partitions: ${layout.damage}`]),
      ...(whole?.unknown ?? []),
    ],
    bytesRead: opened.bytesRead() + (whole?.servedBytes ?? 0),
  };
}

function isDisk({format, partitioned, filesystem}: Inspection): boolean {
  return format !== 'raw' || partitioned || filesystem !== undefined;
}
