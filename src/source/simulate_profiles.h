/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulator can play, as data. Private to the simulator. */
#ifndef IC_SOURCE_SIMULATE_PROFILES_H
#define IC_SOURCE_SIMULATE_PROFILES_H

#include <stdint.h>

#include "source/simulate.h"

/* How the next sleep follows from sleep s and jitter j. */
typedef enum sim_model {
	SIM_BELOW,	/* uniform in [s(1-j), s]: Cobalt Strike */
	SIM_ABOVE,	/* uniform in [s, s(1+j)]: Sliver */
	SIM_AROUND,	/* s +- uniform [0, js): Havoc, Empire, PoshC2 */
	SIM_PERCENT,	/* whole per cent, sign by parity: Poseidon */
	SIM_GAUSS,	/* normal: home-made */
	SIM_MEMORYLESS, /* exponential: no clock at all */
	SIM_HUMAN,	/* visits, pages, think times */
} sim_model;

/* When the host is awake. */
typedef enum sim_presence { SIM_ALWAYS, SIM_WORK, SIM_LAPTOP } sim_presence;

enum {
	SIM_SLEEP_CHANGES = 1, /* the operator changes the sleep one to three times a day */
	SIM_TASKING = 2,       /* interactive phases with second-long sleeps and large answers */
	SIM_ROTATES = 4,       /* each check-in picks one of the names */
	SIM_KEEP_ALIVE = 8,    /* requests of one long connection */
	SIM_TWO_REQUESTS = 16, /* GET and POST a check-in */
	SIM_PADDED = 32,       /* random padding */
	SIM_BARE_IP = 64,      /* no name anywhere, self-signed certificate */
	SIM_STAGED = 128,      /* begins with a burst of downloads */
};

#define SIM_SLEEPS 4
#define SIM_NAMES  6

typedef struct sim_profile {
	struct {
		const char *name;
		const char *group; /* "c2", "agent" (benign automation), "human" */
		const char *help;
	} info;
	sim_model model;
	double sleep_s[SIM_SLEEPS]; /* one is drawn a series; 0 ends the list */
	double jitter[2];	    /* drawn between */
	double miss[2];		    /* share of check-ins that never arrive */
	sim_presence presence;
	unsigned flags;
	double fleet; /* share of the hosts that have it; 0: one host */
	uint16_t port;
	bool tls;
	const char *names[SIM_NAMES]; /* NULL ends the list */
	const char *uri, *method, *user_agent, *ja4, *process;
	unsigned bytes_out, bytes_in; /* typical */
} sim_profile;

extern const sim_profile ic_sim_profiles[]; /* ends with info.name NULL */

#endif
