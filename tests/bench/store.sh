#!/bin/bash
# SPDX-License-Identifier: MIT
# Arrivals a second into SQLite: at least 500,000, or the collector falls behind busy runs.
. "$(dirname "$0")/../lib.sh"
line=$("$top/build/plain/tests/bench/store" "$work" "${1:-2000000}") || exit 1
echo "# $line"
rate=$(sed -n 's/^store \([0-9]*\) .*/\1/p' <<<"$line")
echo "$rate arrivals/s, promised 500000"
within "arrivals stored per second" "$rate" 500000 1e9
finish
