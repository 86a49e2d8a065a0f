#!/bin/sh
# Before the removal of a package; an upgrade leaves a running server alone. $1: rpm says 0, dpkg says "remove".
if [ -d /run/systemd/system ] && { [ "$1" = 0 ] || [ "$1" = remove ]; }; then
  systemctl disable --now torc-server.service || true
fi
