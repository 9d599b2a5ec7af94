/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: bytes to batches. The facade of src/source.
 *
 * An ic_input is the planned set of files of a run, in a fixed order that does not depend on the
 * order or spelling of the paths: logs that describe connections (http, ssl, dns) before the logs
 * that count them (conn), each by the time of its first row, then by content hash of its head, then
 * by path. It is cut into units with ascending sequence numbers: a chunk of a large plain file, or a
 * whole compressed file, pipe or document. Worker threads claim units in order, read them into
 * batches, and hand them back; the caller commits them in order.
 *
 * Ownership: the input owns its units; batches belong to the caller. */
#ifndef IC_SOURCE_SOURCE_H
#define IC_SOURCE_SOURCE_H

#include "base/alloc.h"
#include "table/batch.h"

typedef struct ic_input ic_input;
typedef struct ic_unit ic_unit;

enum { IC_PORT_WORDS = 65536 / 64 };

/* The names and services of requests and handshakes, and what readers make them of where a log does not have them. */
#define IC_NAMING_FIELDS                                                                                     \
	(IC_FIELD_BIT(IC_F_DST_NAME) | IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_DST_IP) |              \
	 IC_FIELD_BIT(IC_F_DST_PORT) | IC_FIELD_BIT(IC_F_METHOD) | IC_FIELD_BIT(IC_F_URI) |                  \
	 IC_FIELD_BIT(IC_F_HOST) | IC_FIELD_BIT(IC_F_STATUS) | IC_FIELD_BIT(IC_F_SNI))

/* Rows that are not wanted are dropped as early as the source can, and counted. */
typedef struct ic_row_filter {
	const uint64_t *ports; /* bitmap of destination ports to keep, IC_PORT_WORDS long; NULL: all */
	bool web_services;     /* also keep rows whose service is http, tls, quic or websocket */
	int64_t since, until;  /* ticks, both included; IC_TIME_NONE: open */
	/* Raised to the times of all rows that are read, also of those that are dropped; NULL: nobody asks. The
	 * fields wanted must have the time. */
	_Atomic int64_t *newest;
} ic_row_filter;
/* As the readers do it, for a time of one row or the newest of many. */
void ic_row_seen(const ic_row_filter *f, int64_t time);

/* What pipes gave, in files without names: inputs over the same paths read these instead. Zeroed: nothing. */
typedef struct ic_spooled {
	char *path; /* owned, as found */
	int fd;	    /* owned */
	uint64_t bytes;
} ic_spooled;
typedef struct ic_spool {
	ic_spooled *list;
	size_t n;
} ic_spool;

typedef struct ic_input_request {
	const char *const *paths;
	size_t path_count;
	const ic_live_options *live; /* NULL: none; else its packets are all that is read, once */
	const ic_spool *spool;	     /* of pipes that were read before; may be NULL */
	const char *input_type;	     /* NULL: sniff */
	const char *map_file;	     /* NULL: none */
	ic_fieldset wanted;
	unsigned streams; /* IC_STREAM_BITs wanted; rows of others are skipped unread */
	bool ends;	  /* of a file that is cut into units only the last one is read */
	ic_row_filter filter;
	unsigned
	    threads; /* > 1: a compressed file is inflated ahead on a thread of its own when files are few */
	ic_budget *budget;			       /* NULL: none */
	void (*note)(void *ctx, const char *sentence); /* skipped files and the like; may be NULL */
	void *note_ctx;
} ic_input_request;

/* What is known before a row is read. */
typedef struct ic_input_facts {
	size_t files;	      /* that will be read */
	size_t skipped;	      /* unknown content in walked folders */
	size_t unknown_named; /* unknown content, but named by the user */
	size_t empty;	      /* files of zero bytes (compressed ones count too) */
	uint64_t bytes;	      /* on disk; 0 when unknown (stdin) */
	unsigned streams;     /* IC_STREAM_BITs that the heads of the files show */
	unsigned untied;      /* those of formats that give no id which ties rows to a connection */
	bool mixed;	      /* some file may hold several streams (EVE, one-stream JSON, stdin) */
	bool rereadable;      /* no stdin, no pipe: a second run over it is possible */
	bool cut;	      /* all files are cut into units: their ends can be read alone */
	ic_fieldset can_give; /* fields that the formats and streams present can give */
} ic_input_facts;

