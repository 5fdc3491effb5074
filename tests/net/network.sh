#!/bin/bash
# SPDX-License-Identifier: MIT
# Networks built on this kernel, without shaping: who reaches whom, what crosses the switches, and what
# is left after a failure at each step. The cases are in tests/tools/network_test.c.
. "$(dirname "$0")/../lib.sh"
need_root
tool=${GN_TOOLS:-$top/build/plain/tests/tools}/network_test

timeout 300 "$tool" home lan tree routed thousand large faults interrupt missing || bad=1
finish
