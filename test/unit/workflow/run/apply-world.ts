import type {Definition} from '../../../../src/core/definition/definition.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import type {DefinitionPlan, Sharing} from '../../../../src/core/plan/plan.ts';
import {planDefinition} from '../../../../src/core/plan/plan-definition.ts';
import type {Policy} from '../../../../src/core/policy.ts';
import {releaseOf} from '../../../../src/core/release/release.ts';
import type {ImgmgrError} from '../../../../src/errors.ts';
import type {TestServerHost} from '../../../../src/ports/test-server-host.ts';
import {applyPlan} from '../../../../src/workflow/run/apply-plan.ts';
import type {ApplyContext} from '../../../../src/workflow/run/perform-action.ts';
import {ImageCounts} from '../../../../src/workflow/run/image-counts.ts';
import {viewOf} from '../../../../src/workflow/run/observe.ts';
import {imageServers} from '../../../fakes/image-servers.ts';
import {MemorySharing} from '../../../fakes/image-sharing.ts';
import {acquireWorld} from '../acquire/acquire-world.ts';

/** One cloud in memory, with these images, whose plans are made and carried out; every version's bytes are its number. */
export function applyWorld(policy: Partial<Policy> = {}, images: ReadonlyMap<string, Image> = new Map()) {
  const world = acquireWorld({policy: {verify: false, ...policy}, pid: images.size + 1});
  const {store, source, clock, events, context: acquire} = world;
  for (const version of ['1', '2', '3', '4', '5']) {
    const url = `https://example.test/${version}.qcow2`;
    source.files.set(url, Buffer.from(version));
    store.web.set(url, Buffer.from(version));
  }
  for (const [id, image] of images) store.images.set(id, image);
  const errors: ImgmgrError[] = [];
  const used = new Set<string>();
  const servers = imageServers(used);
  const sharing = new MemorySharing();
  const imageCounts = new ImageCounts();
  const context: ApplyContext = {
    acquire,
    ports: {store, servers, sharing, tests: {} as TestServerHost},
    imageCounts,
    errors,
    assertMayWrite: () => undefined,
    publishObstacle: () => Promise.resolve(undefined),
  };
  const plan = (definition: Definition, shared?: Sharing): DefinitionPlan =>
    planDefinition({
      definition,
      releases: definition.versions.map(releaseOf),
      images: viewOf([...store.images.values()], 'p', store.now()).own,
      others: [],
      projectId: 'p',
      policy: acquire.options.policy,
      now: store.now(),
      liveRuns: new Set(),
      adHoc: false,
      ...(shared && {sharing: shared}),
    });
  const apply = (planned: DefinitionPlan, change: Partial<ApplyContext> = {}): Promise<void> => {
    store.calls.length = 0;
    events.length = 0;
    world.actionIds.length = 0;
    return clock.run(applyPlan({...context, ...change}, planned));
  };
  return {
    ...world,
    used,
    errors,
    plan,
    apply,
    sharing,
    /** Plans and does it. */
    manage: (definition: Definition) => apply(plan(definition)),
    counts: () => Object.fromEntries(Object.entries(imageCounts.counts()).filter(([, count]) => count > 0)),
    /** What became of the actions, in their order. */
    said: () =>
      events.flatMap((event) => {
        if (event.type === 'action-done' || event.type === 'action-failed')
          return [`${event.type.slice('action-'.length)} ${event.action.kind} ${event.action.version ?? ''}`];
        return event.type === 'decision' && event.message.includes('left out') ? [event.message] : [];
      }),
    named: (name: string): Image => {
      const found = [...store.images.values()].find((image) => image.name === name);
      if (!found) throw new Error(`no image is named ${name}`);
      return found;
    },
    /** `name state`, sorted. */
    show: () =>
      [...store.images.values()]
        .map(({name, properties}) => `${name ?? ''} ${properties['imgmgr_state'] ?? ''}`)
        .sort(),
  };
}
