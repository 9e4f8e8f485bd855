import {describe, expect, test} from 'vitest';
import {builtInProfile} from '../../../../src/core/rules/profile.ts';
import type {ProfileName} from '../../../../src/core/rules/rule-text.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import type {Subject} from '../../../../src/core/rules/subject.ts';
import type {Changes} from './subjects.ts';
import {DAY, GIB, NOW, daysAgo, definition, findings, judged, live, subjectsOf} from './subjects.ts';

/** A row about one image: what is changed, and what we say; under scs-v1 unless another profile is named. */
interface Row {
  readonly row: string;
  readonly image?: Partial<Image>;
  readonly properties?: Changes;
  readonly expected: readonly string[];
  readonly profile?: ProfileName;
  /** The same fault in a definition; absent: none can have it. `schema`: it is an error of the file before any rule. */
  readonly written?: Parameters<typeof definition>[0] | 'as the properties' | 'schema';
}

const E = (rule: string): string => `error ${rule}`;
const W = (rule: string): string => `warning ${rule}`;
const SAME = 'as the properties' as const;

const property = (key: string, value: unknown): Pick<Row, 'properties'> => ({properties: {[key]: value}});

const ROWS: readonly Row[] = [
  {row: '1 nothing', expected: [], written: {}},
  {
    row: '2 architecture missing',
    ...property('architecture', undefined),
    expected: [E('scs-0102/architecture')],
    written: SAME,
  },
  {row: "2 architecture ''", ...property('architecture', ''), expected: [E('scs-0102/architecture')], written: SAME},
  ...['amd64', 'arm64', 'riscv64'].map((value) => ({
    row: `2, 4 architecture ${value}`,
    ...property('architecture', value),
    expected: [E('scs-0102/architecture'), W('openstack/architecture')],
    written: SAME,
  })),
  {
    row: '5 architecture risc-v',
    ...property('architecture', 'risc-v'),
    expected: [W('openstack/architecture')],
    written: SAME,
  },
  {row: '5 mirror: aarch64', ...property('architecture', 'aarch64'), expected: [], written: SAME},
  {
    row: '7 min_disk 1, size 1 GiB exactly',
    image: {minDisk: 1, size: GIB, virtualSize: GIB},
    expected: [],
  },
  {
    row: '8 min_disk 1, size 1 GiB + 1 byte',
    image: {minDisk: 1, size: GIB + 1, virtualSize: GIB},
    expected: [E('scs-0102/min_disk')],
  },
  {
    row: '8 mirror: min_disk 0',
    image: {minDisk: 0, virtualSize: null},
    expected: [E('scs-0102/min_disk')],
    written: {fields: {min_disk: '0'}},
  },
  {
    row: '8 mirror: virtual size above min_disk',
    image: {minDisk: 8, virtualSize: 8 * GIB + 1},
    expected: [E('imgmgr/min-disk-below-virtual-size')],
  },
  {
    row: '10 queued, size null',
    image: {status: 'queued', size: null, virtualSize: null, osHashAlgo: null},
    expected: [E('imgmgr/public-not-active'), W('scs-0102/os_hash_algo')],
  },
  {
    row: '10 mirror: queued, but private',
    image: {status: 'queued', size: null, visibility: 'private'},
    expected: [E('scs-0104/presence')],
  },
  {row: '10 mirror: deactivated', image: {status: 'deactivated'}, expected: []},
  {
    row: '11 min_ram 63',
    image: {minRam: 63},
    expected: [W('scs-0102/min_ram-low')],
    written: {fields: {min_ram: '63'}},
  },
  {row: '11 mirror: min_ram 64', image: {minRam: 64}, expected: [], written: {fields: {min_ram: '64'}}},
  {
    row: '11 mirror: min_ram 0',
    image: {minRam: 0},
    expected: [E('scs-0102/min_ram')],
    written: {fields: {min_ram: '0'}},
  },
  ...['os_version', 'os_distro'].flatMap((key) =>
    [undefined, ''].map((value) => ({
      row: `13 ${key} ${String(value)}`,
      ...property(key, value),
      expected: [E(`scs-0102/${key}`)],
      written: SAME,
    })),
  ),
  {
    row: '13 image_original_user missing',
    ...property('image_original_user', undefined),
    expected: [E('scs-0102/image_original_user')],
  },
  {
    row: "13 image_original_user ''",
    ...property('image_original_user', ''),
    expected: [E('scs-0102/image_original_user')],
    written: {fields: {login: '""'}},
  },
  {
    row: '13 image_description missing',
    ...property('image_description', undefined),
    expected: [E('scs-0102/image_description')],
  },
  {row: "13 image_description ''", ...property('image_description', ''), expected: [E('scs-0102/image_description')]},
  ...['Ubuntu', 'org.ubuntu', 'canonical', 'ubuntu ', 'UBUNTU', 'ubuntù'].map((value) => ({
    row: `14 os_distro ${value}`,
    ...property('os_distro', value),
    expected: [E('openstack/os_distro')],
    written: SAME,
  })),
  {row: '14 mirror: os_distro almalinux', ...property('os_distro', 'almalinux'), expected: [], written: SAME},
  {
    row: '16 os_purpose missing, v1',
    ...property('os_purpose', undefined),
    expected: [W('scs-0102/os_purpose')],
    written: SAME,
  },
  {
    row: '16 os_purpose missing, v2',
    ...property('os_purpose', undefined),
    profile: 'scs-v2',
    expected: [E('scs-0102/os_purpose'), E('scs-0104/presence-v2')],
    written: SAME,
  },
  ...['general', 'Generic', 'generic ', 'oldgeneriс'].map((value) => ({
    row: `17 os_purpose ${value}`,
    ...property('os_purpose', value),
    expected: [E('scs-0102/os_purpose-value')],
    written: SAME,
  })),
  {row: '17 mirror: os_purpose oldgeneric', ...property('os_purpose', 'oldgeneric'), expected: [], written: SAME},
  {
    row: '19 hw_disk_bus missing',
    ...property('hw_disk_bus', undefined),
    expected: [E('scs-0102/hw_disk_bus')],
    written: SAME,
  },
  {row: "19 hw_disk_bus ''", ...property('hw_disk_bus', ''), expected: [E('scs-0102/hw_disk_bus')], written: SAME},
  ...['ide', 'sata', 'usb'].map((value) => ({
    row: `20 hw_disk_bus ${value}`,
    ...property('hw_disk_bus', value),
    expected: [E('scs-0102/hw_disk_bus')],
    written: SAME,
  })),
  {
    row: '20 mirror: virtio',
    properties: {hw_disk_bus: 'virtio', hw_scsi_model: undefined},
    expected: [],
    written: SAME,
  },
  {
    row: '20 mirror: scsi without a model',
    ...property('hw_scsi_model', undefined),
    expected: [W('scs-0102/hw_scsi_model')],
    written: SAME,
  },
  {row: '22 hypervisor_type missing', ...property('hypervisor_type', undefined), expected: [], written: SAME},
  {row: '23 hypervisor_type kvm', ...property('hypervisor_type', 'kvm'), expected: [], written: SAME},
  ...['hyper-v', 'esxi'].map((value) => ({
    row: `25 hypervisor_type ${value}`,
    ...property('hypervisor_type', value),
    expected: [W('openstack/hypervisor_type')],
    written: SAME,
  })),
  ...['hypervisor_type', 'hw_rng_model'].map((key) => ({
    row: `26 ${key} ''`,
    ...property(key, ''),
    expected: [E('scs-0102/empty-property')],
  })),
  {
    row: '28 image_build_date missing',
    ...property('image_build_date', undefined),
    expected: [E('scs-0102/image_build_date')],
    written: {version: {build_date: undefined}},
  },
  ...['', '20240105', '2024-02-30', '2024-01-05T10:00', ' 2024-01-05', '2024-01-05 ', '٢٠٢٤-٠١-٠٥', '1970-01-01'].map(
    (value) => ({
      row: `28 image_build_date ${JSON.stringify(value)}`,
      ...property('image_build_date', value),
      expected: [E('scs-0102/image_build_date')],
      ...(value !== '' && value !== '1970-01-01' && !value.startsWith('2024-01-05') && {written: 'schema' as const}),
    }),
  ),
  ...[`${daysAgo(3)}T10:00:00Z`, '2026-11-5 10:00:00'].map((value) => ({
    row: `29 image_build_date ${value}`,
    ...property('image_build_date', value),
    expected: [W('scs-0102/image_build_date-form')],
  })),
  {
    row: '31 image_build_date after created_at',
    ...property('image_build_date', `${daysAgo(0)} 00:00`),
    image: {createdAt: new Date(NOW - DAY).toISOString()},
    expected: [E('scs-0102/image_build_date-after-creation')],
  },
  {row: '31 mirror: the day of the registration', ...property('image_build_date', daysAgo(1)), expected: []},
  {
    row: '32 image_build_date tomorrow',
    ...property('image_build_date', daysAgo(-1)),
    expected: [E('scs-0102/image_build_date-after-creation'), E('scs-0102/image_build_date-future')],
  },
  {
    row: '34 private under a standard name',
    ...property('image_source', 'private'),
    expected: [E('scs-0104/source')],
    written: {version: {source: 'private'}},
  },
  {
    row: '34 mirror: private under another name',
    image: {name: 'Ours'},
    properties: {image_source: 'private', os_version: '23.10'},
    expected: [E('scs-0104/presence')],
    written: {fields: {name: 'Ours'}, meta: {os_version: '23.10'}, version: {source: 'private'}},
  },
  ...['Private', 'HTTPS://cloud-images.ubuntu.com/noble/x', 'file:///x', 's3://b/x', ''].map((value) => ({
    row: `35 image_source ${JSON.stringify(value)}`,
    ...property('image_source', value),
    expected: [E('scs-0102/image_source'), E('scs-0104/source')],
    ...(['file:///x'].includes(value) && {written: {version: {source: 'file:///x'}}}),
    ...(['HTTPS://cloud-images.ubuntu.com/noble/x'].includes(value) && {written: {version: {url: value}}}),
    ...(['Private', 's3://b/x'].includes(value) && {written: 'schema' as const}),
  })),
  ...[undefined, 'Monthly', 'biweekly', '', 'monthly '].map((value) => ({
    row: `37 replace_frequency ${String(value)}`,
    ...property('replace_frequency', value),
    expected: [E('scs-0102/replace_frequency')],
    written: SAME,
  })),
  {
    row: '38 provided_until missing',
    ...property('provided_until', undefined),
    expected: [E('scs-0102/provided_until')],
    written: SAME,
  },
  ...['forever', 'last-3', 'soon'].flatMap((value) => [
    {
      row: `40 provided_until ${value}, fresh`,
      ...property('provided_until', value),
      expected: [E('scs-0102/provided_until-value')],
      written: SAME,
    },
    {
      row: `40 provided_until ${value}, 60 days old`,
      properties: {provided_until: value, image_build_date: daysAgo(60)},
      expected: [E('scs-0102/provided_until-value'), E('scs-0102/recency')],
      written: {meta: {provided_until: value}, version: {build_date: daysAgo(60)}},
    },
  ]),
  ...['none', 'notice', '2026-11-01'].map((value) => ({
    row: `41 provided_until ${value}, 60 days old`,
    properties: {provided_until: value, image_build_date: daysAgo(60)},
    expected: [],
    written: {meta: {provided_until: value}, version: {build_date: daysAgo(60)}},
  })),
  {
    row: '43 registered yesterday, built 60 days ago',
    ...property('image_build_date', daysAgo(60)),
    expected: [E('scs-0102/recency')],
    written: {version: {build_date: daysAgo(60)}},
  },
  {
    row: '46 uuid_validity missing',
    ...property('uuid_validity', undefined),
    expected: [E('scs-0102/uuid_validity')],
    written: SAME,
  },
  ...['last-', 'last-x', 'last--1', 'keep', 'Forever', 'last-٣', 'last-3 ', '2029-13-01'].map((value) => ({
    row: `47, 49 uuid_validity ${value}`,
    ...property('uuid_validity', value),
    expected: [E('scs-0102/uuid_validity-value')],
    written: 'schema' as const,
  })),
  {
    row: "47 uuid_validity ''",
    ...property('uuid_validity', ''),
    expected: [E('scs-0102/uuid_validity')],
    written: SAME,
  },
  {
    row: '49 uuid_validity 1970-01-01',
    ...property('uuid_validity', '1970-01-01'),
    expected: [E('scs-0102/uuid_validity-value'), W('scs-0102/uuid_validity-past')],
    written: SAME,
  },
  {
    row: '50 uuid_validity yesterday',
    ...property('uuid_validity', daysAgo(1)),
    expected: [W('scs-0102/uuid_validity-past')],
    written: SAME,
  },
  {row: '50 mirror: uuid_validity today', ...property('uuid_validity', daysAgo(0)), expected: [], written: SAME},
  {
    row: '52 license_included and license_required',
    properties: {license_included: 'true', license_required: 'true'},
    expected: [E('scs-0102/license')],
    written: SAME,
  },
  {
    row: '52 mirror: one of them',
    properties: {license_included: 'true', license_required: 'false'},
    expected: [],
    written: SAME,
  },
  {row: '52 mirror: yes', properties: {license_included: 'yes'}, expected: [W('scs-0102/truth-value')]},
  {
    row: '53 maintained_until 2029',
    ...property('maintained_until', '2029'),
    expected: [W('scs-0102/maintained_until')],
    written: 'schema',
  },
  {
    row: '53 l1_support_contact',
    ...property('l1_support_contact', 'call us'),
    expected: [W('scs-0102/l1_support_contact')],
    written: SAME,
  },
  {row: '53 mirror: a URI', ...property('l1_support_contact', 'mailto:help@example.org'), expected: [], written: SAME},
  {
    row: 'hotfix_hours 48 h',
    ...property('hotfix_hours', '48 h'),
    expected: [W('scs-0102/hotfix_hours')],
    written: SAME,
  },
  {
    row: 'hotfix_hours in other digits',
    ...property('hotfix_hours', '٤٨'),
    expected: [W('scs-0102/hotfix_hours')],
    written: SAME,
  },
  {
    row: 'os_version noble',
    ...property('os_version', 'noble'),
    expected: [W('scs-0102/os_version-number')],
    written: SAME,
  },
  {row: 'trait', ...property('trait:HW_CPU_X86_AVX2', 'yes'), expected: [W('scs-0102/trait')]},
  {row: 'end of life', ...property('maintained_until', daysAgo(1)), expected: [W('imgmgr/end-of-life')], written: SAME},
  {row: 'end of life, mirror: today', ...property('maintained_until', daysAgo(0)), expected: [], written: SAME},
  {row: 'near miss', ...property('os_distor', 'x'), expected: [W('imgmgr/property-near-miss')], written: SAME},
  {row: 'near miss, mirror: our own', ...property('example_owner', 'x'), expected: [], written: SAME},
  ...[
    ['hw_disk_bus', 'nvme', [E('openstack/hw_disk_bus'), E('scs-0102/hw_disk_bus')]],
    ['hw_scsi_model', 'virtio', [E('openstack/hw_scsi_model')]],
    ['hw_rng_model', 'random', [E('openstack/hw_rng_model'), W('scs-0102/hw_rng_model')]],
    ['hw_firmware_type', 'UEFI', [E('openstack/hw_firmware_type')]],
    ['os_secure_boot', 'true', [E('openstack/os_secure_boot')]],
    ['hw_watchdog_action', 'reboot', [E('openstack/hw_watchdog_action')]],
    ['hw_vif_model', 'e100', [W('openstack/hw_vif_model')]],
    ['hw_video_model', 'VGA', [E('openstack/hw_video_model')]],
    ['hw_mem_encryption_model', 'sev', [E('openstack/hw_mem_encryption_model')]],
    ['hw_qemu_guest_agent', 'on', [W('openstack/hw_qemu_guest_agent')]],
    ['img_config_drive', 'yes', [E('openstack/img_config_drive')]],
    ['os_type', 'Linux', [E('openstack/os_type')]],
    ['hw_pmu', 'yes', [W('openstack/truth-value')]],
    ['hw_video_ram', '64M', [E('openstack/whole-number')]],
    ['hypervisor_type', 'Qemu', [W('openstack/hypervisor_type'), W('scs-0102/hypervisor_type-value')]],
  ].map(([key, value, expected]) => ({
    row: `${String(key)} ${String(value)}`,
    ...property(String(key), value),
    expected: expected as readonly string[],
    written: SAME,
  })),
];

