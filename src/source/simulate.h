/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated telemetry: a source whose rows are made, not read. Seeded: the same options give the same
 * rows on every machine. */
#ifndef IC_SOURCE_SIMULATE_H
#define IC_SOURCE_SIMULATE_H

#include "base/buf.h"
#include "table/batch.h"

typedef struct ic_profile_info {
	const char *name;
	const char *group; /* "c2", "agent" (benign automation), "human" */
	const char *help;
} ic_profile_info;
extern const ic_profile_info ic_simulate_profiles[]; /* ends with name NULL */

typedef struct ic_simulator ic_simulator;
/* IC_E_USAGE names an unknown profile or a value out of range. All rows are planned here. */
ic_status ic_simulator_new(const ic_simulate_options *opt, ic_simulator **ret, ic_error *err);
/* Fills b with the next rows in the order in which a sensor would log them; rows 0: the end. */
ic_status ic_simulator_next(ic_simulator *s, ic_batch *b);
/* The truth as TSV: one line a planted series (group, profile, src, dst, name, port, events, sleep, jitter...). */
void ic_simulator_truth(const ic_simulator *s, ic_buf *to);
void ic_simulator_free(ic_simulator *s);

#endif
