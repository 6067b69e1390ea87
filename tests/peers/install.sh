#!/usr/bin/env bash
# Installs the programs we test against: Debian's packages, Telegraf built from its Go module, and
# wasmtime for Python.
#
# Safe to run again: what is there stays. Prints one line a peer. Exits 1 only if something failed
# that this platform should have. No daemon is started or left enabled.
set -eu

TELEGRAF_VERSION=1.37.2
TELEGRAF_GO_MIN=1.25.5
TELEGRAF_PLUGINS=inputs.socket_listener,inputs.http_listener_v2,inputs.influxdb_listener
TELEGRAF_PLUGINS+=,inputs.influxdb_v2_listener,inputs.execd,inputs.tail,inputs.prometheus
TELEGRAF_PLUGINS+=,outputs.file,outputs.influxdb,outputs.discard,parsers.influx,parsers.prometheus
TELEGRAF_PLUGINS+=,serializers.influx,serializers.json,serializers.prometheus

SERVICES="prometheus influxdb victoria-metrics"
PACKAGES="$SERVICES clang lld wasi-libc libclang-rt-dev-wasm32 rustc libstd-rust-dev-wasm32"
PACKAGES+=" libc++-dev-wasm32 wabt llvm babeltrace2 chromium netcat-openbsd curl qemu-utils wrk"
PACKAGES+=" libsimde-dev"
# What a machine may have from elsewhere: a program, and the package that brings it.
PROGRAMS="gcc:gcc java:default-jdk-headless mvn:maven python3:python3-venv"

WASMTIME_VERSION=50.0.1

cache="${XDG_CACHE_HOME:-$HOME/.cache}/wasm-monitoring"
telegraf="$cache/telegraf-$TELEGRAF_VERSION"
wasmtime="$cache/wasmtime-python-$WASMTIME_VERSION"
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
    if printf '%s\n' "$TELEGRAF_GO_MIN" "$version" | sort -VC; then
      echo "$go"
      return
    fi
  done
}

build_telegraf() {
  local go
  if [ -x "$telegraf" ]; then return; fi
  go="$(find_go)"
  if [ -z "$go" ]; then
    echo "telegraf: missing: needs Go $TELEGRAF_GO_MIN or later on PATH"
    return
  fi
  echo "telegraf: building $TELEGRAF_VERSION, takes some minutes" >&2
  mkdir -p "$cache"
  GOBIN="$scratch" GOTOOLCHAIN=local "$go" install -trimpath -tags "custom,$TELEGRAF_PLUGINS" \
    -ldflags "-s -w -X github.com/influxdata/telegraf/internal.Version=$TELEGRAF_VERSION" \
    "github.com/influxdata/telegraf/cmd/telegraf@v$TELEGRAF_VERSION" > "$scratch/build" 2>&1 &&
    mv "$scratch/telegraf" "$telegraf" && return
  tail -n 20 "$scratch/build" >&2
  echo "telegraf: missing: the build failed"
  failed=1
}

# A Python that has wasmtime, as one program.
install_wasmtime() {
  local folder="$cache/python/wasmtime-$WASMTIME_VERSION"
  if [ -x "$wasmtime" ]; then return; fi
  mkdir -p "$cache/python"
  python3 -m venv "$folder" > "$scratch/pip" 2>&1 &&
    "$folder/bin/pip" install "wasmtime==$WASMTIME_VERSION" >> "$scratch/pip" 2>&1 &&
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$folder/bin/python" > "$scratch/wasmtime" &&
    install -m 755 "$scratch/wasmtime" "$wasmtime" && return
  tail -n 20 "$scratch/pip" >&2
  echo "wasmtime-python: missing: pip could not install it"
  failed=1
}

if command -v apt-get > /dev/null; then
  install_packages
  report_packages
else
  echo "Debian packages: missing: no apt-get on this platform"
fi
build_telegraf
if [ -x "$telegraf" ]; then echo "telegraf: $TELEGRAF_VERSION"; fi
install_wasmtime
if [ -x "$wasmtime" ]; then echo "wasmtime-python: $WASMTIME_VERSION"; fi
exit "$failed"
