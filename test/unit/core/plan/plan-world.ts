import type {Definition, Version} from '../../../../src/core/definition/definition.ts';
import type {FormContext} from '../../../../src/core/image/form.ts';
import type {Hold} from '../../../../src/core/hold.ts';
import {candidate, currentForm, formContext, publishPatch} from '../../../../src/core/image/form.ts';
import {applyPatch} from '../../../../src/core/image/patch.ts';
import type {Image, NewImage} from '../../../../src/core/image/image.ts';
import {planDefinition} from '../../../../src/core/plan/plan-definition.ts';
import type {Action, DefinitionPlan, Sharing, Target} from '../../../../src/core/plan/plan.ts';
import type {RevocationRequest} from '../../../../src/core/plan/revocation.ts';
import {planRevocation} from '../../../../src/core/plan/revocation.ts';
import {releasesThere} from '../../../../src/core/release/releases-there.ts';
import type {Policy} from '../../../../src/core/policy.ts';
import {bootHash, verdictProperties} from '../../../../src/core/verdict/record.ts';
import {imageFault} from '../../../../src/core/verdict/verdict.ts';
import {DEFAULT_POLICY} from '../../../../src/core/policy.ts';
import type {Release} from '../../../../src/core/release/release.ts';
import {releaseOf} from '../../../../src/core/release/release.ts';
import {readStamp} from '../../../../src/core/image/stamp.ts';

const PROJECT = 'p-ours';
const PLACE = {file: 'images/x.yml', line: 2, column: 5};
const META = {
  architecture: 'x86_64',
  os_distro: 'debian',
  os_purpose: 'generic',
  uuid_validity: 'last-3',
  hw_disk_bus: 'scsi',
};

export function version(text: string, extra: Partial<Version> = {}): Version {
  return {
    version: text,
    url: `https://example.test/${text}.qcow2`,
    buildDate: '2026-01-02',
    meta: {},
    place: PLACE,
    ...extra,
  };
}

/** `multi: true` (M) unless told otherwise, named X. */
export function definition(versions: readonly (string | Version)[], extra: Partial<Definition> = {}): Definition {
  return {
    name: 'X',
    enabled: true,
    format: 'qcow2',
    login: 'debian',
    minDiskGib: 2,
    minRamMib: 512,
    status: 'active',
    visibility: 'public',
    multi: true,
    separator: ' ',
    keep: false,
    protected: false,
    tags: ['amphora'],
    meta: META,
    versions: versions.map((v) => (typeof v === 'string' ? version(v) : v)),
    place: PLACE,
    ...extra,
  };
}

/** How a rollback goes. */
export interface Rollback {
  readonly to?: string;
  readonly isPublic?: boolean;
  readonly flags?: Partial<Policy>;
  readonly most?: number;
}

/** A cloud that does at once and without fault what plans say; the time moves on with every image made. */
export class World {
  images: Image[] = [];
  others: Image[] = [];
  readonly liveRuns = new Set<string>();
  /** Versions that fail their verification; every other one passes. */
  readonly bad = new Set<string>();
  #made = 0;
  now = new Date('2026-02-01T12:00:00Z');
  /** A hold that lasts, on every definition. */
  hold: Hold | undefined;

  plan(
    definitionToPlan: Definition,
    flags: Partial<Policy> = {},
    releases?: readonly Release[],
    sharing?: Sharing,
    revoking?: RevocationRequest,
  ): DefinitionPlan {
    const own = this.images.flatMap((image) => {
      const stamp = readStamp(image);
      return stamp?.definition === definitionToPlan.name ? [{image, stamp}] : [];
    });
    const policy = {...DEFAULT_POLICY, verify: false, ...flags};
    const rearranged = revoking && planRevocation({definition: definitionToPlan, images: own, policy}, revoking);
    const images = rearranged?.images ?? own;
    return planDefinition({
      definition: definitionToPlan,
      releases:
        releases ??
        (revoking
          ? releasesThere(definitionToPlan, images, this.now)
          : definitionToPlan.versions.map((each) => releaseOf(each))),
      images,
      ...(rearranged && {revocation: rearranged.revocation}),
      others: [...this.others, ...this.images],
      projectId: PROJECT,
      policy,
      now: this.now,
      liveRuns: this.liveRuns,
      adHoc: false,
      ...(sharing && {sharing}),
      ...(this.hold && {hold: this.hold}),
    });
  }

  /** Plans, does it, and returns what was done, one line an action. */
  manage(definitionToDo: Definition, flags: Partial<Policy> = {}, releases?: readonly Release[]): string[] {
    return this.#carryOut(definitionToDo, flags, this.plan(definitionToDo, flags, releases));
  }

  /** `rollback`, `rollback --to`; as {@link manage}. `most`: as if killed after so many actions. */
  rollback(definitionToDo: Definition, how: Rollback = {}): string[] {
    const {flags = {}, most, ...request} = how;
    const asked = {
      kind: 'rollback',
      date: '2026-02-01T12:00:00Z',
      reason: 'broken',
      isPublic: false,
      ...request,
    } as const;
    return this.#carryOut(definitionToDo, flags, this.plan(definitionToDo, flags, undefined, undefined, asked), most);
  }

  pull(definitionToDo: Definition, most?: number): string[] {
    const asked = {kind: 'pull', date: '2026-02-01T12:00:00Z', reason: 'broken', isPublic: false} as const;
    return this.#carryOut(definitionToDo, {}, this.plan(definitionToDo, {}, undefined, undefined, asked), most);
  }

  undo(definitionToDo: Definition, version: string, most?: number): string[] {
    const plan = this.plan(definitionToDo, {}, undefined, undefined, {kind: 'undo', version});
    return this.#carryOut(definitionToDo, {}, plan, most);
  }

