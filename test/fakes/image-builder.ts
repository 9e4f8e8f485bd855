import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Artifact, BuildRequest, Completed, ImageBuilder} from '../../src/ports/image-builder.ts';
import type {BuildInputs} from '../../src/core/build/spec.ts';
import type {ImgmgrError} from '../../src/errors.ts';

/** A builder that makes files at once and remembers what it was asked. */
export class FakeBuilder implements ImageBuilder {
  readonly folder: string;
  readonly built: BuildRequest[] = [];
  readonly completed: string[] = [];
  readonly settled: string[] = [];
  /** Versions that the run said it uses. */
  readonly used: string[] = [];
  sweeps = 0;
  /** What the next inputs hash to. */
  hash = 'a'.repeat(64);
  stored: Artifact[] = [];
  faults: Partial<Record<'inputs' | 'build', ImgmgrError>> = {};
  /** What a build holds; less than 512 bytes are no disk. */
  content: (request: BuildRequest) => string = ({version, inputs}) => `build ${version} of ${inputs.hash}`.padEnd(1024);

  constructor(folder: string) {
    this.folder = folder;
  }

  inputs(): Promise<BuildInputs> {
    if (this.faults.inputs) return Promise.reject(this.faults.inputs);
    return Promise.resolve({hash: this.hash, parts: {environment: this.hash}});
  }

  artifacts(definition: string): Promise<readonly Artifact[]> {
    return Promise.resolve(this.stored.filter((artifact) => artifact.definition === definition));
  }

  async build(request: BuildRequest): Promise<Artifact> {
    this.built.push(request);
    if (this.faults.build) throw this.faults.build;
    request.progress({phase: 'install.d', line: 'one', elapsedMs: 1, limitMs: 2});
    const text = this.content(request);
    const path = join(this.folder, `${request.definition} ${request.version}.img`);
    await writeFile(path, text);
    const artifact: Artifact = {
      definition: request.definition,
      version: request.version,
      inputs: request.inputs.hash,
      machine: request.machine,
      files: request.spec.formats.map((format) => ({format, path, size: text.length})),
      manifest: `${path}.json`,
      log: `${path}.log`,
      builtAt: '2026-02-01T12:00:00Z',
    };
    this.stored = [artifact, ...this.stored];
    return artifact;
  }

  complete(artifact: Artifact, {sha512 = ''}: {readonly sha512?: string}): Promise<Completed> {
    this.completed.push(`${artifact.version} ${sha512.slice(0, 8)}`);
    return Promise.resolve({manifestSha256: 'f'.repeat(64), patchlevel: '12.15'});
  }

  use(artifact: Artifact): Promise<boolean> {
    this.used.push(artifact.version);
    return Promise.resolve(this.stored.includes(artifact));
  }

  sweep(): Promise<void> {
    this.sweeps++;
    return Promise.resolve();
  }

  keepNewest(definition: string, keep: number): Promise<void> {
    this.settled.push(definition);
    this.stored = this.stored
      .filter((one) => one.definition !== definition)
      .concat(this.stored.filter((one) => one.definition === definition).slice(0, keep));
    return Promise.resolve();
  }

  close(): void {
    // Nothing is held.
  }
}
