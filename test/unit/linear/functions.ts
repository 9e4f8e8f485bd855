import {maskPasswords} from '../../../src/build/build-log.ts';
import {definitionFolder, logName, readLogName} from '../../../src/build/artifact-names.ts';
import {causeOf} from '../../../src/build/causes.ts';
import {parseMounts} from '../../../src/build/mounts.ts';
import {phaseReader, withoutTime} from '../../../src/build/phases.ts';
import {readConfigFile} from '../../../src/config/config-file.ts';
import {parseYaml} from '../../../src/config/yaml.ts';
import {readSamples} from '../../../src/core/metrics/read-samples.ts';
import {sampleText} from '../../../src/core/metrics/text.ts';
import {basesOf} from '../../../src/core/build/containerfile.ts';
import {lintElements} from '../../../src/core/build/lint-elements.ts';
import {parseManifest, withoutSecrets} from '../../../src/core/build/manifest.ts';
import {parsePackages} from '../../../src/core/build/packages.ts';
import {patchlevelOf} from '../../../src/core/build/patchlevel.ts';
import {findBare, findInList} from '../../../src/core/release/checksum.ts';
import {readPlanFile} from '../../../src/core/plan/plan-file.ts';
import {parseDigestList} from '../../../src/core/release/digest-list.ts';
import {parseDigest, readDigest} from '../../../src/core/release/digest.ts';
import {inspectEnd, inspectStart} from '../../../src/core/format/inspect.ts';
import {checkVmdkDescriptor} from '../../../src/core/format/vmdk-descriptor.ts';
import {audit} from '../../../src/core/rules/audit.ts';
import {liveSubject} from '../../../src/core/rules/live-subject.ts';
import {builtInProfile} from '../../../src/core/rules/profile.ts';
import {subjectSet} from '../../../src/core/rules/subject-set.ts';
import {readProfile} from '../../../src/core/rules/profile-file.ts';
import {jsonText} from '../../../src/core/json-text.ts';
import {nearest} from '../../../src/core/nearest.ts';
import {readDefinitions} from '../../../src/core/definition/read.ts';
import {propertyChanges, remembered, schemaOf} from '../../../src/core/image/record.ts';
import {parseValidity} from '../../../src/core/retention.ts';
import {readStamp} from '../../../src/core/image/stamp.ts';
import {dayOfChange, isCalendarDate, parseDuration} from '../../../src/core/time-text.ts';
import {isBeyondHope, readConsole} from '../../../src/core/verdict/console-signs.ts';
import {readNetworkTables} from '../../../src/core/verdict/console-tables.ts';
import {
  consoleLines,
  isStandIn,
  plainConsole,
  redactSecrets,
  wholeLines,
} from '../../../src/core/verdict/console-text.ts';
import {faultCause} from '../../../src/openstack/nova/fault.ts';
import {judge} from '../../../src/core/verdict/judge.ts';
import {readVerdict} from '../../../src/core/verdict/record.ts';
import {compareVersions} from '../../../src/core/release/version.ts';
import {addressKind} from '../../../src/http/address.ts';
import {HttpError} from '../../../src/http/error.ts';
import {plainHeaders, retryAfterSeconds} from '../../../src/http/headers.ts';
import {publicUrl} from '../../../src/core/public-url.ts';
import {redirected} from '../../../src/http/redirect.ts';
import {parseRecord} from '../../../src/local/record.ts';
import {hostName} from '../../../src/local/qemu/seed.ts';
import {bytesOf, newestTask} from '../../../src/openstack/glance/import-state.ts';
import {splitList} from '../../../src/openstack/glance/schema.ts';
import {explanation, refusal} from '../../../src/openstack/refusal.ts';
import {stampOfDescription, stampOfMetadata} from '../../../src/openstack/test-servers/stamp-text.ts';
import {clean as cleanLine} from '../../../src/report/clean.ts';
import {xmlAttribute, xmlText} from '../../../src/report/xml.ts';
import {SecretRegistry} from '../../../src/secrets/registry.ts';
import {scrubInForm} from '../../../src/secrets/structured.ts';
import {percents} from '../../../src/sources/convert/qemu-img.ts';
import {lastLine} from '../../../src/sources/convert/qemu-run.ts';
import {entityOf} from '../../../src/sources/download/entity.ts';
import {checkReport, clean as cleanReport} from '../../../src/verify/check-report.ts';
import {readGreeting} from '../../../src/verify/client-hello.ts';

