#!/bin/sh
# Runs a command in a root file system as a strict container engine does: process 1 of its own, user 65532, no
# capability, no way to gain one, and nothing writable. CONFIG appears as /etc/zapi-exporter.
# usage: unprivileged.sh ROOT CONFIG COMMAND [ARGUMENT...]
set -eu
# shellcheck disable=SC2016 # the inner shell expands them
exec unshare --mount --pid --fork --kill-child sh -euc '
    root=$1 config=$2
    shift 2
    mount --bind "$root" "$root"
    mount --bind "$config" "$root/etc/zapi-exporter"
    mount -o remount,bind,ro "$root/etc/zapi-exporter"
    mount -o remount,bind,ro "$root"
    mount -t proc proc "$root/proc"
    exec chroot "$root" setpriv --reuid=65532 --regid=65532 --clear-groups --inh-caps=-all --bounding-set=-all \
        --no-new-privs "$@"
' sh "$@"
