import type {Form} from '../image/form.ts';
import type {Image, ImagePatch} from '../image/image.ts';
import {publicUrl} from '../public-url.ts';
import {formatDigest} from '../release/digest.ts';
import type {Release} from '../release/release.ts';
import type {Action, DefinitionPlan} from './plan.ts';
import type {StoredAction, StoredDefinition, StoredPlan} from './stored-plan.ts';
import {PLAN_SCHEMA, PLAN_VERSION, checksumOf} from './stored-plan.ts';

type Facts = StoredAction['facts'];

/** The plan of one cloud as JSON: what is done, on what it was decided, and what depends on what. */
export function storePlan(plan: {
  readonly cloud: string;
  readonly leftovers: readonly Action[];
  readonly definitions: readonly DefinitionPlan[];
}): StoredPlan {
  const content = {
    schema: PLAN_SCHEMA,
    version: PLAN_VERSION,
    cloud: plan.cloud,
    leftovers: plan.leftovers.map(storeAction),
    definitions: plan.definitions.map(storeDefinition),
  } as const;
  return {...content, checksum: checksumOf(content)};
}

function storeDefinition({definition, actions, failures, error, busy}: DefinitionPlan): StoredDefinition {
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
    ...(action.kind === 'acquire' && action.reuse && {reuse: imageFacts(action.reuse)}),
    ...(action.kind === 'acquire' && action.twin && {twin: imageFacts(action.twin)}),
    ...(action.kind === 'publish' && {as: action.as, form: formFacts(action.form)}),
    ...(action.kind === 'copy' && {stores: [...action.stores]}),
    ...(action.kind === 'delete' && {unprotect: action.unprotect}),
  };
}

function formFacts({tags, flagTags, properties, ...form}: Form): Facts['form'] {
  return {...form, tags: [...tags], flagTags: [...flagTags], properties: {...properties}};
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
  return {...others, ...(tags && {tags: [...tags]}), ...(set && {set}), ...(remove && {remove: [...remove]})};
}