/* Walks, opens, sniffs and orders. IC_E_NOINPUT when nothing is readable (the message says what was
 * found instead), IC_E_USAGE for a bad type or map. A file that cannot be opened is reported through
 * its ic_file_report and does not stop the others. */
ic_status ic_input_open(const ic_input_request *req, ic_input **ret, ic_error *err);
void ic_input_free(ic_input *in); /* NULL allowed; no worker may still use it */
const ic_input_facts *ic_input_get_facts(const ic_input *in);
/* Keeps all that the pipes of an input give, of which nothing was read yet: it is of no more use, others with
 * this spool are. IC_E_IO names the pipe and the cause; what was kept is in *to. */
ic_status ic_input_spool(const ic_input *in, ic_spool *to, ic_error *err);
void ic_spool_clear(ic_spool *s);
/* Narrows what will be read to these fields and streams, once the facts are known. Before the first
 * ic_input_next only. */
void ic_input_narrow(ic_input *in, ic_fieldset wanted, unsigned streams);
/* Another filter than that of the request; as above. What `filter` points to is borrowed. */
void ic_input_filter(ic_input *in, const ic_row_filter *filter);
/* Bytes of the files consumed so far (for progress). Thread-safe. */
uint64_t ic_input_bytes_done(const ic_input *in);

/* The next unit in order, or *ret = NULL when there are no more. Thread-safe; sequence numbers are
 * 0, 1, 2... in claim order. */
ic_status ic_input_next(ic_input *in, ic_unit **ret, ic_error *err);
uint64_t ic_unit_seq(const ic_unit *u);
/* True when ic_unit_commit cannot refuse the unit (it starts its file): its rows may be used before
 * the unit ends. */
bool ic_unit_certain(const ic_unit *u);
/* Fills the batch (reset first) with up to IC_BATCH_ROWS rows. Returns IC_OK with rows > 0, or with
 * rows == 0 at the end of the unit. Damage to the file ends the unit early and is kept in the file's
 * report; only IC_E_NOMEM and IC_E_INTERNAL are returned. A unit is read by one thread at a time. */
ic_status ic_unit_read(ic_unit *u, ic_batch *b);
/* Where the rows of the current batch come from: path, and the line of row r of the batch is
 * first_line + b->line[r], valid after commit or for the head unit only. */
const char *ic_unit_path(const ic_unit *u);

/* Whether the filter's ports and services let the row pass. The batch has port and service. */
bool ic_row_port_kept(const ic_row_filter *f, const ic_batch *b, uint32_t row);
/* n of the rows that were handed out are not the reader's after all, for their ports: the report counts them
 * so. At the end of the unit. */
void ic_unit_drop(ic_unit *u, uint64_t n);

/* In order of sequence numbers, once the unit was read to its end. True: accepted, the unit is
 * released and its counts go to the file's report. False: an earlier unit changed the header that
 * this one was read with; throw its rows away and read it again from the start. */
bool ic_unit_commit(ic_unit *u);
/* The line of the file (1-based) at which the unit starts. Known once all units before it were
 * committed. */
uint64_t ic_unit_first_line(const ic_unit *u);

/* True when conn-only reading met a stream that the facts did not announce (a concatenated file that
 * changes its log in the middle). Thread-safe. */
bool ic_input_surprised(const ic_input *in);
/* The streams of the files that turned out to hold several although their heads showed one (what of a
 * compressed file can be looked at is its head only); 0: none so far. Thread-safe. */
unsigned ic_input_blended(const ic_input *in);

/* After the last commit: one report a file in input order, also for those that were skipped or could
 * not be opened. Borrowed from the input. */
size_t ic_input_report_count(const ic_input *in);
const ic_file_report *ic_input_report(const ic_input *in, size_t i);

/* Kind number i, for --input-type and the documentation. False: there are not so many. */
typedef struct ic_source_info {
	const char *name; /* "zeek-tsv" */
	const char *help;
} ic_source_info;
bool ic_source_info_get(size_t i, ic_source_info *ret);

/* What to say of bytes that are known for what they are, but not read: archives, UTF-16, Parquet. NULL: nothing. */
const char *ic_source_foreign(const char *head, size_t n);

#endif