const asText = (properties: Changes): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [
      key,
      typeof value === 'string'
        ? JSON.stringify(value).replace(/^"([\s\S]*)"$/, (_, inner: string) => `'${inner}'`)
        : undefined,
    ]),
  );

describe('one image, as section 5 of the facts and its mirror images have it', () => {
  test.each(ROWS)('live: $row', ({image = {}, properties = {}, expected, profile}) => {
    const options = profile === undefined ? {} : {profile: builtInProfile(profile)};
    expect(judged([live(image, properties)], options).filter(notAside(expected))).toEqual([...expected].sort());
  });

  test.each(ROWS.filter(({written}) => written !== undefined))(
    'in a definition: $row',
    ({written, properties = {}, expected, profile}) => {
      const changed = written === SAME || written === 'schema' ? {meta: asText(properties)} : (written ?? {});
      const asVersion =
        written === 'schema' && Object.keys(properties).some((key) => key.startsWith('image_'))
          ? {
              version: {
                build_date: asText(properties)['image_build_date'] ?? daysAgo(2),
                source: asText(properties)['image_source'],
              },
            }
          : changed;
      const {subjects, problems} = subjectsOf(definition(asVersion));
      if (written === 'schema') {
        expect(problems).toHaveLength(1);
        return;
      }
      expect(problems).toEqual([]);
      const options = profile === undefined ? {} : {profile: builtInProfile(profile)};
      expect(judged(subjects, options).filter(notAside(expected))).toEqual([...expected].sort());
    },
  );
});

