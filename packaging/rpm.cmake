# CPack's settings for the .rpm of a portable program; scripts/package.sh sets TORC_VERSION, TORC_ARCH, TORC_STAGE (the
# installed files, for the prefix /usr) and TORC_OUTPUT.
set(CPACK_GENERATOR RPM)
set(CPACK_PACKAGE_NAME torc-cpp)
set(CPACK_PACKAGE_VERSION "${TORC_VERSION}")
set(CPACK_PACKAGE_VENDOR "the torc in C++ authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Run thousands of jobs on the machines you have")
set(CPACK_PACKAGE_DESCRIPTION
    "torc runs parameter sweeps, simulations and pipelines of scripts on this machine or on any machine that you reach with
ssh. It needs no scheduler, no root access and no agent to install first.")
set(CPACK_RPM_PACKAGE_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION}")
set(CPACK_PACKAGE_DIRECTORY "${TORC_OUTPUT}")
set(CPACK_PACKAGE_FILE_NAME "torc-cpp-${TORC_VERSION}-1.${TORC_ARCH}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALLED_DIRECTORIES "${TORC_STAGE}/usr" usr)

set(CPACK_RPM_PACKAGE_ARCHITECTURE "${TORC_ARCH}")
set(CPACK_RPM_PACKAGE_RELEASE 1)
set(CPACK_RPM_PACKAGE_LICENSE "BSD-3-Clause")
set(CPACK_RPM_PACKAGE_GROUP "Applications/System")
set(CPACK_RPM_PACKAGE_AUTOREQPROV no) # The program is static.
set(CPACK_RPM_PACKAGE_SUGGESTS openssh-clients)
set(CPACK_RPM_POST_INSTALL_SCRIPT_FILE "${CMAKE_CURRENT_LIST_DIR}/after_install.sh")
set(CPACK_RPM_PRE_UNINSTALL_SCRIPT_FILE "${CMAKE_CURRENT_LIST_DIR}/before_remove.sh")
# Directories that belong to the system.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /usr/bin /usr/lib /usr/lib/systemd /usr/lib/systemd/system /usr/lib/sysusers.d /usr/share
    /usr/share/doc)
# The same bytes from the same files, whatever machine builds the package, and no change to the program.
set(CPACK_RPM_SPEC_MORE_DEFINE
    "%global _buildhost localhost
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global _binary_payload w9.gzdio")
