# Before 10-bootloader-default-cmdline, which has defaults of its own; it adds the serial console itself.
export DIB_BOOTLOADER_DEFAULT_CMDLINE=${DIB_BOOTLOADER_DEFAULT_CMDLINE:-quiet}
export DIB_GRUB_TIMEOUT=${DIB_GRUB_TIMEOUT:-0}
# cloud-init configures the network, not a file with the names of two interfaces.
export DIB_APT_MINIMAL_CREATE_INTERFACES=${DIB_APT_MINIMAL_CREATE_INTERFACES:-0}
