import {describe, expect, it} from 'vitest';
import type {DibRequest} from '../../../src/build/dib-command.ts';
import {dibCommand, hostPath} from '../../../src/build/dib-command.ts';

const WORK = '/var/tmp/imgmgr-build-1';
const REQUEST: DibRequest = {
  tool: {command: '/opt/dib/bin/disk-image-create', version: '3.43.0', elements: '/opt/dib/elements'},
  spec: {
    elements: ['debian-minimal', 'vm'],
    environment: {},
    packages: [],
    formats: ['qcow2'],
    compress: true,
    timeoutSeconds: 60,
  },
  machine: 'x86_64',
  folder: {path: WORK, tmp: `${WORK}/tmp`, out: `${WORK}/out`, bin: `${WORK}/bin`, leave: () => undefined},
  elementsPaths: [],
  imageCache: '/var/cache/imgmgr/dib',
  hostEnv: {PATH: '/usr/bin', HOME: '/home/x'},
  extraEnv: {},
};

describe('the command line', () => {
  it('is short for a plain definition', () => {
    expect(dibCommand(REQUEST).command).toBe('/opt/dib/bin/disk-image-create');
    expect(dibCommand(REQUEST).args.join(' ')).toBe(
      `-a amd64 -t qcow2 --no-tmpfs -o ${WORK}/out/image debian-minimal vm`,
    );
  });

  it('says all that a definition says', () => {
    const {args} = dibCommand({
      ...REQUEST,
      machine: 'aarch64',
      spec: {
        ...REQUEST.spec,
        packages: ['a', 'b'],
        sizeGib: 10,
        mkfsOptions: '-i 16384 -m 1',
        compress: false,
        formats: ['raw', 'qcow2'],
      },
    });
    expect(args).toEqual([
      ...['-a', 'arm64', '-t', 'raw,qcow2', '--no-tmpfs', '-o', `${WORK}/out/image`, '-p', 'a,b', '--image-size', '10'],
      ...['--mkfs-options', '-i 16384 -m 1', '-u', 'debian-minimal', 'vm'],
    ]);
  });
});

describe('the environment', () => {
  it('is only what the build needs', () => {
    const {env} = dibCommand({...REQUEST, hostEnv: {...REQUEST.hostEnv, OS_PASSWORD: 'secret', LANG: 'de_DE'}});
    expect(env).toEqual({
      DIB_IMAGE_CACHE: '/var/cache/imgmgr/dib',
      DIB_QUIET: '0',
      TMP_DIR: `${WORK}/tmp`,
      TMPDIR: `${WORK}/tmp`,
      HOME: '/home/x',
      PATH: `${WORK}/bin:/opt/dib/bin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin`,
    });
  });

  it('takes release, element folders and proxies, in both spellings', () => {
    const {env} = dibCommand({
      ...REQUEST,
      spec: {...REQUEST.spec, release: 'bookworm'},
      elementsPaths: ['/a', '/b'],
      hostEnv: {http_proxy: 'http://p:1', NO_PROXY: 'x'},
    });
    expect(env).toMatchObject({
      DIB_RELEASE: 'bookworm',
      ELEMENTS_PATH: '/a:/b',
      http_proxy: 'http://p:1',
      NO_PROXY: 'x',
      HOME: '/root',
    });
  });

  it('prefers the definition to what is handed in, and ours to the definition', () => {
    const {env} = dibCommand({
      ...REQUEST,
      extraEnv: {DIB_IMGMGR_AGENT_PATH: '/ours', DIB_DISTRIBUTION_MIRROR: 'http://default'},
      spec: {
        ...REQUEST.spec,
        environment: {DIB_DISTRIBUTION_MIRROR: 'http://named', TMP_DIR: '/elsewhere', DIB_QUIET: '1', PATH: '/x'},
      },
    });
    expect(env).toMatchObject({
      DIB_IMGMGR_AGENT_PATH: '/ours',
      DIB_DISTRIBUTION_MIRROR: 'http://named',
      TMP_DIR: `${WORK}/tmp`,
      DIB_QUIET: '0',
    });
    expect(env['PATH']?.startsWith(`${WORK}/bin:`)).toBe(true);
  });

  it('has the folders of root on its PATH once', () => {
    expect(hostPath({PATH: '/usr/sbin:/usr/bin'})).toBe('/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/sbin:/bin');
  });
});
