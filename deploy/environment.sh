#!/usr/bin/env bash
# Makes the virtual environment $1 hold exactly what the lock $2 says. Called by make when the lock has changed.
# PYTHON names the interpreter; without it the newest suitable one is taken.
set -euo pipefail
venv=$1 lock=$2

refuse() { echo "$*" >&2; exit 1; }

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if [ -n "${PYTHON:-}" ]; then
    suits "$PYTHON" || refuse "PYTHON=$PYTHON is not a Python 3.11 or newer: name another, or leave PYTHON out."
    found=$PYTHON
else
    found=
    for candidate in python3 python3.11 python3.12 python3.13; do
        if suits "$candidate"; then found=$candidate; break; fi
    done
    [ -n "$found" ] || refuse "Python 3.11 or newer is needed and none was found: install it (Debian: apt install python3 python3-venv)."
fi

if [ ! -x "$venv/bin/python" ] || ! suits "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    "$found" -c 'import ensurepip, venv' 2>/dev/null ||
        refuse "The venv module of $found is missing: install it (Debian: apt install python3-venv)."
    echo "Making the environment in $venv ..."
    rm -rf "$venv"
    "$found" -m venv "$venv" || refuse "The environment could not be made in $venv: is the directory writable, the disk not full?"
fi

echo "Installing what $lock pins; this takes a minute once ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r "$lock" ||
    refuse "The packages could not be installed (see above): is there a way to the package index? Then run the same command again."
cp "$lock" "$venv/installed.lock"