const URL_OF = 'https://host/SHA256SUMS';
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Each function that sees text from a guest, a server, a mirror, a build, a file or a repository of elements. */
export const FUNCTIONS: Readonly<Record<string, (text: string) => unknown>> = {
  // The metrics of an earlier run, in a file of this host.
  readSamples: (text) => readSamples(text, 'c'),
  'readSamples (label)': (text) => readSamples(`imgmgr_images{cloud="c",state="${text}"} 1`, 'c'),
  'sampleText (names of a cloud)': (text) =>
    sampleText([{name: 'imgmgr_images', labels: {cloud: text, state: text}, value: 1}]),
  // A guest.
  plainConsole,
  wholeLines,
  consoleLines,
  readConsole,
  isBeyondHope,
  isStandIn,
  readNetworkTables: (text) => readNetworkTables([text]),
  redactSecrets: (text) => redactSecrets(text, '0'.repeat(64)),
  'judge (console)': (text) => judge(witnesses({kind: 'active'}, text)),
  'clean (report of a guest)': cleanReport,
  checkReport: (text) => checkReport(report({id: 'address', detail: text}, text)),
  'checkReport (id of a check)': (text) => checkReport(report({id: text, detail: ''}, '')),
  'clean (line of a log)': cleanLine,
  readGreeting: (text) => readGreeting(latin1(`\x16\x03\x01${text}`)),
  // Servers.
  publicUrl,
  'publicUrl of a query': (text) => publicUrl(`https://host/?${text}`),
  'explanation (JSON or text)': explanation,
  'explanation (HTML)': (text) => explanation(`<html><body>${text}`),
  'explanation (Keystone)': (text) => explanation(JSON.stringify({error: {message: text}})),
  'explanation (Nova)': (text) => explanation(JSON.stringify({badRequest: {message: text}})),
  refusal: (text) =>
    refusal(
      new HttpError({kind: 'status', message: text, method: 'GET', url: 'https://host/v2', status: 403, body: text}),
    ),
  'faultCause (of Nova)': (text) => faultCause(`image ${text}`),
  entityOf: (text) => entityOf({status: 206, headers: {'content-range': `bytes ${text}`}} as never),
  'entityOf (all headers)': (text) =>
    entityOf({
      status: 200,
      headers: Object.fromEntries(
        ['content-length', 'content-range', 'content-type', 'etag', 'last-modified'].map((name) => [name, text]),
      ),
    } as never),
  retryAfterSeconds,
  plainHeaders: (text) => plainHeaders({link: text, date: [text, text]}),
  redirected: (text) =>
    redirected({
      request: {method: 'GET', url: 'https://host/'},
      answer: {kind: 'redirect', location: text, response: {status: 302}},
      left: 1,
      limit: 1,
    } as never),
  addressKind,
  stampOfDescription: (text) => stampOfDescription(`imgmgr ${text}`),
  stampOfMetadata: (text) => stampOfMetadata({imgmgr_run: text, imgmgr_image: text, imgmgr_expires: text}),
  splitList,
  bytesOf: (text) => bytesOf({message: `Copied ${text}`} as never),
  newestTask: (text) => newestTask({properties: {}} as never, [{created_at: text}, {created_at: `${text}1`}] as never),
  readStamp: (text) => readStamp({tags: [], properties: {imgmgr_definition: 'x', imgmgr_keys: text}} as never),
  remembered: (text) => remembered({properties: {imgmgr_record: text}}, 'imgmgr_run'),
  propertyChanges: (text) =>
    propertyChanges({id: 'x', properties: {imgmgr_definition: 'x', imgmgr_record: `run=${text}`}}, {set: {a: text}}),
  schemaOf: (text) => schemaOf({properties: {imgmgr_schema: text}}),
  readVerdict: (text) => readVerdict({properties: {imgmgr_verdict: text, imgmgr_verdict_cause: text}}),
  nearest: (text) => nearest(text, ['Debian 12', text]),
  compareVersions: (text) => compareVersions(text, `${text}1`),
  hostName,
  xmlText,
  xmlAttribute,
  jsonText: (text) => jsonText({text}),
  scrub: (text) => secrets().scrub(text),
  'scrubInForm (JSON)': (text) => scrubInForm(JSON.stringify({text}), (piece) => piece.slice(1)),
  'scrubInForm (XML)': (text) => scrubInForm(`<?xml version="1.0"?>${text}`, (piece) => piece.slice(1)),
  'scrubInForm (neither)': (text) => scrubInForm(`{${text}`, (piece) => piece),
  'scrub (in pieces)': (text) => {
    const known = secrets();
    let rest = '';
    for (let at = 0; at < text.length; at += 1024) ({rest} = known.scrubPart(rest + text.slice(at, at + 1024), true));
    return rest;
  },
  // Mirrors.
  parseDigestList,
  readPlanFile: (text) => readPlanFile(text, 'plan.json'),
  findInList: (text) => findInList({text, url: URL_OF}, 'disk.qcow2'),
  findBare: (text) => findBare({text, url: 'https://host/disk.sha256'}),
  parseDigest,
  readDigest: (text) => readDigest('sha256', text),
  dayOfChange: (text) => dayOfChange(new Date(text), new Date()),
  // Images.
  inspectStart: (text) => inspectStart(latin1(text), true),
  'inspectStart (VMDK descriptor)': (text) => inspectStart(latin1(`# Disk DescriptorFile\n${text}`), true),
  'inspectStart (VHDX)': (text) => inspectStart(latin1(`vhdxfile${text}`), false),
  'inspectStart (qcow2)': (text) => inspectStart(latin1(`QFI\xfb\0\0\0\x03${text}`), false),
  inspectEnd: (text) => {
    const start = latin1(text);
    const end = {tail: start.subarray(-1536), size: start.length};
    return inspectEnd(start, end, inspectStart(start, true));
  },
  checkVmdkDescriptor: (text) => checkVmdkDescriptor(`${text}\0`, {capacity: 1, grain: 1, compressed: false}),
  'checkVmdkDescriptor (as much as QEMU reads)': (text) =>
    checkVmdkDescriptor(`${text.slice(0, 10_000)}\0`, {capacity: 1, grain: 1, compressed: false}),
  // qemu-img.
  'percents (qemu-img -p)': (text) => percents(() => undefined)(text),
  'lastLine (qemu-img)': (text) => lastLine(text, {path: '/a/disk', show: 'disk', format: 'qcow2'}),
  // Builds and what they leave.
  causeOf: (text) => causeOf([text], 'preparing'),
  'causeOf (a mirror without a name)': (text) => causeOf([`Could not resolve ${text}`], 'preparing'),
  maskPasswords,
  withoutTime,
  phaseReader: (text) => phaseReader()(text),
  basesOf,
  'parsePackages (dpkg)': (text) => parsePackages(text, 'dpkg'),
  'parsePackages (rpm)': (text) => parsePackages(text, 'rpm'),
  patchlevelOf: (text) => patchlevelOf([{name: 'base-files', version: text, arch: 'all'}]),
  parseManifest: (text) => parseManifest(text, 'manifest.json'),
  withoutSecrets,
  parseMounts: (text) => parseMounts(text, '/a'),
  definitionFolder,
  logName: (text) => logName({definition: text, version: '20261121', run: text}),
  readLogName,
  audit: (text) => {
    const subject = liveSubject(imageOf(text), {mends: 'you', refreshes: 'you'});
    return audit({set: subjectSet([subject], true), profile: builtInProfile(), now: 0});
  },
  // Files: definitions, clouds.yaml, records, elements.
  'parseYaml, readProfile': (text) => {
    const {root} = parseYaml(text, 'audit.yml');
    return root && readProfile(root, 0);
  },
  'readProfile (one value)': (text) => {
    const value = JSON.stringify(text.slice(0, text.length / 16));
    const {root} = parseYaml(`extends: ${value}\nrules: {${value}: off}\nsources: {x: [${value}]}\n`, 'audit.yml');
    return root && readProfile(root, 0);
  },
  'parseYaml, readDefinitions': (text) => {
    const {root} = parseYaml(text, 'images.yml');
    return root && readDefinitions([root]);
  },
  'readDefinitions (one value)': (text) => {
    // Some characters are six here, and it stands there three times.
    const value = JSON.stringify(text.slice(0, text.length / 16));
    const {root} = parseYaml(
      `images:\n- {name: ${value}, versions: [{version: ${value}, url: ${value}}]}`,
      'images.yml',
    );
    return root && readDefinitions([root]);
  },
  'readConfigFile (YAML)': (text) => readConfigFile(text, 'clouds.yaml'),
  'readConfigFile (JSON)': (text) => readConfigFile(text, 'clouds.json'),
  'parseRecord (local cloud)': (text) => parseRecord(text, {id: 'x', file: 'image.json'}),
  parseDuration,
  isCalendarDate,
  parseValidity,
  'lintElements (hook)': (text) => lintElements([element('install.d/50-a', text)]),
  'lintElements (environment)': (text) => lintElements([element('environment.d/10-a.bash', text)]),
  'lintElements (name)': (text) => lintElements([element(`install.d/${text}`, '')]),
};

