export DIB_CLOUD_INIT_DATASOURCES=${DIB_CLOUD_INIT_DATASOURCES:-"ConfigDrive, OpenStack"}
export DIB_IMGMGR_USER=${DIB_IMGMGR_USER:-}
export DIB_IMGMGR_USERS=${DIB_IMGMGR_USERS:-}
export DIB_IMGMGR_SSH_KEYS=${DIB_IMGMGR_SSH_KEYS:-}
export DIB_IMGMGR_SSH_PASSWORDS=${DIB_IMGMGR_SSH_PASSWORDS:-0}
export DIB_IMGMGR_GUEST_AGENT=${DIB_IMGMGR_GUEST_AGENT:-0}
# Package lists ask for its value, so it has to be known before they are read.
case ${DISTRO_NAME:-} in
    debian* | ubuntu*) export DIB_IMGMGR_NETWORK=${DIB_IMGMGR_NETWORK:-netplan} ;;
    *) export DIB_IMGMGR_NETWORK=${DIB_IMGMGR_NETWORK:-networkmanager} ;;
esac
# Where the hooks write: tests have a folder. Without a value they do nothing, so that none is run by hand on a real system.
export IMGMGR_ROOT=${IMGMGR_ROOT:-}
