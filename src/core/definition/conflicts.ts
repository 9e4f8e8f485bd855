import type {FilePosition, Problem} from '../../errors.ts';
import {formatPosition} from '../../errors.ts';
import type {Definition} from './definition.ts';
import type {ImageSite} from './subject.ts';
import {textUnder} from './subject.ts';
import {publishedName, retiredName} from '../image/naming.ts';
import {entryOf} from './yaml-node.ts';

/** Definitions that bear the same name, in one file or in several; the later one is the problem. */
export function repeatedNames(sites: readonly ImageSite[]): Problem[] {
  const first = new Map<string, FilePosition>();
  return sites.flatMap(({image}) => {
    const name = textUnder(image, 'name');
    const place = entryOf(image, 'name')?.value.place;
    if (name === undefined || !place) return [];
    const earlier = first.get(name);
    if (!earlier) {
      first.set(name, place);
      return [];
    }
    const message = `image "${name}" is defined twice, first at ${formatPosition(earlier)}`;
    return [{message, place, hint: 'rename or remove one of the two'}];
  });
}

interface Claim {
  readonly key: string;
  readonly owner: string;
  readonly place: FilePosition;
  readonly hint: string;
}

/** Image names and ids that two versions of different definitions, or of one, would both take. */
export function rivalClaims(definitions: readonly Definition[]): Problem[] {
  const first = new Map<string, Claim>();
  return definitions.flatMap(claimsOf).flatMap((claim) => {
    const earlier = first.get(claim.key);
    if (!earlier) {
      first.set(claim.key, claim);
      return [];
    }
    if (earlier.owner === claim.owner) return [];
    const message = `${claim.key} is claimed by ${claim.owner} and by ${earlier.owner} at ${formatPosition(earlier.place)}`;
    return [{message, place: claim.place, hint: claim.hint}];
  });
}

function claimsOf(definition: Definition): Claim[] {
  const hint = 'rename one of the two images, or give one another separator';
  const owner = `image "${definition.name}"`;
  const plain = definition.multi ? [{key: `the name "${definition.name}"`, owner, place: definition.place, hint}] : [];
  const versions = definition.versions.flatMap(({version, id, place}) => {
    const claimant = `version "${version}" of ${owner}`;
    const names = new Set([publishedName(definition, version), retiredName(definition, version)]);
    names.delete(definition.multi ? definition.name : '');
    const claims = [...names].map((name) => ({key: `the name "${name}"`, owner: claimant, place, hint}));
    if (id === undefined) return claims;
    return [
      ...claims,
      {key: `the id ${id}`, owner: claimant, place, hint: 'give each version an id of its own, or none'},
    ];
  });
  return [...plain, ...versions];
}
