import type {Subject} from './subject.ts';
import {isOffered, valueOf} from './subject.ts';

/** All subjects of an audit, with what rules look up among them; made once. */
export interface SubjectSet {
  readonly subjects: readonly Subject[];
  /** False: the subjects are a part of what a cloud has, so that what is missing says nothing. */
  readonly whole: boolean;
  /** Offered images by their exact name; of several with one name the oldest, as the official tests look it up. */
  readonly byName: ReadonlyMap<string, Subject>;
  /** How many offered images have that name. */
  readonly named: ReadonlyMap<string, number>;
  /** Public, shown images with os_purpose generic, by distribution, version and architecture. */
  readonly generic: ReadonlyMap<string, readonly Subject[]>;
}

/** The set of these subjects, as newest first or in any order. */
export function subjectSet(subjects: readonly Subject[], whole: boolean): SubjectSet {
  const byName = new Map<string, Subject>();
  const named = new Map<string, number>();
  const generic = new Map<string, Subject[]>();
  for (const subject of subjects) {
    if (!subject.published || !isOffered(subject)) continue;
    if (subject.name !== null) {
      named.set(subject.name, (named.get(subject.name) ?? 0) + 1);
      const other = byName.get(subject.name);
      if (!other || (subject.createdAt ?? 0) < (other.createdAt ?? 0)) byName.set(subject.name, subject);
    }
    const key = genericKey(subject);
    if (key === undefined || subject.visibility !== 'public') continue;
    const others = generic.get(key);
    if (others) others.push(subject);
    else generic.set(key, [subject]);
  }
  return {subjects, whole, byName, named, generic};
}

/** Distribution, version and architecture of a generic image; undefined for any other. */
export function genericKey(subject: Subject): string | undefined {
  const distro = valueOf(subject, 'os_distro') ?? '';
  const version = valueOf(subject, 'os_version') ?? '';
  if (valueOf(subject, 'os_purpose') !== 'generic' || distro === '' || version === '') return undefined;
  return JSON.stringify([distro, version, valueOf(subject, 'architecture') ?? '']);
}
