#!/bin/bash
# SPDX-License-Identifier: MIT
# A run knows when not to be trusted: the short version of tests/bench/fidelity.sh, which says what is tested.
FIDELITY_RUNS=${FIDELITY_RUNS:-1} FIDELITY_SHARED=1 exec "$(dirname "$0")/../bench/fidelity.sh"
