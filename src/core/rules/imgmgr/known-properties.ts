import {NUMBER_KEYS, TRUTH_KEYS, VOCABULARIES} from '../openstack/vocabulary.ts';

/** Properties that Glance, Nova, SCS-0102 and imgmgr itself read, in lowercase; any other is the operator's own. */
export const KNOWN_PROPERTIES: ReadonlySet<string> = new Set([
  ...VOCABULARIES.map(({key}) => key),
  ...TRUTH_KEYS,
  ...NUMBER_KEYS,
  ...`os_distro os_version os_purpose os_admin_user os_command_line os_require_quiesce os_skip_agent_inject_files_at_boot
    os_skip_agent_inject_ssh os_hash_algo os_hash_value kernel_id ramdisk_id instance_uuid vm_mode cinder_encryption_key_id
    cinder_encryption_key_deletion_policy cinder_img_volume_type auto_disk_config image_type base_image_ref boot_roles
    replace_frequency provided_until uuid_validity hotfix_hours image_source image_description image_build_date
    image_original_user image_name patchlevel license_included license_required subscription_included subscription_required
    maintained_until l1_support_contact internal_version upstream_checksum
    hw_architecture hw_cdrom_bus hw_cpu_policy hw_cpu_realtime_mask hw_cpu_thread_policy hw_emulation_architecture
    hw_emulator_threads_policy hw_ephemeral_encryption hw_ephemeral_encryption_format hw_floppy_bus hw_input_bus
    hw_ipxe_boot hw_locked_memory hw_machine_type hw_maxphysaddr_bits hw_maxphysaddr_mode hw_mem_page_size hw_numa_cpus
    hw_numa_mem hw_numa_nodes hw_pci_numa_affinity_policy hw_pointer_model hw_redirected_virtio_socket hw_rescue_bus
    hw_rescue_device hw_serial_port_count hw_sound_model hw_tpm_model hw_tpm_secret_security hw_tpm_version
    hw_usb_model hw_vif_mac_address hw_viommu_model hw_virtio_packed_ring hw_vm_mode hw_watchdog_model
    img_bdm_v2 img_block_device_mapping img_bittorrent img_compression img_hv_requested_version img_hv_type
    img_linked_clone img_mappings img_mkisofs_command img_owner_id img_root_device_name img_signature
    img_signature_certificate_uuid img_signature_hash_method img_signature_key_type img_use_agent img_version
    vmware_adaptertype vmware_disktype vmware_ostype vmware_image_version cache_in_nova
    block_device_mapping root_device_name signature_verified`
    .split(/\s+/)
    .filter((key) => key !== ''),
]);
