import {createHash} from 'node:crypto';
import {resolve} from 'node:path';
import type {ElementTree} from '../core/build/element-tree.ts';
import type {ElementFinding} from '../core/build/lint-elements.ts';
import {lintElements} from '../core/build/lint-elements.ts';
import type {BuildInputs, BuildSpec, Machine} from '../core/build/spec.ts';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import {containerInputs} from './container.ts';
import {DEFAULTS} from './environment.ts';
import {readElements} from './element-trees.ts';
import type {DibTool} from './tool.ts';

/** What is asked for, and with what it would be built. */
export interface InputsRequest {
  readonly spec: BuildSpec;
  readonly machine: Machine;
  readonly baseDir: string;
  readonly tool: DibTool;
  /** imgmgr's own elements. */
  readonly ownElements: string;
  readonly agentVersion: string;
  /** Asks podman or docker for base images. */
  readonly exec: Exec;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Inputs, with the trees that they were read from. */
export interface ReadInputs {
  readonly inputs: BuildInputs;
  readonly trees: readonly ElementTree[];
  /** What could be better in the elements, and does not keep them from being built. */
  readonly advice: readonly Advice[];
}

/** `element motd: there is no README.rst (…/motd)`, and what to do. */
export interface Advice {
  readonly message: string;
  readonly hint: string;
}

/** The folders in which elements are looked for: the definition's, imgmgr's, diskimage-builder's. */
export function elementFolders({
  spec,
  baseDir,
  ownElements,
  tool,
}: Pick<InputsRequest, 'spec' | 'baseDir' | 'ownElements' | 'tool'>): string[] {
  return [
    ...(spec.elementsPath === undefined ? [] : [resolve(baseDir, spec.elementsPath)]),
    ownElements,
    tool.elements,
  ];
}

/**
 * Everything that decides what a build makes. Where it is fetched from (mirrors, proxies) does not: the same things come from
 * another mirror. DEFINITION with all that is wrong with the elements.
 */
export async function readInputs(request: InputsRequest): Promise<ReadInputs> {
  const {spec, machine, tool, agentVersion} = request;
  const trees = await readElements({names: elementNames(spec, machine), paths: elementFolders(request)});
  const advice = refuseBroken(trees);
  const parts: Record<string, string> = {
    machine,
    'diskimage-builder': tool.version,
    formats: [...spec.formats].sort().join(' '),
    compress: String(spec.compress),
    packages: [...spec.packages].sort().join(' '),
    ...(spec.release !== undefined && {release: spec.release}),
    ...(spec.sizeGib !== undefined && {size: String(spec.sizeGib)}),
    defaults: JSON.stringify(DEFAULTS),
    ...(spec.mkfsOptions !== undefined && {mkfs_options: spec.mkfsOptions}),
    ...Object.fromEntries(Object.entries(spec.environment).map(([name, value]) => [`environment/${name}`, value])),
    ...Object.fromEntries(trees.map(({name, hash}) => [`elements/${name}`, hash])),
    ...(trees.some(({name}) => name === 'agent-install') && {agent: agentVersion}),
    ...(spec.container && (await containerInputs(spec.container, request))),
  };
  return {inputs: {hash: hashOf(parts), parts}, trees, advice};
}

/** The elements as diskimage-builder completes them: `base` always, and a block device where `vm` has none. */
export function elementNames({elements, container}: BuildSpec, machine: Machine): string[] {
  const hasDevice = elements.some((name) => name.startsWith('block-device-'));
  const device = machine === 'aarch64' ? 'block-device-efi' : 'block-device-mbr';
  const root = container === undefined ? [] : ['containerfile'];
  return [...new Set(['base', ...root, ...elements, ...(elements.includes('vm') && !hasDevice ? [device] : [])])];
}

/** What the lint finds: refused where the image would not be what its definition says, else given back. */
function refuseBroken(trees: readonly ElementTree[]): readonly Advice[] {
  const findings = lintElements(trees);
  const place = ({element, path, line}: ElementFinding): string =>
    `${trees.find(({name}) => name === element)?.folder ?? element}/${path}${line === undefined ? '' : `:${line}`}`;
  const broken = findings.filter(({advice}) => advice !== true);
  const [first] = broken;
  if (!first)
    return findings.map((each) => ({
      message: `element ${each.element}: ${each.message} (${place(each)})`,
      hint: each.hint,
    }));
  throw new ImgmgrError('DEFINITION', `element ${first.element}: ${first.message}`, {
    place: place(first),
    hint: first.hint,
    problems: broken.slice(1).map((each) => ({
      message: `element ${each.element}: ${each.message}`,
      place: {file: place(each), line: each.line ?? 1, column: 1},
      hint: each.hint,
    })),
  });
}

function hashOf(parts: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
