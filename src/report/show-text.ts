import type {Finding} from '../core/rules/finding.ts';
import type {ChainLink, Shown, ShownImage, ShownUse} from '../core/status/shown.ts';
import {formatPosition} from '../errors.ts';
import {formatBytes, formatCount} from './amounts.ts';
import {holdStanding} from './answer.ts';
import {clean} from './clean.ts';
import type {Paint} from './paint.ts';

const LABEL = 12;

/** The answer of `show` for one cloud. */
export function showText(shown: Shown, paint: Paint): string {
  const {cloud, target, definition, hold, images, chain, servers} = shown;
  return [
    paint.bold(clean(`${target} on ${cloud}`)),
    ...(definition ? definitionLines(definition) : []),
    ...(hold ? [line('hold', holdStanding(hold))] : []),
    ...images.flatMap((image) => ['', ...imageLines(image, servers?.[image.id], paint)]),
    ...(chain.length > 0 ? ['', ...chainLines(shown, paint)] : []),
    '',
  ].join('\n');
}

function definitionLines(definition: NonNullable<Shown['definition']>): readonly string[] {
  const {place, enabled, multi, visibility, isBuilt, versions, newest} = definition;
  const offers = isBuilt ? 'is built' : versions.length === 0 ? 'lists no version' : `lists ${versions.join(', ')}`;
  return [
    line('definition', `${formatPosition(place)}: ${enabled ? 'enabled' : 'disabled'}, ${visibility}, multi: ${multi}`),
    line('offers', `${offers}${newest === null || versions.length < 2 ? '' : `; newest: ${newest}`}`),
  ];
}

function imageLines(image: ShownImage, use: ShownUse | undefined, paint: Paint): readonly string[] {
  const {id, name, stamp, status, visibility, osHidden, findings, ahead, properties, evidence, stores} = image;
  const flags = [status, visibility, ...(osHidden ? ['hidden'] : []), ...(image.protected ? ['protected'] : [])];
  const size = image.size === null ? 'nothing stored' : `${formatBytes(image.size)} stored`;
  const disk = image.virtualSize === null ? '' : `, ${formatBytes(image.virtualSize)} disk`;
  return [
    paint.bold(line('image', `${id}  ${name ?? '(no name)'}`)),
    line(
      'managed',
      stamp ? `${stamp.definition}, version ${stamp.version}, ${stamp.state} (run ${stamp.run})` : 'not by imgmgr',
    ),
    line('status', flags.join(', ')),
    phaseLine(image, paint),
    line('project', image.owner ?? '(none)'),
    line('created', `${image.createdAt}, updated ${image.updatedAt}`),
    line(
      'bytes',
      `${size}${disk}, ${image.diskFormat ?? 'no disk_format'}, min_disk ${image.minDisk} GiB, min_ram ${image.minRam} MiB`,
    ),
    ...(stores.length > 0 ? [line('stores', stores.join(', '))] : []),
    line('source', image.source ?? 'not known'),
    ...(image.origin === null ? [] : [line('origin', image.origin)]),
    ...image.digests.glance.map((digest) => line('Glance', digest)),
    ...image.digests.imgmgr.map((digest) => line('imgmgr', digest)),
    line('verdict', verdictText(image)),
    ...(image.revoked === null ? [] : [line('revoked', image.revoked)]),
    ...(evidence === null ? [] : [line('evidence', evidence)]),
    ...(use ? useLines(use) : []),
    line('tags', image.tags.join(', ') || 'none'),
    ...Object.entries(properties)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => line('', `${key} = ${value}`)),
    ...findings.flatMap((finding) => findingLines(finding, paint)),
    ...ahead.map(({from, severity, rule, message, by}) =>
      paint.dim(line('ahead', `from ${from.slice(0, 10)} on (${by}): ${severity} ${rule}: ${message}`)),
    ),
  ];
}

function phaseLine({phase, reason}: ShownImage, paint: Paint): string {
  const text = line('phase', `${phase} (${reason})`);
  return phase === 'Failed' || phase === 'ImageLost' ? paint.red(text) : text;
}

function verdictText({verdict}: ShownImage): string {
  if (verdict === null) return 'none: no server was booted from it, or nothing is recorded';
  const {kind, cause, failed, agent, at} = verdict;
  const checks = failed.length > 0 ? `, failed checks: ${failed.join(', ')}` : '';
  return `${kind} (${cause})${at === '' ? '' : ` at ${at}`}, agent ${agent === '' ? 'not known' : agent}${checks}`;
}

function useLines(use: ShownUse): readonly string[] {
  if (use.kind === 'unused' || use.kind === 'no-service')
    return [line('servers', use.kind === 'unused' ? 'none uses it' : 'none: no region has a compute service')];
  if (use.kind === 'unknown')
    return [
      line('servers', `not known: ${use.reason ?? ''}`),
      ...(use.hint === undefined ? [] : [line('', `hint: ${use.hint}`)]),
      ...(use.seen
        ? [
            line('', use.seen.scope === 'own-project' ? 'seen in our project:' : 'seen so far:'),
            ...countLines(use.seen),
          ]
        : []),
    ];
  return countLines(use);
}

function countLines({
  count = 0,
  projects = [],
  servers = [],
}: Pick<ShownUse, 'count' | 'projects' | 'servers'>): readonly string[] {
  return [
    line('servers', formatCount(count, 'server')),
    ...projects.map((project) => line('', `project ${project.projectId}: ${project.count}`)),
    ...servers.map(({id, name, projectId}) => line('', `${id}  ${name} (project ${projectId})`)),
  ];
}

function findingLines({severity, rule, message, remedy, by, ignored}: Finding, paint: Paint): readonly string[] {
  const word = ignored ? `ignored until ${ignored.until} (${ignored.reason})` : severity;
  const text = line('finding', `${word} ${rule}: ${message}`);
  return [severity === 'error' && !ignored ? paint.red(text) : text, paint.dim(line('', `hint (${by}): ${remedy}`))];
}

function chainLines({chain, images, servers}: Shown, paint: Paint): readonly string[] {
  const head =
    chain[0]?.version === null ? 'images that bear the name; give the id of one:' : 'all images of the definition:';
  return [
    paint.bold(head),
    ...chain.map((link) =>
      chainLine(link, {isShown: images.some(({id}) => id === link.image), use: servers?.[link.image]}),
    ),
  ];
}

function chainLine(
  {image, name, owner, version, state, visibility, createdAt, reason}: ChainLink,
  {isShown, use}: {readonly isShown: boolean; readonly use: ShownUse | undefined},
): string {
  const parts = [
    ...(version === null ? [`project ${owner ?? '(none)'}`] : [version, state ?? '']),
    visibility,
    createdAt.slice(0, 10),
    ...(reason === null ? [] : [reason]),
    ...(use && !isShown ? [use.kind === 'used-by' ? formatCount(use.count ?? 0, 'server') : use.kind] : []),
  ];
  return clean(`  ${image}  ${name ?? '(no name)'}: ${parts.join(', ')}`);
}

function line(label: string, text: string): string {
  return clean(`  ${label.padEnd(LABEL)}${text}`);
}
