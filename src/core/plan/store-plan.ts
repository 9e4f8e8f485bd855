import type {Form} from '../image/form.ts';
import type {FieldValue, Image, ImagePatch} from '../image/image.ts';
import {publicUrl, unsignedUrl} from '../public-url.ts';
import {formatDigest} from '../release/digest.ts';
import type {Release} from '../release/release.ts';
import type {Action, DefinitionPlan} from './plan.ts';
import type {StoredAction, StoredDefinition, StoredPlan} from './stored-plan.ts';

type Facts = StoredAction['facts'];

/** The plan of one cloud as JSON: what is done, on what it was decided, and what depends on what. */
export function storePlan(plan: {
  readonly cloud: string;
  readonly project: string;
  readonly leftovers: readonly Action[];
  readonly definitions: readonly DefinitionPlan[];
}): StoredPlan {
  const {cloud, project, leftovers, definitions} = plan;
  return {cloud, project, leftovers: leftovers.map(storeAction), definitions: definitions.map(storeDefinition)};
}

/** The plan of one definition as JSON. */
export function storeDefinition({definition, actions, failures, error, busy}: DefinitionPlan): StoredDefinition {
  return {
    name: definition.name,
    actions: actions.map(storeAction),
    failures: failures.map((failure) => ({id: failure.id, version: failure.version, code: failure.error.code})),
    ...(error && {error: error.code}),
    busy,
  };
}

function storeAction(action: Action): StoredAction {
  const {id, kind, dependsOn, counts, summary} = action;
  return {
    id,
    kind,
    dependsOn: dependsOn.map((dependency) => dependency.id),
    reason: summary.reason,
    effects: {...effectsOf(action), ...(counts && {counts})},
    facts: factsOf(action),
  };
}

function effectsOf(action: Action): StoredAction['effects'] {
  return {
    ...('next' in action && {next: action.next}),
    ...(action.kind === 'publish' && {publishes: action.form.name}),
    ...(action.kind === 'retire' && {
      retires: action.image.id,
      ...(action.replacedBy !== undefined && {replacedBy: action.replacedBy}),
    }),
  };
}

function factsOf(action: Action): Facts {
  return {
    ...('image' in action && {image: imageFacts(action.image)}),
    ...('target' in action &&
      ('made' in action.target ? {made: action.target.made} : {image: imageFacts(action.target.image)})),
    ...('release' in action && {release: releaseFacts(action.release)}),
    ...('patch' in action && {patch: patchFacts(action.patch)}),
    ...changeFacts(action),
    ...(action.kind === 'acquire' && action.reuse && {reuse: imageFacts(action.reuse)}),
    ...(action.kind === 'acquire' && action.twin && {twin: imageFacts(action.twin)}),
    ...(action.kind === 'publish' && {as: action.as, form: formFacts(action.form)}),
    ...(action.kind === 'share' && {members: memberFacts(action)}),
    ...(action.kind === 'copy' && {stores: [...action.stores]}),
    ...(action.kind === 'delete' && {unprotect: action.unprotect}),
  };
}

function changeFacts({summary: {fieldChanges = []}}: Action): Pick<Facts, 'changes'> {
  if (fieldChanges.length === 0) return {};
  const entries = fieldChanges.map(({field, from, to}) => [field, {from: plain(from), to: plain(to)}] as const);
  return {changes: Object.fromEntries(entries)};
}

function plain(value: FieldValue): string | number | boolean | string[] | null {
  return typeof value === 'object' && value !== null ? [...value] : withoutSignature(value);
}

function withoutSignature<Value>(value: Value): Value | string {
  return typeof value === 'string' && unsignedUrl(value) !== value ? publicUrl(value) : value;
}

function propertyFacts(properties: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, withoutSignature(value)]));
}

function formFacts({tags, flagTags, properties, ...form}: Form): Facts['form'] {
  return {...form, tags: [...tags], flagTags: [...flagTags], properties: propertyFacts(properties)};
}

function memberFacts({add, accept, remove, record}: Extract<Action, {kind: 'share'}>): Facts['members'] {
  return {add: [...add], accept: [...accept], remove: [...remove], record: [...record]};
}

function imageFacts({id, name, status, visibility, osHidden, protected: isProtected}: Image): Facts['image'] {
  return {id, name, status, visibility, osHidden, protected: isProtected};
}

function releaseFacts({kind, version, digest, listed, build}: Release): Facts['release'] {
  return {
    version,
    latest: kind === 'latest',
    // The form of version 1 has an address of every release; for a build that is the word `private`.
    url: listed ? publicUrl(listed.url) : 'private',
    ...(listed?.mirrorUrl !== undefined && {mirrorUrl: publicUrl(listed.mirrorUrl)}),
    ...(digest && {digest: formatDigest(digest)}),
    ...(listed?.id !== undefined && {id: listed.id}),
    ...(build && {inputs: build.inputs}),
  };
}

function patchFacts({tags, set, remove, ...others}: ImagePatch): Facts['patch'] {
  return {
    ...others,
    ...(tags && {tags: [...tags]}),
    ...(set && {set: propertyFacts(set)}),
    ...(remove && {remove: [...remove]}),
  };
}
