#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzzer for a while. New inputs go to build-fuzz/corpus, a crash to build-fuzz/crash-*.
# Usage: scripts/fuzz.sh SECONDS [NAME...]
set -eu
cd "$(dirname "$0")/.."
seconds=$1
shift
[ -f build-fuzz/build.ninja ] ||
	CC=clang meson setup build-fuzz -Dfuzz=true --buildtype=debugoptimized \
		-Db_sanitize=address,undefined -Db_lundef=false >/dev/null
ninja -C build-fuzz
for fuzzer in build-fuzz/fuzz/fuzz_*; do
	name=$(basename "$fuzzer")
	name=${name#fuzz_}
	if [ ! -f "$fuzzer" ] || { [ $# -gt 0 ] && ! echo " $* " | grep -q " $name "; }; then
		continue
	fi
	mkdir -p "build-fuzz/corpus/$name"
	echo "== $name"
	UBSAN_OPTIONS=halt_on_error=1 "$fuzzer" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
		-print_final_stats=0 -verbosity=0 -artifact_prefix=build-fuzz/crash-"$name"- \
		"build-fuzz/corpus/$name" "fuzz/corpus/$name"
done
