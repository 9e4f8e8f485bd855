import type {Definition, Version} from './definition/definition.ts';
import {isMarkedRevoked} from './image/revocation.ts';
import type {Action, DefinitionPlan} from './plan/plan.ts';
import {formatDigest} from './release/digest.ts';
import type {OwnImage} from './release/release.ts';
import {LATEST, compareVersions} from './release/version.ts';
import type {RolledBack} from './rollback-answer.ts';

/** The versions that a plan revokes or lifts, and the one that gets the name. */
export function changeOf({actions}: Pick<DefinitionPlan, 'actions'>): Pick<RolledBack, 'versions' | 'current'> {
  const changed = actions.filter(({kind}) => kind === 'revoke' || kind === 'lift');
  const published = actions.find((action) => action.kind === 'publish' && action.as === 'current');
  return {
    versions: [...new Set(changed.flatMap(({summary}) => summary.version ?? []))],
    current: published?.summary.version ?? null,
  };
}

/** One line for the question: `prod-a: revoke 3, publish 2 as "X", retire 3`. */
export function planLine(cloud: string, {actions}: Pick<DefinitionPlan, 'actions'>): string {
  return `${cloud}: ${actions.map(actionText).join(', ')}`;
}

function actionText({kind, summary}: Action): string {
  const as = kind === 'publish' && summary.newName !== undefined ? ` as "${summary.newName}"` : '';
  return `${kind} ${summary.version ?? summary.image ?? ''}${as}`;
}

/** The lines that make the revocation of images part of their definition, for entries that could bring them in again. */
export function definitionLines(
  {versions}: Definition,
  {revoked, reason}: {readonly revoked: readonly OwnImage[]; readonly reason: string},
): readonly string[] {
  const latest = versions.find(({version}) => version === LATEST);
  const byVersion = new Map(revoked.map((own) => [own.stamp.version, own]));
  return [...byVersion].flatMap(([version, own]) => {
    const entry = versions.find((each) => each.version === version);
    if (entry) return entry.revoked === undefined ? ofEntry(entry, reason) : [];
    return latest ? newEntry(own, latest, reason) : [];
  });
}

/** A JSON string is a YAML string. */
function ofEntry({version, place}: Version, reason: string): readonly string[] {
  return [
    `# ${place.file}:${place.line}: to the entry of version ${JSON.stringify(version)}`,
    `revoked: ${JSON.stringify(reason)}`,
  ];
}

function newEntry({image, stamp}: OwnImage, {url, place}: Version, reason: string): readonly string[] {
  const source = image.properties['image_source'];
  return [
    `# ${place.file}:${place.line}: a new entry of versions`,
    `- version: ${JSON.stringify(stamp.version)}`,
    // That of a container image is no address.
    `  url: ${JSON.stringify(source === undefined || source === 'private' ? url : source)}`,
    ...(stamp.digest ? [`  checksum: ${formatDigest(stamp.digest)}`] : []),
    `  revoked: ${JSON.stringify(reason)}`,
  ];
}

/** The listed version that the next `manage` publishes in place of the one that was gone back to; undefined: it stays. */
export function nextListed(
  {versions}: Definition,
  seen: {readonly own: readonly OwnImage[]; readonly change: Pick<RolledBack, 'versions' | 'current'>},
): string | undefined {
  const {own, change} = seen;
  const marked = own.filter(({image}) => isMarkedRevoked(image));
  const gone = new Set([...change.versions, ...marked.map(({stamp}) => stamp.version)]);
  const newest = versions
    .filter(({version, revoked}) => revoked === undefined && version !== LATEST && !gone.has(version))
    .map(({version}) => version)
    .sort(compareVersions)
    .at(-1);
  return newest === change.current ? undefined : newest;
}
