import {ImgmgrError} from '../../errors.ts';
import {exists} from '../../host/look.ts';
import type {Architecture, Firmware} from './machine.ts';

/** Where Debian, Ubuntu, Fedora and openSUSE keep UEFI for virtual machines. */
const PLACES: Readonly<Record<Architecture, readonly Firmware[]>> = {
  x86_64: [
    {code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd'},
    {code: '/usr/share/OVMF/OVMF_CODE.fd', variables: '/usr/share/OVMF/OVMF_VARS.fd'},
    {code: '/usr/share/edk2/ovmf/OVMF_CODE.fd', variables: '/usr/share/edk2/ovmf/OVMF_VARS.fd'},
    {code: '/usr/share/qemu/ovmf-x86_64-code.bin', variables: '/usr/share/qemu/ovmf-x86_64-vars.bin'},
  ],
  aarch64: [
    {code: '/usr/share/AAVMF/AAVMF_CODE.fd', variables: '/usr/share/AAVMF/AAVMF_VARS.fd'},
    {
      code: '/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw',
      variables: '/usr/share/edk2/aarch64/vars-template-pflash.raw',
    },
    {code: '/usr/share/qemu/aavmf-aarch64-code.bin', variables: '/usr/share/qemu/aavmf-aarch64-vars.bin'},
  ],
};

const PACKAGES: Readonly<Record<Architecture, string>> = {x86_64: 'ovmf', aarch64: 'qemu-efi-aarch64'};

/** UEFI for the architecture; UNSUPPORTED, with the package to install, where this host has none. */
export async function findFirmware(
  architecture: Architecture,
  places: readonly Firmware[] = PLACES[architecture],
): Promise<Firmware> {
  for (const place of places) if ((await exists(place.code)) && (await exists(place.variables))) return place;
  throw new ImgmgrError(
    'UNSUPPORTED',
    `the image starts by UEFI, and there is no UEFI for ${architecture} on this host`,
    {
      hint: `install it (Debian: apt install ${PACKAGES[architecture]})`,
    },
  );
}
