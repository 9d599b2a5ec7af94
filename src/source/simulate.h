/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated telemetry: a source whose rows are made, not read. Seeded: the same options give the same
 * rows. */
#ifndef IC_SOURCE_SIMULATE_H
#define IC_SOURCE_SIMULATE_H

#include "base/buf.h"
#include "table/batch.h"

typedef struct ic_simulator ic_simulator;

/* IC_E_USAGE names an unknown profile or a value out of range, IC_E_LIMIT says that it would be more
 * than 50 million events. All events are planned here. */
ic_status ic_simulator_new(const ic_simulate_options *opt, ic_simulator **ret, ic_error *err);
/* Fills b (reset first) with the next rows in the order in which a sensor logs them: requests and
 * handshakes when they happen, connections when they close. rows 0: the end. */
void ic_simulator_next(ic_simulator *s, ic_batch *b);
/* Names of the chosen profiles of which nothing was played, split by ", ": too few hosts or too little time. */
void ic_simulator_missing(const ic_simulator *s, ic_buf *to);
/* The truth as TSV with a header: one line a series that was played; where it went round several names, these and
 * their addresses are lists, split by ';'. */
void ic_simulator_truth(const ic_simulator *s, ic_buf *to);
void ic_simulator_free(ic_simulator *s); /* NULL allowed */

/* The profiles as a text table: name, group (c2, agent, human), meaning. */
void ic_simulate_list(ic_buf *to);
/* Name and meaning of profile i; false past the last. */
bool ic_simulate_profile(size_t i, const char **name, const char **help);

#endif
