import {describe, expect, test} from 'vitest';
import {parseYaml} from '../../../../src/config/yaml.ts';
import {readDefinitions} from '../../../../src/core/definition/read.ts';

/** A correct file; each test changes lines of it by their number. */
const GOOD = [
  'images:', //                                                             1
  '  - name: Debian 12', //                                                 2
  '    format: qcow2', //                                                   3
  '    login: debian', //                                                   4
  '    min_disk: 2', //                                                     5
  '    min_ram: 512', //                                                    6
  '    status: active', //                                                  7
  '    visibility: public', //                                              8
  '    multi: true', //                                                     9
  '    tags: []', //                                                       10
  '    meta: {architecture: x86_64}', //                                   11
  '    versions:', //                                                      12
  "      - version: '1'", //                                               13
  '        url: https://example.org/1.qcow2', //                           14
  '        build_date: 2026-09-01', //                                     15
];

type Change = Readonly<Record<number, string>>;

/** `line:column message | hint` of each problem. */
function problemsWith(change: Change, ...more: readonly string[]): string[] {
  const lines = GOOD.map((line, index) => change[index + 1] ?? line).filter((line) => line !== '');
  return problemsOf([...lines, ...more].join('\n'));
}

function problemsOf(text: string): string[] {
  const {root, problems} = parseYaml(text, 'x.yml');
  expect(problems).toEqual([]);
  return readDefinitions(root ? [root] : []).problems.map(
    ({message, place, hint}) => `${place.line}:${place.column} ${message} | ${hint ?? 'no hint'}`,
  );
}

test('the file that these tests change is correct', () => {
  expect(problemsWith({})).toEqual([]);
});

const VERSION = 'version "1" of image "Debian 12"';
const KINDS = 'begin it with one of these';
const DATE = 'write it as YYYY-MM-DD';
const DIGEST = 'write algorithm:hex, with md5, sha1, sha256, sha384 or sha512 and all of its digits';
const DURATION = 'write a number with its unit, like 90s, 10m or 2h';

describe('hold', () => {
  const FORMS = 'write a day as YYYY-MM-DD, or a moment as YYYY-MM-DDThh:mmZ';

  test.each(['2026-12-24', "'2026-12-24'", '2026-12-24T18:00Z', '2020-01-01'])('until: %s', (until) => {
    expect(problemsWith({}, `    hold: {until: ${until}, reason: freeze}`)).toEqual([]);
  });

  test.each(['tomorrow', '2026-02-30', '2026-12-24 18:00', '20261224'])('not until: %s', (until) => {
    expect(problemsWith({}, `    hold: {until: ${until}, reason: freeze}`)).toEqual([
      expect.stringMatching(new RegExp(`^16:\\d+ .*until.* \\| .*${FORMS.slice(0, 20)}`)),
    ]);
  });

  test('needs both keys, and has no other', () => {
    expect(problemsWith({}, '    hold: {until: 2026-12-24}')).toEqual([expect.stringContaining('no key "reason"')]);
    expect(problemsWith({}, '    hold: {until: 2026-12-24, reason: r, untill: x}')).toEqual([
      expect.stringContaining('did you mean "until"?'),
    ]);
  });
});

describe('share', () => {
  const ID = '0123456789abcdef0123456789abcdef';
  const shared = (...lines: string[]): string[] => problemsWith({8: '    visibility: shared'}, ...lines);

  test('names projects by id, and domains', () => {
    expect(shared(`    share: {projects: [${ID}], domains: [science]}`)).toEqual([]);
    expect(shared('    share: {domains: [science]}')).toEqual([]);
  });

  test('needs visibility: shared', () => {
    expect(problemsWith({}, `    share: {projects: [${ID}]}`)).toEqual([
      '16:5 image "Debian 12" has share, but visibility "public": only shared images have members | write visibility: shared, or take share out',
    ]);
  });

  test('has somebody in it', () => {
    for (const line of ['share: {}', 'share: {projects: []}', 'share: {projects: [], domains: null}'])
      expect(shared(`    ${line}`)).toEqual([
        '16:5 share of image "Debian 12" names nobody | add projects or domains, or take share out',
      ]);
  });

  test('takes no name of a project, and no other key', () => {
    expect(shared('    share: {projects: [demo]}')).toEqual([
      expect.stringMatching(/^16:\d+ .*"demo".*openstack project show NAME/),
    ]);
    expect(shared('    share: {project: [demo]}')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^16:\d+ .*"project".*projects/)]),
    );
  });
});

