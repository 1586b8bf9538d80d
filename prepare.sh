# Sourced by ./demo and ./test: a Python environment in .venv and the system's packages.
# shellcheck shell=bash

# Behind a proxy with a certificate authority of its own, that of the system counts.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"

say() { printf '%s\n' "$*" >&2; }
fail() { say "Error: $*"; exit 1; }

# The newest Python from 3.11 to 3.13 on this machine.
find_python() {
    local python
    for python in python3.13 python3.12 python3.11 python3; do
        if command -v "$python" >/dev/null &&
            "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 is needed and not on PATH; install one and run this again."
}

# install_system PROGRAM=APT_PACKAGE:DNF_PACKAGE …: installs the packages of missing programs.
install_system() {
    local need apt=() dnf=() names
    for need in "$@"; do
        command -v "${need%%=*}" >/dev/null && continue
        names=${need#*=}
        apt+=("${names%%:*}") dnf+=("${names##*:}")
    done
    ((${#apt[@]})) || return 0
    install_packages "${apt[*]}" "${dnf[*]}"
}

# install_packages "APT PACKAGES" "DNF PACKAGES": asks before sudo.
install_packages() {
    local packages manager run=()
    if manager=$(command -v apt-get); then
        read -ra packages <<<"$1"
    elif manager=$(command -v dnf); then
        read -ra packages <<<"$2"
    else
        fail "missing: $1. Neither apt-get nor dnf is here to install it."
    fi
    if ((EUID)); then
        command -v sudo >/dev/null || fail "missing: ${packages[*]}. Ask an administrator to install them."
        say "These system packages are missing: ${packages[*]}"
        [[ -t 0 ]] || fail "there is no terminal to ask on; install them with: sudo $manager install ${packages[*]}"
        read -rp "Install them with sudo? [y/N] " answer
        [[ $answer == [yY]* ]] || fail "not installed: ${packages[*]}"
        run=(sudo)
    fi
    say "Installing ${packages[*]} …"
    if [[ $manager == */apt-get ]]; then
        "${run[@]}" "$manager" update -qq
        "${run[@]}" env DEBIAN_FRONTEND=noninteractive "$manager" install -y -qq "${packages[@]}" >/dev/null
    else
        "${run[@]}" "$manager" install -y -q "${packages[@]}" >/dev/null
    fi
}

# install_python GROUP …: this checkout and what uv.lock pins into .venv, unless that was done.
install_python() {
    local python stamp group groups=()
    stamp=.venv/prepared-$(cat pyproject.toml uv.lock | cksum | cut -d' ' -f1)
    [[ -f $stamp-$* || (-z $* && -f $stamp-dev) ]] && return
    say "Installing Python packages into .venv …"
    if [[ ! -x .venv/bin/uv ]]; then
        python=$(find_python)
        "$python" -c 'import ensurepip' 2>/dev/null || install_packages python3-venv python3
        "$python" -m venv .venv
        .venv/bin/python -m pip install -q --disable-pip-version-check uv
    fi
    for group in "$@"; do groups+=(--group "$group"); done
    # Not `uv sync`: it ignores an index of the machine's own, since uv.lock names addresses.
    .venv/bin/uv export -q --frozen --extra sandbox --no-default-groups "${groups[@]}" \
        --no-emit-project --output-file .venv/locked.txt
    .venv/bin/uv pip install -q --python .venv/bin/python --require-hashes -r .venv/locked.txt
    .venv/bin/uv pip install -q --python .venv/bin/python --no-deps -e .
    touch "$stamp-$*"
}

# prepare_sandbox: the programs that the sandbox cluster starts.
prepare_sandbox() {
    install_system bwrap=bubblewrap:bubblewrap ip=iproute2:iproute unshare=util-linux:util-linux \
        openssl=openssl:openssl git=git:git tar=tar:tar
}
