import {createHash} from 'node:crypto';
import {resolve} from 'node:path';
import type {ElementTree} from '../core/build/element-tree.ts';
import {lintElements} from '../core/build/lint-elements.ts';
import type {BuildInputs, BuildSpec, Machine} from '../core/build/spec.ts';
import {ImgmgrError} from '../errors.ts';
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
}

/** Inputs, with the trees that they were read from. */
export interface ReadInputs {
  readonly inputs: BuildInputs;
  readonly trees: readonly ElementTree[];
}

/** The folders in which elements are looked for: the definition's, imgmgr's, diskimage-builder's. */
export function elementFolders({
  spec,
  baseDir,
  ownElements,
  tool,
}: Omit<InputsRequest, 'machine' | 'agentVersion'>): string[] {
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
  refuseBroken(trees);
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
  };
  return {inputs: {hash: hashOf(parts), parts}, trees};
}

/** The elements as diskimage-builder completes them: `base` always, and a block device where `vm` has none. */
export function elementNames({elements}: BuildSpec, machine: Machine): string[] {
  const hasDevice = elements.some((name) => name.startsWith('block-device-'));
  const device = machine === 'aarch64' ? 'block-device-efi' : 'block-device-mbr';
  return [...new Set(['base', ...elements, ...(elements.includes('vm') && !hasDevice ? [device] : [])])];
}

function refuseBroken(trees: readonly ElementTree[]): void {
  const findings = lintElements(trees);
  const [first] = findings;
  if (!first) return;
  const place = (element: string, path: string, line?: number): string =>
    `${trees.find(({name}) => name === element)?.folder ?? element}/${path}${line === undefined ? '' : `:${line}`}`;
  throw new ImgmgrError('DEFINITION', `element ${first.element}: ${first.message}`, {
    place: place(first.element, first.path, first.line),
    hint: first.hint,
    problems: findings.slice(1).map(({element, path, line, message, hint}) => ({
      message: `element ${element}: ${message}`,
      place: {file: place(element, path), line: line ?? 1, column: 1},
      hint,
    })),
  });
}

function hashOf(parts: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