describe('R12: limits', () => {
  const place = (line: string): string[] => problemsWith({}, '    limits:', `      ${line}`);

  test('a size that is none is an error with its place', () => {
    for (const bad of ['much', '20 GB', '0', '-1'])
      expect(place(`virtual: ${bad}`)).toEqual([
        expect.stringMatching(/^17:16 "virtual" of limits of image "Debian 12" .*20G/),
      ]);
  });

  test('an unknown limit is named', () => {
    expect(place('dowload: 20G')).toEqual([expect.stringContaining('download')]);
  });

  test('good ones are none', () => {
    expect(place('{download: 20G, unpacked: 1T, virtual: 1048576}')).toEqual([]);
  });
});

describe('one wrong value, one problem with its place and next step', () => {
  test.each<[string, Change, string]>([
    [
      'a misspelt key',
      {5: '    min_dsik: 2'},
      '5:5 unknown key "min_dsik" in image "Debian 12" | did you mean "min_disk"?',
    ],
    [
      'a misspelt key of a version',
      {15: '        biuld_date: x'},
      `15:9 unknown key "biuld_date" in ${VERSION} | did you mean "build_date"?`,
    ],
    [
      'a wrong word',
      {3: '    format: qcow'},
      '3:13 "format" of image "Debian 12" cannot be "qcow" | did you mean "qcow2"?',
    ],
    [
      'a word like no other',
      {8: '    visibility: zzz'},
      '8:17 "visibility" of image "Debian 12" cannot be "zzz" | use one of public, private, community, shared',
    ],
    [
      'the status in capitals',
      {7: '    status: ACTIVE'},
      '7:13 "status" of image "Debian 12" cannot be "ACTIVE" | did you mean "active"?',
    ],
    [
      'an empty value',
      {4: '    login:'},
      '4:5 "login" of image "Debian 12" is empty | give login a value, or remove the line if it is not required',
    ],
    ['an empty name', {2: "  - name: ' '"}, '2:11 "name" of image " " is empty: " " | give it a value'],
    [
      'a truth value for text',
      {4: '    login: no'},
      `4:12 "login" of image "Debian 12" is no without quotes, which YAML reads as the truth value false | quote it: login: 'no'`,
    ],
    [
      'text for a number',
      {5: "    min_disk: '2'"},
      '5:15 "min_disk" of image "Debian 12" must be a whole number, not "2" | write digits without quotes or unit',
    ],
    [
      'a fraction',
      {5: '    min_disk: 2.5'},
      '5:15 "min_disk" of image "Debian 12" must be a whole number, not 2.5 | write digits without quotes or unit',
    ],
    [
      'a negative number',
      {6: '    min_ram: -1'},
      '6:14 "min_ram" of image "Debian 12" is -1, less than 0 | use 0 or more',
    ],
    [
      'a number beyond what Glance stores',
      {6: '    min_ram: 2147483648'},
      '6:14 "min_ram" of image "Debian 12" is 2147483648, more than 2147483647 | use 2147483647 or less',
    ],
    [
      'text for a truth value',
      {9: '    multi: "yes"'},
      '9:12 "multi" of image "Debian 12" must be true or false, not "yes" | write true or false without quotes',
    ],
    [
      'text for a list',
      {10: '    tags: a'},
      '10:11 "tags" of image "Debian 12" must be a list, not "a" | write a list: [] or lines that begin with a dash',
    ],
    [
      'text for a mapping',
      {11: '    meta: a'},
      '11:11 "meta" of image "Debian 12" must be a mapping, not "a" | write indented lines of "key: value"',
    ],
    [
      'a number among tags',
      {10: '    tags: [a, 1.10]'},
      `10:15 entry 2 of "tags" of image "Debian 12" is 1.10 without quotes, which YAML reads as the number 1.1 | quote it: '1.10'`,
    ],
    [
      'our own tag',
      {10: '    tags: [managed_by_imgmgr]'},
      '10:12 the tag managed_by_imgmgr of image "Debian 12" is set by imgmgr itself | remove it',
    ],
    [
      'a long name',
      {2: `  - name: ${'x'.repeat(256)}`},
      `2:11 "name" of image "${'x'.repeat(256)}" is longer than 255 characters | shorten it`,
    ],
    [
      'a character that Glance cannot store',
      {4: '    login: "😀"'},
      '4:12 "login" of image "Debian 12" holds a control character or one that Glance cannot store: "😀" | use other characters',
    ],
    [
      'a version like a number',
      {13: '      - version: 1.10'},
      `13:18 "version" of version number 1 of image "Debian 12" is 1.10 without quotes, which YAML reads as the number 1.1 | quote it: version: '1.10'`,
    ],
    [
      'a version like a time',
      {13: '      - version: 12:30'},
      `13:18 "version" of version number 1 of image "Debian 12" is 12:30 without quotes, which YAML reads as the number 750 | quote it: version: '12:30'`,
    ],
    [
      'a version like an octal number',
      {13: '      - version: 0644'},
      `13:18 "version" of version number 1 of image "Debian 12" is 0644 without quotes, which YAML reads as the number 420 | quote it: version: '0644'`,
    ],
    [
      'a URL of another kind',
      {14: '        url: htp://x/y'},
      `14:14 "url" of ${VERSION} is no http, https, ftp, oci, image or file URL: "htp://x/y" | ${KINDS}`,
    ],
    [
      'a volume, which belongs on the command line',
      {14: '        url: volume:7fc47406-9194-4c74-b482-1257425e784c'},
      `14:14 "url" of ${VERSION} is a volume, and a definition would publish what is on it again and again, whoever wrote it meanwhile: "volume:7fc47406-9194-4c74-b482-1257425e784c" | import it once: imgmgr import volume:ID`,
    ],
    [
      'an image of a cloud by its name',
      {14: '        url: image:Debian'},
      `14:14 "url" of ${VERSION} names no image of a cloud: "image:Debian" | write image:ID, with @CLOUD for one of another entry of clouds.yaml`,
    ],
    [
      'a URL with a blank',
      {14: '        url: https://x/a b'},
      `14:14 "url" of ${VERSION} holds a blank: "https://x/a b" | write %20 for it`,
    ],
    [
      'a file on another host',
      {14: '        url: file://host/x'},
      `14:14 "url" of ${VERSION} is no http, https, ftp, oci, image or file URL: "file://host/x" | ${KINDS}`,
    ],
    [
      'a password in a URL, which is not repeated',
      {14: '        url: https://u:secret@x/y'},
      `14:14 "url" of ${VERSION} holds a user name or password, which property image_source would show to everybody: "https://***@x/y" | remove it`,
    ],
    [
      'no day of the calendar',
      {15: '        build_date: 2026-02-30'},
      `15:21 "build_date" of ${VERSION} is no date: "2026-02-30" | ${DATE}`,
    ],
    ...['2026-09-01 soon', '2026-09-01T', '2026-09-01T24:00', '2026-09-01T10:61:00Z', '2026-09-01 10:00:00+x'].map(
      (date): [string, Change, string] => [
        `L: no time behind a day: ${date}`,
        {15: `        build_date: '${date}'`},
        `15:21 "build_date" of ${VERSION} is no date: "${date}" | ${DATE}`,
      ],
    ),
    [
      'a date without dashes',
      {15: '        build_date: 20260901'},
      `15:21 "build_date" of ${VERSION} is 20260901 without quotes, which YAML reads as the number 20260901 | ${DATE}`,
    ],
    [
      'a digest that is too short',
      {15: '        checksum: sha256:abc'},
      `15:19 "checksum" of ${VERSION} is no digest: "sha256:abc" | ${DIGEST}`,
    ],
    [
      'a digest of the wrong length',
      {15: `        checksum: sha512:${'a'.repeat(64)}`},
      `15:19 "checksum" of ${VERSION} is no digest: "sha512:${'a'.repeat(64)}" | ${DIGEST}`,
    ],
    [
      'an unknown digest',
      {15: `        checksum: crc:${'a'.repeat(64)}`},
      `15:19 "checksum" of ${VERSION} is no digest: "crc:${'a'.repeat(64)}" | ${DIGEST}`,
    ],
    [
      'a digest list by ftp',
      {15: '        checksums_url: ftp://x/y'},
      `15:24 "checksums_url" of ${VERSION} is no http, https or file URL: "ftp://x/y" | ${KINDS}`,
    ],
    [
      'an id in capitals',
      {15: '        id: 0A0A0A0A-0000-0000-0000-000000000000'},
      `15:13 "id" of ${VERSION} is no UUID in lowercase: "0A0A0A0A-0000-0000-0000-000000000000" | write 8-4-4-4-12 hexadecimal digits`,
    ],
    [
      'a source that is neither a URL nor private',
      {15: '        source: secret'},
      `15:17 "source" of ${VERSION} must be a URL or the word private, not "secret" | write a URL or the word private`,
    ],
    [
      'both digest sources',
      {15: '        checksums_url: https://x/a\n        checksum_url: https://x/b'},
      `16:9 ${VERSION} has both checksums_url and checksum_url | keep one of the two`,
    ],
    [
      'no versions',
      {12: '', 13: '', 14: '', 15: ''},
      '2:5 image "Debian 12" has no key "versions" | add versions (an empty list is allowed) or build',
    ],
    ['no URL', {14: ''}, `13:9 ${VERSION} has no key "url" | add url`],
    [
      'an entry that is no mapping',
      {12: '    versions: [foo]', 13: '', 14: '', 15: ''},
      '12:16 entry 1 of "versions" of image "Debian 12" must be a mapping, not "foo" | write indented lines of "key: value"',
    ],
  ])('%s', (_, change, problem) => {
    expect(problemsWith(change)).toEqual([problem]);
  });
});

