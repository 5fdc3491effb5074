/* SPDX-License-Identifier: MIT */
/* Random small topology files, for the property test. */
#ifndef GN_TEST_SCENARIO_H
#define GN_TEST_SCENARIO_H

#include <stdint.h>
#include <stdio.h>

/* Write scenario @number to @yaml: the same text on every machine. @pairs is the file that it calls @pairs_name, if its
 * overlay comes from one. */
void scenario_write(uint64_t number, FILE *yaml, FILE *pairs, const char *pairs_name);

#endif
