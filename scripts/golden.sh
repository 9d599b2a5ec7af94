#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the golden cases of the command line with build/ictus.
# Usage: scripts/golden.sh [--record] [CASE...]; --record writes what is expected anew.
set -eu
cd "$(dirname "$0")/.."
record=
if [ "${1:-}" = --record ]; then
	record=--record
	shift
fi
exec tests/cli/run.py $record build/ictus "$@"
