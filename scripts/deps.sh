#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing with apt-get (Debian 12 and its relatives); asks nothing, and does nothing
# when all is there. Usage: scripts/deps.sh build|check|bench
set -eu
level=${1:-build}
missing=

# need PACKAGE COMMAND...: the package is wanted unless the command succeeds
need() {
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}
library() {
	need "$1" pkg-config --exists "$2"
}

command -v pkg-config >/dev/null 2>&1 || missing=" pkg-config"
need gcc sh -c 'command -v cc && echo "#include <stdio.h>" | cc -E -'
need meson meson --version
need ninja-build ninja --version
need python3 python3 --version
library zlib1g-dev zlib
library libzstd-dev libzstd
library libxxhash-dev libxxhash
library libpsl-dev libpsl
library libssl-dev libcrypto
library libpcre2-dev libpcre2-8
library libmaxminddb-dev libmaxminddb
library libpcap-dev libpcap
case $(uname -m) in
# the faster inflate; zlib does the work where it is not packaged
x86_64 | aarch64) library libisal-dev libisal ;;
esac

if [ "$level" = check ] || [ "$level" = fuzz ]; then
	need gcc gcc --version
	need clang clang --version
	need clang-format clang-format --version
	need libclang-rt-14-dev sh -c 'echo "int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return p[n - 1] * 0; }" |
		clang -x c -fsanitize=fuzzer,address,undefined - -o /dev/null'
	library libcmocka-dev cmocka
	library libjansson-dev jansson
	need gzip gzip --version
	need zstd zstd --version
	need curl curl --version
	need iproute2 ip -V
fi

[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
	echo "Please install (names as in Debian 12):$missing" >&2
	exit 1
fi
run=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "Please install as root: apt-get install$missing" >&2
		exit 1
	fi
	run=sudo
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
install() {
	# shellcheck disable=SC2086 # a list of words
	$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing </dev/null
}
# package lists may be absent or old on a fresh machine
install || { $run apt-get update -q </dev/null && install; }
