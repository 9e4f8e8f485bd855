import {describe, expect, it} from 'vitest';
import {parsePackages} from '../../../../src/core/build/packages.ts';
import {ImgmgrError} from '../../../../src/errors.ts';

/** As diskimage-builder 3.13 and 3.43 write it, `sed` traces and all. */
const DPKG = `{"packages": [
{"package": "zlib1g:amd64","arch": "amd64","version": "1:1.2.13.dfsg-1","status": "ii "    },
{"package": "adduser","arch": "all","version": "3.134","status": "ii "    },
{"package": "libc6:i386","arch": "i386","version": "2.36-9+deb12u10","status": "ii "    },
{"package": "libc6:amd64","arch": "amd64","version": "2.36-9+deb12u10","status": "ii "    },
{"package": "linux-image-6.1","arch": "amd64","version": "6.1.1","status": "hi "    },
{"package": "rsyslog","arch": "amd64","version": "8.2302.0-1","status": "rc "    },
{"package": "vim","arch": "amd64","version": "","status": "un "    },
{"package": "sudo","arch": "amd64","version": "1.9.13p3-1","status": "iU "}
]}`;

const RPM = `gpg-pubkey-8483c65d-5ccc5b19
kernel-core-5.14.0-427.el9.x86_64
kernel-core-5.14.0-362.el9.x86_64
bash-5.1.8-9.el9.x86_64
python3-setuptools-wheel-53.0.0-12.el9_4.1.noarch
gpg-pubkey-fd431d51-4ae0493b.(none)

`;

function refused(text: string, kind: 'dpkg' | 'rpm'): ImgmgrError {
  try {
    parsePackages(text, kind);
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
  }
  throw new Error('was read');
}

describe('the packages of a manifest', () => {
  it('are what dpkg has installed, by name and architecture, without the removed ones', () => {
    expect(parsePackages(DPKG, 'dpkg')).toEqual([
      {name: 'adduser', version: '3.134', arch: 'all'},
      {name: 'libc6', version: '2.36-9+deb12u10', arch: 'amd64'},
      {name: 'libc6', version: '2.36-9+deb12u10', arch: 'i386'},
      {name: 'linux-image-6.1', version: '6.1.1', arch: 'amd64'},
      {name: 'sudo', version: '1.9.13p3-1', arch: 'amd64'},
      {name: 'zlib1g', version: '1:1.2.13.dfsg-1', arch: 'amd64'},
    ]);
  });

  it('are what rpm -qa prints, keys and several kernels among them', () => {
    expect(parsePackages(RPM, 'rpm')).toEqual([
      {name: 'bash', version: '5.1.8-9.el9', arch: 'x86_64'},
      {name: 'gpg-pubkey', version: '8483c65d-5ccc5b19', arch: 'noarch'},
      {name: 'gpg-pubkey', version: 'fd431d51-4ae0493b', arch: 'noarch'},
      {name: 'kernel-core', version: '5.14.0-362.el9', arch: 'x86_64'},
      {name: 'kernel-core', version: '5.14.0-427.el9', arch: 'x86_64'},
      {name: 'python3-setuptools-wheel', version: '53.0.0-12.el9_4.1', arch: 'noarch'},
    ]);
  });

  it.each<['dpkg' | 'rpm', string, string]>([
    ['dpkg', '{"packages": [', 'is no JSON'],
    ['dpkg', '{"packages": [{"package": "bash"}]}', 'packages.0.arch'],
    ['rpm', 'bash-5.1.8-9.el9.x86_64\nerror: cannot open Packages database', 'line 2: "error: cannot open'],
  ])('are refused where a %s list is cut off or something else: %s', (kind, text, why) => {
    const error = refused(text, kind);
    expect(error.code).toBe('UNSUPPORTED');
    expect(error.message).toContain(why);
  });
});