describe('the sections of our own', () => {
  test.each([
    [
      'retire_as: rename',
      '16:16 "retire_as" of image "Debian 12" cannot be "rename" | did you mean "renamed" or "renamed-by-date"?',
    ],
    ['stores: []', '16:13 "stores" of image "Debian 12" is an empty list | add an entry'],
    [
      'protected: maybe',
      '16:16 "protected" of image "Debian 12" must be true or false, not "maybe" | write true or false without quotes',
    ],
    ['verify: {mode: agnt}', '16:20 "mode" of verify of image "Debian 12" cannot be "agnt" | did you mean "agent"?'],
    [
      'verify: {deadline: 10}',
      `16:24 "deadline" of verify of image "Debian 12" is 10 without quotes, which YAML reads as the number 10 | ${DURATION}`,
    ],
    [
      'verify: {deadline: soon}',
      `16:24 "deadline" of verify of image "Debian 12" is no duration: "soon" | ${DURATION}`,
    ],
    [
      'verify: {checks: {swap: maybe}}',
      '16:29 "swap" of verify.checks of image "Debian 12" must be on, off, fail, warn or info, not "maybe" | write on, off, fail, warn or info',
    ],
    [
      'verify: {datasource: [metadta]}',
      '16:27 entry 1 of "datasource" of verify of image "Debian 12" cannot be "metadta" | did you mean "metadata"?',
    ],
    [
      'verify: {datasource: 3}',
      '16:26 "datasource" of verify of image "Debian 12" must be metadata, config-drive, nocloud, or a list of these, not 3 | write metadata, config-drive, nocloud, or a list of these',
    ],
    [
      'verify: {root: image}',
      '16:20 "root" of verify of image "Debian 12" cannot be "image" | write volume, or leave the key out',
    ],
    ['verify: {flavour: x}', '16:14 unknown key "flavour" in verify of image "Debian 12" | did you mean "flavor"?'],
    [
      'build: {elements: [vm]}',
      '16:5 image "Debian 12" has both build and versions | keep one: the versions of a built image are its build dates',
    ],
  ])('%s', (line, problem) => {
    expect(problemsWith({}, `    ${line}`)).toEqual([problem]);
  });

  test.each([
    [
      'build: {elements: [vm], context: x}',
      '12:29 build.context of image "Debian 12" has no containerfile to be for | name it with build.containerfile, or remove context',
    ],
    [
      'build: {elements: [vm], containerfile: x, environment: {DIB_CONTAINERFILE_BUILDOPTS: -v}}',
      '12:61 "DIB_CONTAINERFILE_BUILDOPTS" of build.environment of image "Debian 12" is set by imgmgr for build.containerfile | remove it; context and build_args are keys of build',
    ],
    [
      'build: {elements: [vm], containerfile: x, build_args: {A-B: x}}',
      '12:60 "A-B" of build.build_args of image "Debian 12" is no name of an argument | write letters, digits and _',
    ],
    [
      'build: {elements: [vm], containerfile: x, build_args: {API_TOKEN: x}}',
      '12:60 "API_TOKEN" of build.build_args of image "Debian 12" is named like a secret, and the history of a container image keeps its arguments | remove it; give secrets to servers by their user data, not to images',
    ],
    ['build: {}', '12:12 build of image "Debian 12" has no key "elements" | add elements'],
    ['build: {elements: []}', '12:23 "elements" of build of image "Debian 12" is an empty list | add an entry'],
    [
      'build: {elements: [vm], environment: {A: 0644}}',
      `12:46 "A" of build.environment of image "Debian 12" is 0644 without quotes, which YAML reads as the number 420 | quote it: A: '0644'`,
    ],
    [
      'build: {elements: [vm], environment: {DIB_A: yes}}',
      `12:50 "DIB_A" of build.environment of image "Debian 12" is yes without quotes, which YAML reads as the truth value true | quote it: DIB_A: 'yes'`,
    ],
    [
      'build: {elements: [vm], environment: {DIB_TOKEN: abc}}',
      '12:43 "DIB_TOKEN" of build.environment of image "Debian 12" is named like a secret, and diskimage-builder writes its environment into the image | remove it; give secrets to servers by their user data, not to images',
    ],
    [
      'build: {elements: [vm], environment: {DIB_M: "http://a:b@c/"}}',
      '12:43 "DIB_M" of build.environment of image "Debian 12" holds a URL with a password, and diskimage-builder writes its environment into the image | remove it; give secrets to servers by their user data, not to images',
    ],
    ...['LD_AUDIT', 'LD_LIBRARY_PATH', 'PYTHONPATH', 'GCONV_PATH', 'PERL5LIB', 'IFS'].map((name): [string, string] => [
      `build: {elements: [vm], environment: {${name}: /x}}`,
      `12:43 "${name}" of build.environment of image "Debian 12" is no variable that a build may be given | name it DIB_…; besides those only FS_TYPE, LANG, LC_ALL, SOURCE_DATE_EPOCH, TZ, http_proxy, https_proxy, ftp_proxy, no_proxy, HTTP_PROXY, HTTPS_PROXY, FTP_PROXY, NO_PROXY are taken`,
    ]),
    [
      'build: {elements: [vm], environment: {TMP_DIR: /x}}',
      '12:43 "TMP_DIR" of build.environment of image "Debian 12" is set by imgmgr itself | set IMGMGR_BUILD_DIR for imgmgr instead',
    ],
    [
      'build: {elements: [vm], environment: {A-B: x}}',
      '12:43 "A-B" of build.environment of image "Debian 12" is no name of a variable | write letters, digits and _',
    ],
    [
      'build: {elements: [vm], release: bookworm, environment: {DIB_RELEASE: bookworm}}',
      '12:62 "DIB_RELEASE" of build.environment of image "Debian 12" and build.release say the same thing | keep build.release',
    ],
    [
      'build: {elements: [vm, growroot]}',
      '12:28 the element growroot of image "Debian 12" grows the root besides cloud-init\'s growpart | remove it; cloud-init-custom installs and configures growpart',
    ],
    [
      'build: {elements: [vm], formats: [raw]}',
      '12:29 build.formats of image "Debian 12" lacks qcow2, its format in Glance | add qcow2',
    ],
    [
      'build: {elements: [vm], size: 0}',
      '12:35 "size" of build of image "Debian 12" is 0, less than 1 | use 1 or more',
    ],
    [
      'build: {elements: [vm], timeout: 60}',
      `12:38 "timeout" of build of image "Debian 12" is 60 without quotes, which YAML reads as the number 60 | ${DURATION}`,
    ],
  ])('%s', (line, problem) => {
    expect(problemsWith({12: `    ${line}`, 13: '', 14: '', 15: ''})).toEqual([problem]);
  });

  test.each<[string, Change, string]>([
    [
      'UEFI claimed for a disk that only BIOS starts',
      {11: '    meta: {architecture: x86_64, hw_firmware_type: uefi}'},
      '11:52 hw_firmware_type "uefi" is claimed, but the elements make a disk that only BIOS starts (image "Debian 12") | use the element block-device-efi, or remove hw_firmware_type',
    ],
    [
      'a guest agent claimed that is not installed',
      {11: '    meta: {architecture: x86_64, hw_qemu_guest_agent: yes}'},
      '11:55 hw_qemu_guest_agent is "true", but the build does not install the guest agent (image "Debian 12") | set DIB_IMGMGR_GUEST_AGENT in build.environment to 1 or 0, and leave the property out: it follows from it',
    ],
    [
      'an architecture that cannot be built',
      {11: '    meta: {architecture: s390x}'},
      '11:26 architecture "s390x" cannot be built (image "Debian 12") | write x86_64 or aarch64',
    ],
    [
      'a format that cannot be built',
      {3: '    format: vmdk'},
      '3:13 format "vmdk" of image "Debian 12" cannot be built | write qcow2 or raw',
    ],
    [
      'multi: false',
      {9: '    multi: false'},
      '9:12 image "Debian 12" is built, but has multi: false, which makes the build date its os_version | write multi: true',
    ],
  ])('a built image: %s', (_, change, problem) => {
    const built = {12: '    build: {elements: [vm, block-device-mbr]}', 13: '', 14: '', 15: ''};
    expect(problemsWith(built)).toEqual([]);
    expect(problemsWith({...built, ...change})).toEqual([problem]);
  });
});