/** Under scs-v2 another Ubuntu is due; that is a matter of its own test. */
function notAside(expected: readonly string[]): (finding: string) => boolean {
  return (finding) => expected.includes(finding) || finding !== E('scs-0104/presence-v2');
}

describe('several images', () => {
  const other = (changes: Partial<Image>, properties: Changes = {}): Subject =>
    live({id: 'bbbbbbbb-0000-4000-8000-000000000002', ...changes}, properties);
  const dated = {name: 'Ubuntu 24.04 20260901'};
  const old = {image_build_date: daysAgo(60)};
  const created = {createdAt: new Date(NOW - 59 * DAY).toISOString()};

  test('row 55: the old one still generic, public and visible: W under v1, E under v2', () => {
    const both = [live(), other({...dated, ...created}, old)];
    expect(judged(both)).toEqual([W('scs-0102/generic-unique'), W('scs-0102/generic-unique')]);
    expect(judged(both, {profile: builtInProfile('scs-v2')})).toContain(E('scs-0102/generic-unique'));
  });

  test('row 55, mirror: the old one is oldgeneric', () => {
    expect(judged([live(), other({...dated, ...created}, {...old, os_purpose: 'oldgeneric'})])).toEqual([]);
  });

  test.each([
    ['two blanks before the last word', 'Ubuntu 24.04  20260901', {}, {}, []],
    ['its promise over', 'Ubuntu 24.04 20260901', {...created}, {...old, provided_until: daysAgo(1)}, []],
    ['no promise', 'Ubuntu 24.04 20260901', {...created}, {...old, provided_until: 'none'}, []],
    ['a promise', 'Ubuntu 24.04 20260901', {...created}, old, [E('scs-0102/recency'), E('scs-0102/recency')]],
  ])('as the official test: an old image is replaced by one with %s', (_what, name, changes, properties, expected) => {
    const superseded = other({name, ...created}, {...old, os_purpose: 'oldgeneric'});
    const found = judged([live(changes, properties), superseded]);
    expect(found.filter((finding) => finding === E('scs-0102/recency'))).toEqual(expected);
  });

  test('row 56: the old one generic, but community', () => {
    expect(judged([live(), other({...dated, ...created, visibility: 'community'}, old)])).toEqual([
      W('scs-0102/generic-community'),
    ]);
  });

  test('row 58: the old one has no blank before its date', () => {
    const named = other({name: 'Ubuntu 24.04-20260901', ...created}, {...old, os_purpose: 'oldgeneric'});
    const [finding] = findings([live(), named]).filter(({severity}) => severity === 'error');
    expect(finding).toMatchObject({rule: 'scs-0102/recency', subject: 'Ubuntu 24.04-20260901', by: 'update'});
    expect(finding?.message).toContain('no image "Ubuntu" replaces it');
  });

  test('row 59: a dated one with a fresh replacement passes, with none or an outdated one it fails', () => {
    const superseded = other({...dated, ...created}, {...old, os_purpose: 'oldgeneric'});
    expect(judged([live(), superseded])).toEqual([]);
    expect(judged([superseded])).toEqual([E('scs-0102/recency'), E('scs-0104/presence')]);
    expect(judged([live(created, old), superseded])).toEqual([E('scs-0102/recency'), E('scs-0102/recency')]);
    expect(judged([live({visibility: 'private'}), superseded])).toContain(E('scs-0102/recency'));
  });

  test('row 61: the old one hidden, with the same name and generic', () => {
    expect(judged([live(), other({...created, osHidden: true}, old)])).toEqual([]);
  });

  test('row 62: two generic ones of two architectures', () => {
    expect(judged([live(), other({name: 'Ubuntu 24.04 arm'}, {architecture: 'aarch64'})])).toEqual([]);
  });

  test('row 64: from a mirror, without the slash, and the image for Cluster API from elsewhere', () => {
    for (const image_source of [
      'https://mirror.example.org/noble/x.img',
      'https://cloud-images.ubuntu.com/noble',
      'http://cloud-images.ubuntu.com/noble/x',
      'https://cloud-images.ubuntu.com/minimal/releases/noble/x',
    ])
      expect(judged([live({}, {image_source})])).toEqual([E('scs-0104/source')]);
    const capi = {os_purpose: 'k8snode', image_source: 'https://example.org/x'};
    expect(judged([live(), other({name: 'ubuntu-capi-image-v1.33'}, capi)])).toEqual([E('scs-0104/source')]);
    expect(judged([live(), other({name: 'ubuntu-capi-image v1.33.4 (20260101)'}, capi)])).toEqual([
      E('scs-0104/source'),
    ]);
    expect(judged([live(), other({name: 'ubuntu-capi-image-v10.1'}, capi)])).toEqual([]);
    expect(judged([live(), other({...dated}, {...capi, os_purpose: 'custom'})])).toEqual([]);
  });

  test('row 64 in definitions: the mirror is for the bytes alone', () => {
    const mirrored = {version: {mirror_url: 'https://mirror.example.org/x.img'}};
    expect(judged(subjectsOf(definition(mirrored)).subjects)).toEqual([]);
    expect(judged(subjectsOf(definition({version: {url: 'https://mirror.example.org/x.img'}})).subjects)).toEqual([
      E('scs-0104/source'),
    ]);
  });

  test('row 65: only an image "ubuntu 24.04", in a cloud, in all definitions, and in one file of them', () => {
    const near = live({name: 'ubuntu 24.04'});
    expect(judged([near])).toEqual([E('scs-0104/presence')]);
    const written = subjectsOf(definition({fields: {name: 'ubuntu 24.04'}})).subjects;
    expect(judged(written)).toEqual([E('scs-0104/presence')]);
    expect(judged(written, {whole: false})).toEqual([E('scs-0104/presence')]);
    expect(findings(written).find(({rule}) => rule === 'scs-0104/presence')?.place?.line).toBe(2);
    expect(judged([], {whole: false})).toEqual([]);
    expect(judged([])).toEqual([E('scs-0104/presence')]);
  });

  test('two that are offered have one name', () => {
    expect(judged([live(), other({}, {os_purpose: 'custom'})])).toEqual([
      W('imgmgr/duplicate-name'),
      W('imgmgr/duplicate-name'),
    ]);
    expect(judged([live(), other({osHidden: true}, {os_purpose: 'custom'})])).toEqual([]);
  });

  test('one that is offered has no name', () => {
    expect(judged([live(), other({name: null}, {os_purpose: 'custom'})])).toEqual([E('imgmgr/no-name')]);
  });

  test('superseded versions of a definition are judged in their retired form', () => {
    const two = definition({
      after: `      - {version: '20260901', url: 'https://cloud-images.ubuntu.com/noble/x', build_date: ${daysAgo(80)}}`,
    });
    const {subjects} = subjectsOf(two);
    expect(subjects.map(({name}) => name)).toEqual(['Ubuntu 24.04 (20260901)', 'Ubuntu 24.04']);
    expect(judged(subjects)).toEqual([]);
  });
});