function witnesses(server: Parameters<typeof judge>[0]['server'], console?: string): Parameters<typeof judge>[0] {
  return {
    server,
    trace: {agentFetched: false, hello: false, refused: []},
    waitedMs: 1,
    ...(console !== undefined && {console}),
  };
}

function report(
  {id, detail}: {readonly id: string; readonly detail: string},
  fact: string,
): Parameters<typeof checkReport>[0] {
  return {
    identity: {server: 'x', agent_version: '1'},
    checks: [{id, outcome: 1, detail, millis: 1}],
    facts: {kernel: fact},
    waited_ms: 1,
    checked_ms: 1,
  } as unknown as Parameters<typeof checkReport>[0];
}

function secrets(): SecretRegistry {
  const known = new SecretRegistry();
  for (const secret of ['aaaaaaab', '////////b', '        b', '\n\n\n\n\n\n\n\nb']) known.add(secret);
  return known;
}

function element(path: string, text: string): Parameters<typeof lintElements>[0][number] {
  return {
    name: 'a',
    folder: '/a',
    own: true,
    hash: '',
    files: [{path, mode: 0o755, kind: 'file', text, sha256: ''}],
  };
}

/** An image whose every property is that text. */
function imageOf(text: string): Parameters<typeof liveSubject>[0] {
  const keys = [
    ...['architecture', 'os_distro', 'os_version', 'os_purpose', 'hw_disk_bus', 'hypervisor_type', 'image_source'],
    ...['image_build_date', 'replace_frequency', 'provided_until', 'uuid_validity', 'hotfix_hours', 'maintained_until'],
    ...['l1_support_contact', 'hw_pmu', 'hw_video_ram'],
  ];
  // Some characters are counted once for each of the properties.
  const part = text.slice(0, text.length / keys.length);
  return {
    ...{
      id: 'x',
      name: part,
      status: 'active',
      visibility: 'public',
      osHidden: false,
      protected: false,
      owner: null,
      tags: [part],
    },
    ...{minDisk: 1, minRam: 64, diskFormat: null, containerFormat: null, size: 1, virtualSize: 1, osHashAlgo: part},
    ...{osHashValue: null, createdAt: part, updatedAt: '', stores: []},
    properties: {...Object.fromEntries(keys.map((key) => [key, part])), [part]: part, [`trait:${part}`]: part},
  };
}