describe('meta is open, but not for everything', () => {
  const META = 'meta of image "Debian 12"';
  test.each([
    [
      'name: x',
      `11:12 "name" of ${META} cannot be set: Glance keeps this name for itself | write name one level up, beside meta`,
    ],
    ['owner: x', `11:12 "owner" of ${META} cannot be set: Glance keeps this name for itself | use another name`],
    [
      'os_glance_failed_import: x',
      `11:12 "os_glance_failed_import" of ${META} cannot be set: Glance keeps this name for itself | use another name`,
    ],
    [
      'imgmgr_state: x',
      `11:12 "imgmgr_state" of ${META} cannot be set: imgmgr keeps its own state there | use another name`,
    ],
    [
      'image_source: x',
      `11:12 "image_source" of ${META} is written by imgmgr itself | remove it; it follows url or source`,
    ],
    [
      'os_version: 1.10',
      `11:24 "os_version" of ${META} is 1.10 without quotes, which YAML reads as the number 1.1 | quote it: os_version: '1.10'`,
    ],
    [
      'mode: 0644',
      `11:18 "mode" of ${META} is 0644 without quotes, which YAML reads as the number 420 | quote it: mode: '0644'`,
    ],
    [
      'at: 12:30',
      `11:16 "at" of ${META} is 12:30 without quotes, which YAML reads as the number 750 | quote it: at: '12:30'`,
    ],
    [
      'size_: 1_000',
      `11:19 "size_" of ${META} is 1_000 without quotes, which YAML reads as the number 1000 | quote it: size_: '1_000'`,
    ],
    ['on: x', `11:12 "on" of ${META} is on without quotes, which YAML reads as the truth value true | quote it: 'on'`],
    ['list: [1]', `11:18 "list" of ${META} must be text, not a list | write text`],
    ['map: {a: b}', `11:17 "map" of ${META} must be text, not a mapping | write text`],
    ["'': x", `11:12 "" of ${META} has no key | give the property a name`],
    ['"😀": x', `11:12 "😀" of ${META} holds a character that Glance cannot store | use other characters`],
    ['a: "😀"', `11:15 "a" of ${META} holds a character that Glance cannot store | use other characters`],
    [`a: ${'x'.repeat(65_536)}`, `11:15 "a" of ${META} is longer than 65535 bytes | shorten it`],
    [`${'k'.repeat(256)}: x`, `11:12 "${'k'.repeat(256)}" of ${META} is longer than 255 characters | shorten the key`],
    [
      'uuid_validity: last3',
      `11:27 "uuid_validity" of ${META} cannot be "last3" | use none, forever, notice, last-N (like last-3) or a date YYYY-MM-DD`,
    ],
    [
      'uuid_validity: last-0',
      `11:27 "uuid_validity" of ${META} cannot be "last-0" | use none, forever, notice, last-N (like last-3) or a date YYYY-MM-DD`,
    ],
    ['uuid_validity: for_ever', `11:27 "uuid_validity" of ${META} cannot be "for_ever" | did you mean "forever"?`],
    [
      'uuid_validity: 2026-02-30',
      `11:27 "uuid_validity" of ${META} cannot be "2026-02-30" | use none, forever, notice, last-N (like last-3) or a date YYYY-MM-DD`,
    ],
  ])('%s', (entry, problem) => {
    expect(problemsWith({11: `    meta: {${entry}}`})).toEqual([problem]);
  });

  describe.each(['provided_until', 'maintained_until'])('L: %s, where it begins like a day', (key) => {
    test.each(['2026-02-30', '2026-13-01', "'20260901'", '2026-9-1', '2026-09-01T10:00:00Z'])('is not %s', (day) => {
      expect(problemsWith({11: `    meta: {${key}: ${day}}`})).toEqual([
        `11:${15 + key.length - 1} "${key}" of ${META} is no day of the calendar: "${day.replaceAll("'", '')}" | write it as YYYY-MM-DD, or none`,
      ]);
    });

    test.each(['2026-02-28', "'2028-02-29'", 'none', 'notice', 'soon', "''"])('may be %s', (day) => {
      expect(problemsWith({11: `    meta: {${key}: ${day}}`})).toEqual([]);
    });
  });

  test.each([
    '2026-09-01',
    '2026-09-01 10:00',
    '2026-09-01T10:00:00Z',
    '2026-09-01t21:59:43.10-05:00',
    '2026-09-01 21:59:43.10 -5',
    '2026-09-01T10:00:00+0200',
  ])('L: build_date may be %s', (date) => {
    expect(problemsWith({15: `        build_date: ${date}`})).toEqual([]);
  });

  test('of a version too', () => {
    expect(problemsWith({15: '        meta: {status: x}'})).toEqual([
      `15:16 "status" of meta of ${VERSION} cannot be set: Glance keeps this name for itself | write status one level up, beside meta`,
    ]);
  });

  test.each(['none', 'forever', 'notice', 'last-1', 'last-30', '2027-12-31', "'2027-12-31'", "''", ''])(
    'uuid_validity may be %s',
    (value) => {
      expect(problemsWith({11: `    meta: {uuid_validity: ${value}}`})).toEqual([]);
    },
  );
});

