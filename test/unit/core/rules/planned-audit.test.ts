import {describe, expect, it} from 'vitest';
import type {Definition} from '../../../../src/core/definition/definition.ts';
import type {Policy} from '../../../../src/core/policy.ts';
import {readStamp} from '../../../../src/core/image/stamp.ts';
import type {PlannedFinding} from '../../../../src/core/rules/audited.ts';
import {auditAfter, auditDefinitions, auditPlanned} from '../../../../src/core/rules/planned-audit.ts';
import {builtInProfile} from '../../../../src/core/rules/profile.ts';
import {World, definition} from '../plan/plan-world.ts';

const PROFILE = {...builtInProfile('openstack'), deciding: ['openstack'] as const};

function judge(world: World, wanted: Definition, flags: Partial<Policy> = {}) {
  const own = world.images.flatMap((image) => {
    const stamp = readStamp(image);
    return stamp ? [{image, stamp}] : [];
  });
  const input = {own, plans: [world.plan(wanted, flags)], profile: PROFILE, now: world.now.getTime()};
  return {findings: auditPlanned(input), after: auditAfter(input)};
}

/** `live openstack/hw_rng_model manage`, of findings that decide. */
function said(findings: readonly PlannedFinding[]): readonly string[] {
  return findings.filter(({decides}) => decides).map(({of, rule, by}) => `${of} ${rule} ${by}`);
}

const GOOD = definition(['1']);
const BAD = definition(['1'], {meta: {...GOOD.meta, hw_rng_model: 'none'}});

function published(wanted: Definition): World {
  const world = new World();
  world.manage(wanted);
  return world;
}

describe('the audit of a plan', () => {
  it('finds nothing where nothing is wrong and nothing changes', () => {
    const {findings, after} = judge(published(GOOD), GOOD);
    expect([said(findings), said(after)]).toEqual([[], []]);
  });

  it('finds what a live image has, and says that manage mends it where the plan does', () => {
    const {findings, after} = judge(published(BAD), GOOD);
    expect([said(findings), said(after)]).toEqual([['live openstack/hw_rng_model manage'], []]);
  });

  it('finds what a live image keeps, once', () => {
    const {findings, after} = judge(published(BAD), BAD);
    expect(said(findings)).toEqual(['live openstack/hw_rng_model you']);
    expect(said(after)).toEqual(['live openstack/hw_rng_model you']);
  });

  it('finds what an image will have that the plan changes', () => {
    const {findings, after} = judge(published(GOOD), BAD);
    expect(said(findings)).toEqual(['planned openstack/hw_rng_model you']);
    expect(said(after)).toEqual(['planned openstack/hw_rng_model you']);
  });

  it('finds what an image will have that the plan makes', () => {
    const {findings, after} = judge(new World(), BAD);
    expect(said(findings)).toEqual(['planned openstack/hw_rng_model you']);
    expect(said(after)).toEqual(said(findings));
  });

  it('judges what manage leaves behind: the same findings as those of the images when it is done', () => {
    const world = published(BAD);
    const wanted = definition(['1', '2'], {meta: {...GOOD.meta, hw_vif_model: 'none'}});
    const planned = judge(world, wanted);
    world.manage(wanted);
    const rules = (findings: readonly PlannedFinding[]): readonly string[] =>
      findings
        .filter(({decides}) => decides)
        .map(({rule, subject}) => `${rule} ${subject}`)
        .sort();
    expect(rules(planned.after)).toEqual(rules(judge(world, wanted).after));
    expect(rules(planned.after)).toEqual(['openstack/hw_rng_model X (1)', 'openstack/hw_vif_model X']);
  });

  it('does not judge what the plan deletes as left behind', () => {
    const none = {uuid_validity: 'last-1'};
    const world = new World();
    world.manage(definition(['1'], {meta: {...GOOD.meta, ...none, hw_rng_model: 'none'}}));
    world.manage(definition(['2'], {meta: {...GOOD.meta, ...none}}));
    const wanted = definition(['2'], {meta: {...GOOD.meta, ...none}});
    const {findings, after} = judge(world, wanted, {delete: true, yes: true});
    expect(said(findings)).toEqual(['live openstack/hw_rng_model manage']);
    expect(said(after)).toEqual([]);
  });

  it('leaves images of definitions out that are not planned', () => {
    const world = published(BAD);
    const other = definition([], {name: 'Other'});
    expect(said(judge(world, other).findings)).toEqual([]);
  });
});

describe('the audit of definitions', () => {
  it('finds what a definition has wrong, at the place of its name', () => {
    const found = auditDefinitions([BAD], {profile: PROFILE, now: 0}).filter(({decides}) => decides);
    expect(said(found)).toEqual(['definition openstack/hw_rng_model you']);
    expect(found[0]?.place).toEqual(BAD.place);
  });
});
