#!/bin/sh
# Makes .venv with exactly what requirements.lock pins, and this project in it (editable). Run by `make setup`.
# Does nothing when the last set-up was from the same files with the same Python. PYTHON=python3.12 chooses another.
set -eu
cd "$(dirname "$0")/.."
venv=.venv
stamp=$venv/.furlong-setup

supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))'
version='import sys; print("%d.%d.%d" % sys.version_info[:3])'

find_python() {
    for candidate in python3.11 python3.12 python3 python; do
        if "$candidate" -c "$supported" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "setup: no Python 3.11 or 3.12 on PATH; install one, or name it: make setup PYTHON=/path/to/python3.12" >&2
    exit 2
}

fingerprint() { # of everything that decides what .venv holds
    "$venv/bin/python" - <<'PYTHON'
import hashlib, pathlib, sys, tomllib
project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())
facts = (sys.version, str(pathlib.Path(sys.prefix).resolve()), project["project"], project["build-system"])
digest = hashlib.sha256(repr(facts).encode())
for name in ("requirements-bootstrap.lock", "requirements.lock", "scripts/setup.sh"):
    digest.update(pathlib.Path(name).read_bytes())
print(digest.hexdigest())
PYTHON
}

if [ -n "${PYTHON:-}" ]; then
    "$PYTHON" -c "$supported" || { echo "setup: PYTHON=$PYTHON is not Python 3.11 or 3.12; name one that is" >&2; exit 2; }
    if [ -x $venv/bin/python ] && [ "$("$PYTHON" -c "$version")" != "$($venv/bin/python -c "$version")" ]; then
        echo "setup: making $venv anew with $PYTHON"
        rm -rf $venv
    fi
fi
if [ -f $stamp ] && [ -x $venv/bin/python ] && [ "$(cat $stamp)" = "$(fingerprint)" ]; then
    exit 0
fi

rm -f $stamp
if ! [ -x $venv/bin/python ] || ! $venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=${PYTHON:-$(find_python)}
    rm -rf $venv
    echo "setup: $venv with $("$python" --version)"
    "$python" -m venv $venv
fi
echo "setup: the installer"
$venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
echo "setup: the locked packages (about 1.5 GB on disk)"
VIRTUAL_ENV=$PWD/$venv $venv/bin/uv pip sync --require-hashes --compile-bytecode requirements.lock
echo "setup: furlong itself, editable"
VIRTUAL_ENV=$PWD/$venv $venv/bin/uv pip install --quiet --no-deps --no-build-isolation --editable .
fingerprint >$stamp
echo "setup: ready; the command is $venv/bin/sweeps"