describe('row 44: how old an image may be', () => {
  const aged = (days: number, frequency: string): string[] =>
    judged([
      live(
        {createdAt: new Date(NOW).toISOString()},
        {
          replace_frequency: frequency,
          image_build_date: new Date(NOW - days * DAY).toISOString().slice(0, 19).replace('T', ' '),
        },
      ),
    ]);

  test.each([
    ['daily', 1, 1.1458, 1.147],
    ['weekly', 7, 8.02, 8.022],
    ['monthly', 31, 34.099, 34.101],
    ['quarterly', 92, 101.19, 101.21],
    ['yearly', 365, 401.49, 401.51],
  ])('%s: overdue from %d days, outdated after %d', (frequency, due, before, after) => {
    expect(aged(due - 0.001, frequency)).toEqual([]);
    expect(aged(due, frequency)).toEqual([W('scs-0102/recency-overdue')]);
    expect(aged(before, frequency)).toEqual([W('scs-0102/recency-overdue')]);
    expect(aged(after, frequency)).toEqual([E('scs-0102/recency')]);
  });

  test.each(['critical_bug', 'never'])('%s: never', (frequency) => {
    expect(aged(3000, frequency)).toEqual([]);
  });

  test('the registration counts where the date of the build cannot be read', () => {
    expect(judged([live({createdAt: new Date(NOW - 60 * DAY).toISOString()}, {image_build_date: 'x'})])).toEqual([
      E('scs-0102/image_build_date'),
      E('scs-0102/recency'),
    ]);
  });
});

