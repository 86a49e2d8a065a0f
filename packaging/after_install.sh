#!/bin/sh
# After the installation of a package: the user of torc-server.service, which is not started.
if command -v systemd-sysusers >/dev/null 2>&1; then
  systemd-sysusers torc.conf || true
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
