import {describe, expect, it} from 'vitest';
import {mirrorsOf} from '../../../src/build/environment.ts';

describe('mirrors', () => {
  it('are taken from the environment of this host, and nothing else is', () => {
    expect(
      mirrorsOf({
        DIB_DISTRIBUTION_MIRROR: 'http://mirror.example/debian',
        DIB_DEBIAN_SECURITY_MIRROR: 'http://mirror.example/debian-security',
        DIB_DEBIAN_SECURITY_SUBPATH: '-security',
        DIB_APT_SOURCES_CONF: 'default:deb http://mirror.example/debian bookworm main',
        DIB_PYPI_MIRROR_URL: '',
        DIB_RELEASE: 'bookworm',
        OS_PASSWORD: 'hunter2',
        MIRROR: 'http://mirror.example',
      }),
    ).toEqual({
      DIB_DISTRIBUTION_MIRROR: 'http://mirror.example/debian',
      DIB_DEBIAN_SECURITY_MIRROR: 'http://mirror.example/debian-security',
      DIB_DEBIAN_SECURITY_SUBPATH: '-security',
      DIB_APT_SOURCES_CONF: 'default:deb http://mirror.example/debian bookworm main',
    });
  });

  it('with a password are refused, because the image would hold it, and the password is not shown', () => {
    const thrown = (): unknown => {
      try {
        return mirrorsOf({DIB_DISTRIBUTION_MIRROR: 'http://me:hunter2@mirror.example/debian'});
      } catch (error) {
        return error;
      }
    };
    expect(thrown()).toMatchObject({code: 'CONFIG', place: 'environment variable DIB_DISTRIBUTION_MIRROR'});
    expect(String(thrown())).not.toContain('hunter2');
  });
});
