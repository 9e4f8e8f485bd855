import {DIB_ARCH} from '../core/build/spec.ts';
import type {Machine} from '../core/build/spec.ts';
import type {Diagnosis} from '../core/doctor.ts';
import {shortcoming, well} from '../core/doctor.ts';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import type {Check} from '../ports/doctor.ts';
import {findRuntime} from './container.ts';
import {lookAtHost} from './preflight.ts';
import {judgeHost} from './requirements.ts';
import {findDib} from './tool.ts';

/** What the look at builds needs. */
export interface BuildCheckParts {
  readonly exec: Exec;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workRoot: string;
  /** Where diskimage-builder is looked for last. */
  readonly checkoutDib?: string;
}

/** Whether this host can build images, also from containers; what single elements need besides is not looked at. */
export function buildChecks(parts: BuildCheckParts): readonly Check[] {
  return [
    {id: 'diskimage-builder', look: () => canBuild(parts)},
    {id: 'containers', look: () => canBuildContainers(parts)},
  ];
}

async function canBuildContainers({env}: BuildCheckParts): Promise<Diagnosis> {
  try {
    const {name, command} = await findRuntime(env);
    return well(`${name} (${command})`);
  } catch (error) {
    if (!(error instanceof ImgmgrError) || error.code !== 'CONFIG') throw error;
    return shortcoming(error, 'definitions with "build: {containerfile: …}" cannot be built on this host');
  }
}

async function canBuild({workRoot, ...parts}: BuildCheckParts): Promise<Diagnosis> {
  const useless = 'definitions with "build:" cannot be built on this host';
  try {
    const {version, command} = await findDib(parts);
    const host = await lookAtHost({exec: parts.exec, path: parts.env['PATH'] ?? '', workRoot});
    const machine = (Object.keys(DIB_ARCH) as Machine[]).find((each) => each === host.machine);
    const fault = machine && judgeHost(host, {spec: {environment: {}, formats: []}, machine, elements: []});
    if (fault) return shortcoming(fault, `diskimage-builder ${version} is there, but ${useless}`);
    return well(`diskimage-builder ${version} (${command})`);
  } catch (error) {
    if (!(error instanceof ImgmgrError) || error.code !== 'UNSUPPORTED') throw error;
    return shortcoming(error, useless);
  }
}
