#!/bin/sh
# The two programs some tests use that are no Python packages: a headless browser, and strace to watch sockets.
# Installs them where this is a Debian machine and we are root; elsewhere says what is missing, and those tests skip.
# On CI (CI=true) they must be there.
set -eu

missing=""
command -v chromium >/dev/null 2>&1 || missing="chromium"
command -v chromedriver >/dev/null 2>&1 || missing="$missing chromium-driver"
command -v strace >/dev/null 2>&1 || missing="$missing strace"
missing=$(echo $missing)
[ -n "$missing" ] || exit 0

if [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "system packages: installing $missing"
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    if apt-get -q -o DPkg::Lock::Timeout=300 update >"$log" 2>&1 &&
        apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing >>"$log" 2>&1; then
        rm -f "$log"
        exit 0
    fi
    tail -n 5 "$log" >&2
    rm -f "$log"
fi

echo "system packages: $missing not found; the tests that need them skip (Debian: apt-get install $missing)" >&2
[ "${CI:-}" != true ]
