/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the input: what the verbs that read telemetry share. Private to src/engine and the
 * benchmarks. */
#ifndef IC_ENGINE_RUN_H
#define IC_ENGINE_RUN_H

#include "detect/observe.h"
#include "exec/reading.h"
#include "source/source.h"

/* Of a memory limit, what rows on their way may take; the heap loses as much. */
enum { IC_ROWS_SHARE = 16 };

/* The options of a run in the form that the stages take. */
typedef struct ic_run {
	const ic_input_options *opt;
	const ic_observer *obs;
	unsigned threads;
	ic_budget budget;
	ic_budget names_budget, tables_budget; /* parts of it: those of an observation and its dictionary */
	bool names_short;		       /* the dictionary was found to need more */
	ic_cidrs internal;
	uint64_t *ports; /* bitmap, NULL: all */
	ic_row_filter filter;
	ic_summary summary;
	int64_t newest; /* newest event read, IC_TIME_NONE if none */
	bool said_now;
	ic_spool
	    *spool; /* of pipes that are read twice: own_spool, or that of the run this one is a part of */
	ic_spool own_spool;
} ic_run;

/* Any time; `everything`: any port and address, else those of the web. */
ic_input_options ic_run_defaults(bool everything);
/* Checks the options. Relative times are resolved, which reads the times of the whole input first
 * when they count from the newest event. */
ic_status ic_run_init(ic_run *run, const ic_input_options *opt, const ic_observer *obs, ic_error *err);
void ic_run_clear(ic_run *run);
/* Findings that there is memory for, of the detectors as of all rules; 0: any number. */
size_t ic_run_findings_most(const ic_run *run);
/* The request for ic_input_open. */
ic_input_request ic_run_request(ic_run *run, ic_fieldset wanted, unsigned streams);
/* Keeps what the pipes of *in give, so that the run can read it twice; *in was only looked at, and is closed. */
ic_status ic_run_spool(ic_run *run, ic_input **in, ic_error *err);
/* Reads the times of the whole input, before any filter: run->newest. */
ic_status ic_run_newest(ic_run *run, ic_error *err);
/* The same of the ends of the files only, where the newest row of a log mostly is. The files are cut into units. */
ic_status ic_run_newest_likely(ic_run *run, ic_error *err);
/* "now" of the run: as asked, else the newest event, else the wall clock. */
int64_t ic_run_now(const ic_run *run);
/* Tells what it is, once, unless it was asked for. */
void ic_run_say_now(ic_run *run);
/* What a worker has just read. */
typedef struct ic_batch_at {
	ic_batch *batch;
	uint64_t seq;	 /* of its unit */
	uint64_t number; /* another one for each batch of the worker, from 1 */
	bool first;	 /* of its unit */
} ic_batch_at;

/* Those who read along in the pass that makes an observation. */
typedef struct ic_guests {
	void *ctx;
	/* Of an input that can be read only once: whether they will read it again after the pass. */
	ic_status (*again)(void *ctx, const ic_input_facts *facts, bool *ret, ic_error *err);
	/* Before the reading: the takers (of run->threads workers; none if n stays 0) and the fields that they
	 * need besides. They see rows of all ports, in the batches of `at`. */
	ic_status (*begin)(void *ctx, const ic_input_facts *facts, const ic_batch_at *at,
			   ic_taker *const **taker, uint32_t *n, ic_fieldset *wanted, ic_error *err);
	/* After it, also if begin failed. Not complete: what they have seen is void; begin comes again, or the
	 * run has failed. A pass that was complete may be followed by another one. */
	void (*end)(void *ctx, bool complete);
} ic_guests;

/* Reads everything into an observation. *ret is the caller's. guests: NULL allowed. */
ic_status ic_run_observe(ic_run *run, ic_intern *names, const ic_guests *guests, ic_observation **ret,
			 ic_error *err);
/* Adds the report of a file to the summary and passes it to the observer. */
void ic_run_report(ic_run *run, const ic_file_report *r);
/* The same of all files of an input. */
void ic_run_report_files(ic_run *run, const ic_input *in);
/* A sentence for the observer, made safe for a terminal. */
void ic_run_note(const ic_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Tells the observer how far the reading is, from any thread. */
void ic_run_progress(const ic_run *run, const ic_input *in);

/* convert.c: the name of table i that `convert` writes; NULL past the last. */
const char *ic_convert_table(size_t i);

#endif