describe('version: latest needs to know when it changed', () => {
  const LATEST = 'version "latest" of image "Debian 12"';
  const latest = (line: string): string[] => problemsWith({13: '      - version: latest', 15: line});
  const list = '        checksums_url: https://x/SHA256SUMS';

  test('no digest source', () => {
    expect(latest('')).toEqual([
      `13:9 ${LATEST} has no digest source, so a change cannot be detected | add checksums_url (a list with file names) or checksum_url (one bare digest)`,
    ]);
  });
  test('a fixed digest beside it', () => {
    expect(latest(`${list}\n        checksum: sha256:${'a'.repeat(64)}`)).toEqual([
      `16:9 ${LATEST} has a fixed checksum, but latest is whatever checksums_url says | remove checksum, or name the version`,
    ]);
  });
  test.each([list, '        checksum_url: file:x.sha256'])('one digest source is enough: %s', (line) => {
    expect(latest(line)).toEqual([]);
  });
  test('multi: false as well', () => {
    expect(problemsWith({9: '    multi: false', 13: '      - version: latest', 15: list})).toEqual([]);
  });
});

describe('revoked', () => {
  test('is a text, of a version that has a name', () => {
    expect(problemsWith({15: '        revoked: does not boot'})).toEqual([]);
    expect(problemsWith({15: "        revoked: ' '"})).toEqual([
      expect.stringContaining('is empty: " " | give it a value'),
    ]);
    expect(problemsWith({15: '        revoked: true'})).toHaveLength(1);
    expect(problemsWith({15: `        revoked: ${'x'.repeat(256)}`})).toHaveLength(1);
  });
  test('is refused for latest', () => {
    const lines = '        checksums_url: https://x/SHA256SUMS\n        revoked: bad';
    expect(problemsWith({13: '      - version: latest', 15: lines})).toEqual([
      '16:9 version "latest" of image "Debian 12" is revoked | list the revoked version by its own name, with its checksum',
    ]);
  });
});

