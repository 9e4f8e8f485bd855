import type {Policy} from '../core/policy.ts';
import type {Shard} from '../core/shard.ts';
import {resolveShard} from '../core/shard.ts';
import type {AppPorts, OpenCloud} from './ports.ts';
import type {BuildSettings, CloudChoice, DefinitionChoice} from './requests.ts';
import type {OptionParts} from './run-options.ts';
import {runOptions} from './run-options.ts';
import type {Selection} from './select.ts';
import {select} from './select.ts';
import type {CloudWay, CloudWork} from './work-on-clouds.ts';

/** What distinguishes a verb from the others that work on clouds. */
export interface Verb {
  readonly command: string;
  /** What the verb itself decides, whatever the request says. */
  readonly policy?: Partial<Policy>;
}

/** The parts of a request that can differ from cloud to cloud. */
export type CloudParts = Omit<OptionParts, 'dryRun' | 'definitions' | 'deletion'>;

/** The parts of a request that become work on clouds. */
export interface CloudRequest extends CloudChoice, OptionParts {
  /** By cloud, what is different there. */
  readonly ofCloud?: ReadonlyMap<string, Partial<CloudParts>>;
  /** Absent: builds are left out. */
  readonly builds?: BuildSettings;
}

/** The work that a request asks for on these definitions and clouds. */
export function cloudWork(
  request: CloudRequest,
  {command, policy}: Verb,
  {
    selection,
    clouds,
    shard,
  }: {
    readonly selection: Selection;
    readonly clouds: readonly OpenCloud[];
    readonly shard?: Shard;
  },
): CloudWork {
  const {region, builds, ofCloud} = request;
  const differing = [...(ofCloud ?? [])].map(([name, parts]) => [name, wayOf({...request, ...parts}, policy)] as const);
  return {
    command,
    clouds,
    selection,
    ...wayOf(request, policy),
    ...(differing.length > 0 && {ofCloud: new Map(differing)}),
    ...(region !== undefined && {region}),
    ...(shard && {shard}),
    ...(builds && {builds}),
  };
}

function wayOf(parts: OptionParts, policy: Partial<Policy> | undefined): CloudWay {
  const {tests} = parts;
  return {options: runOptions(parts, policy), ...(tests?.verify === true && {boot: tests.boot})};
}

/** The work on the definitions and clouds that a request chooses; `narrow` leaves definitions out. DEFINITION, and CONFIG where the clouds are not clear. */
export async function definitionWork(
  request: CloudRequest & {readonly definitions: DefinitionChoice},
  verb: Verb & {readonly narrow?: (selection: Selection) => Selection},
  ports: Pick<AppPorts, 'files' | 'clouds' | 'jobIndex'>,
): Promise<CloudWork> {
  const shard = request.run.shard && resolveShard(request.run.shard, ports.jobIndex);
  const selected = await select(request.definitions, ports);
  const selection = verb.narrow ? verb.narrow(selected) : selected;
  return cloudWork(request, verb, {selection, clouds: ports.clouds(request), ...(shard && {shard})});
}