  #carryOut(definitionToDo: Definition, flags: Partial<Policy>, whole: DefinitionPlan, most = Infinity): string[] {
    if (whole.error) throw whole.error;
    const plan = {...whole, actions: whole.actions.slice(0, most)};
    const acquired = new Map<string, string>();
    const unproven = new Set<Release>();
    for (const action of plan.actions) {
      if (action.kind === 'publish' && unproven.has(action.release)) break;
      if (action.kind === 'verify' && this.bad.has(action.release.version)) unproven.add(action.release);
      this.#apply({action, definition: definitionToDo, policy: {...DEFAULT_POLICY, verify: false, ...flags}, acquired});
    }
    return plan.actions.map(describe);
  }

  /** `name visibility [hidden] [deactivated] purpose version`, sorted. */
  show(): string[] {
    return this.images
      .map((image) =>
        [
          image.name,
          image.visibility,
          ...(image.osHidden ? ['hidden'] : []),
          ...(image.status === 'active' ? [] : [image.status]),
          image.properties['os_purpose'],
          image.properties['internal_version'],
        ].join(' | '),
      )
      .sort();
  }

  names(): string[] {
    return this.images.map((image) => image.name ?? '').sort();
  }

  named(name: string): Image {
    const found = this.images.find((image) => image.name === name);
    if (!found) throw new Error(`no image is named ${name}`);
    return found;
  }

  set(name: string, change: Partial<Image>): void {
    const image = this.named(name);
    this.images = this.images.map((other) => (other === image ? {...image, ...change} : other));
  }

  create(spec: NewImage, run = 'r0'): Image {
    this.#made++;
    const image: Image = {
      id: spec.id ?? `i${this.#made}`,
      name: spec.name,
      status: 'active',
      visibility: 'private',
      osHidden: spec.osHidden,
      protected: false,
      owner: PROJECT,
      tags: spec.tags,
      minDisk: spec.minDisk ?? 0,
      minRam: spec.minRam ?? 0,
      diskFormat: spec.diskFormat ?? null,
      containerFormat: 'bare',
      size: 1000,
      virtualSize: 1000,
      osHashAlgo: 'sha512',
      osHashValue: 'ab'.repeat(64),
      createdAt: new Date(this.now.getTime() + this.#made * 60_000).toISOString(),
      updatedAt: this.now.toISOString(),
      stores: ['file'],
      properties: {imgmgr_run: run, ...spec.properties},
    };
    this.images.push(image);
    return image;
  }

  #tick(): string {
    this.#made++;
    return new Date(this.now.getTime() + this.#made * 60_000).toISOString();
  }

  #apply(input: {action: Action; definition: Definition; policy: Policy; acquired: Map<string, string>}): void {
    const {action, acquired} = input;
    const {definition, policy} = input;
    const context = (release: Release): FormContext => formContext({definition, release, policy, adHoc: false});
    const patch = (id: string, change: (image: Image) => Image): void => {
      this.images = this.images.map((image) => (image.id === id ? {...change(image), updatedAt: this.#tick()} : image));
    };
    const target = (t: Target): string => ('image' in t ? t.image.id : (acquired.get(t.made) ?? 'none'));
    switch (action.kind) {
      case 'acquire':
        acquired.set(action.id, this.create(candidate(context(action.release), 'r1', 1000)).id);
        if (!input.policy.publish || this.hold)
          patch(acquired.get(action.id) ?? '', (image) => applyPatch(image, {set: {imgmgr_state: 'ready'}}));
        return;
      case 'resume':
        acquired.set(action.id, action.image.id);
        return;
      case 'verify': {
        const failed = this.bad.has(action.release.version);
        const verdict = failed
          ? imageFault('kernel-panic', 'no report')
          : {...imageFault('passed', 'all is well'), kind: 'pass' as const};
        const boot = bootHash(currentForm(context(action.release)));
        const set = verdictProperties(verdict, {run: 'r1', at: this.now, boot});
        patch(target(action.target), (live) =>
          applyPatch(live, {
            set: {
              ...set,
              ...(failed && {imgmgr_state: 'quarantined'}),
              ...((!policy.publish || this.hold) && !failed && {imgmgr_state: 'ready'}),
            },
          }),
        );
        return;
      }
      case 'publish':
        patch(target(action.target), (live) =>
          applyPatch(
            live,
            publishPatch({
              live,
              form: action.form,
              state: action.as,
              run: 'r1',
              ...(action.release.digest && {digest: action.release.digest}),
            }),
          ),
        );
        return;
      case 'adopt':
        patch(action.image.id, (live) => applyPatch(live, action.patch));
        this.images.push(
          ...this.others
            .filter((image) => image.id === action.image.id)
            .map((image) => applyPatch(image, action.patch)),
        );
        this.others = this.others.filter((image) => image.id !== action.image.id);
        return;
      case 'retire':
      case 'revoke':
      case 'lift':
      case 'update':
      case 'hide':
        patch(action.image.id, (live) => applyPatch(live, action.patch));
        return;
      case 'deactivate':
      case 'reactivate':
        patch(target(action.target), (live) => ({
          ...applyPatch(live, action.patch ?? {}),
          status: action.kind === 'deactivate' ? 'deactivated' : 'active',
        }));
        return;
      case 'share':
        return;
      case 'copy':
        patch(action.image.id, (live) => ({...live, stores: [...live.stores, ...action.stores]}));
        return;
      case 'remove':
      case 'delete':
        this.images = this.images.filter((image) => image.id !== action.image.id);
    }
  }
}

function describe({summary}: Action): string {
  return [summary.kind, summary.version ?? '', ...(summary.newName === undefined ? [] : [`→ ${summary.newName}`])].join(
    ' ',
  );
}