describe('hostile values', () => {
  test.each([1, true, ['x'], {a: 1}, Number.NaN])('a property that is no text is a wrong value: %j', (value) => {
    expect(judged([live({}, {architecture: value, os_purpose: value, replace_frequency: value})])).toEqual(
      expect.arrayContaining([
        E('scs-0102/architecture'),
        E('scs-0102/os_purpose-value'),
        E('scs-0102/replace_frequency'),
      ]),
    );
  });

  test.each([null, undefined])('%j is no value', (value) => {
    expect(judged([live({}, {architecture: value})])).toEqual([E('scs-0102/architecture')]);
  });

  test.each(['__proto__', 'constructor', 'toString', 'x'.repeat(255), '\u0000', '２０２６-01-01', 'a'.repeat(65_535)])(
    '%j under every key',
    (value) => {
      const keys = [
        'architecture',
        'os_distro',
        'os_purpose',
        'replace_frequency',
        'image_build_date',
        'uuid_validity',
        'hypervisor_type',
      ];
      const findings = judged([live({name: value}, Object.fromEntries(keys.map((key) => [key, value])))]);
      expect(findings).toEqual(expect.arrayContaining([E('scs-0102/architecture'), E('scs-0102/replace_frequency')]));
    },
  );

  test('more properties than Glance allows', () => {
    const many = Object.fromEntries(Array.from({length: 129}, (_, index) => [`example_${index}`, 'x']));
    expect(judged([live({}, many)])).toEqual([W('openstack/property-count')]);
  });
});

describe('who can mend it', () => {
  const byOf = (subjects: readonly Subject[], rule: string): string | undefined =>
    findings(subjects).find((finding) => finding.rule === rule)?.by;

  test('manage, where a definition is right and the image is ours; a person, where neither is so', () => {
    expect(byOf([live({}, {architecture: 'amd64'})], 'scs-0102/architecture')).toBe('manage');
    const foreign = live({}, {architecture: 'amd64'}, {mends: 'you', refreshes: 'you'});
    expect(byOf([foreign], 'scs-0102/architecture')).toBe('you');
    expect(byOf(subjectsOf(definition({meta: {architecture: 'amd64'}})).subjects, 'scs-0102/architecture')).toBe('you');
  });

  test.each(['update', 'upstream', 'manage', 'you'] as const)(
    '%s brings a fresher one, as its origin says',
    (refreshes) => {
      const subject = live({}, {image_build_date: daysAgo(60)}, {mends: 'manage', refreshes});
      expect(byOf([subject], 'scs-0102/recency')).toBe(refreshes);
    },
  );
});
