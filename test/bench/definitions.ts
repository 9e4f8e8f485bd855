import {mkdir, writeFile} from 'node:fs/promises';

/** One definition with one version, as a line of flow YAML that imgmgr and its peer both read. */
export interface Listed {
  readonly name: string;
  readonly url: string;
  readonly checksum: string;
  /** False: it is published without a boot. */
  readonly verified?: false;
}

/** Writes the definitions into one file in a folder of its own and gives the folder. */
export async function writeDefinitions(folder: string, listed: readonly Listed[]): Promise<string> {
  await mkdir(folder, {recursive: true});
  await writeFile(`${folder}/bench.yml`, `---\nimages:\n${listed.map(definition).join('')}`);
  return folder;
}

/** The version that every definition lists. */
const VERSION = '20260105';

function definition({name, url, checksum, verified}: Listed): string {
  return `
  - name: ${name}
    enable: true
    format: raw
    login: debian
    min_disk: 1
    min_ram: 512
    status: active
    visibility: public
    multi: true
${verified === false ? '    verify: {mode: none}\n' : ''}    meta:
      architecture: x86_64
      hypervisor_type: qemu
      hw_disk_bus: virtio
      os_distro: debian
      os_version: '12'
      os_purpose: generic
      replace_frequency: monthly
      uuid_validity: last-3
      provided_until: none
    tags: []
    versions:
      - version: '${VERSION}'
        url: ${url}
        checksum: '${checksum}'
        build_date: 2026-01-05
`;
}