describe('L: allow_http_redirect needs a pinned digest', () => {
  const version = (line: string): string[] => problemsWith({15: line});

  test.each(['', '        checksums_url: https://x/SHA256SUMS'])('refused without checksum: %j', (line) => {
    const lines = [line, '        allow_http_redirect: true'].filter((each) => each !== '').join('\n');
    expect(version(lines)).toEqual([
      `${line === '' ? 15 : 16}:9 version "1" of image "Debian 12" has allow_http_redirect, but no checksum | add checksum (algorithm:hex): without it anybody between here and the server could change the image`,
    ]);
  });
  test('accepted beside checksum, and false needs none', () => {
    expect(version(`        checksum: sha256:${'a'.repeat(64)}\n        allow_http_redirect: true`)).toEqual([]);
    expect(version('        allow_http_redirect: false')).toEqual([]);
  });
});

describe('the file around the images', () => {
  test.each([
    ['- a', '1:1 the file must be a mapping, not a list | write indented lines of "key: value"'],
    ['a text', '1:1 the file must be a mapping, not "a text" | write indented lines of "key: value"'],
    ['image: []', '1:1 the file has no key "images" | add images'],
    [
      'images: {}',
      '1:9 "images" of the file must be a list, not a mapping | write a list: [] or lines that begin with a dash',
    ],
    ['images: []', '1:9 "images" of the file is an empty list | add an entry'],
    [
      'images: [foo]',
      '1:10 entry 1 of "images" of the file must be a mapping, not "foo" | write indented lines of "key: value"',
    ],
  ])('%s', (text, problem) => {
    expect(problemsOf(text)).toContain(problem);
  });
});

test('all problems of an image at once, each key that is missing by name', () => {
  expect(problemsOf('images:\n  - enable: true')).toEqual(
    ['name', 'format', 'login', 'min_ram', 'status', 'visibility', 'multi', 'tags', 'meta']
      .map((key) => `2:5 image number 1 has no key "${key}" | add ${key}`)
      .concat('2:5 image number 1 has no key "versions" | add versions (an empty list is allowed) or build'),
  );
});
