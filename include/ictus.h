/* SPDX-License-Identifier: Apache-2.0 */
/* ictus: find command-and-control beacons in web telemetry.
 *
 * The one header for programs that embed ictus; the command line uses nothing else.
 * Conventions: options are plain structs filled by the caller and borrowed for the call;
 * strings are UTF-8, NUL-terminated, borrowed. Functions return an ic_status and fill the
 * caller's ic_error on failure. The library never prints, logs or exits. Times are int64
 * ticks of 100 ns since 1970-01-01T00:00:00Z; IC_TIME_NONE means "not given". */
#ifndef ICTUS_H
#define ICTUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IC_VERSION "0.1.0"

/* ---- status and error ------------------------------------------------------------ */

typedef enum ic_status {
	IC_OK = 0,
	IC_E_NOMEM = -1,    /* allocation failed or the memory limit is reached */
	IC_E_IO = -2,	    /* open, read or write failed; message carries strerror */
	IC_E_USAGE = -3,    /* an option or its value is wrong */
	IC_E_FORMAT = -4,   /* the bytes are not what they claim to be */
	IC_E_LIMIT = -5,    /* a documented limit was exceeded */
	IC_E_NOINPUT = -6,  /* nothing readable was found */
	IC_E_CLOSED = -7,   /* the reader of our output went away; not a failure for people */
	IC_E_NOTFOUND = -8, /* a named thing (finding id, field, profile) does not exist */
	IC_E_INTERNAL = -9, /* a bug in ictus */
} ic_status;

typedef struct ic_error {
	ic_status code;
	char message[320]; /* one sentence, no final newline; hostile bytes already escaped */
	char file[512];	   /* "" when no file is concerned */
	uint64_t line;	   /* 1-based; 0 when unknown */
	uint32_t column;   /* 1-based; 0 when unknown */
} ic_error;

#define IC_TIME_NONE INT64_MIN

/* ---- output and observation ------------------------------------------------------ */

/* Where results go. write() returns IC_OK, IC_E_CLOSED (quiet end) or IC_E_IO. It is called
 * from one thread at a time. */
typedef struct ic_output {
	ic_status (*write)(void *ctx, const void *bytes, size_t n);
	void *ctx;
	unsigned columns; /* terminal width for tables; 0: 80 */
	bool color;	  /* ANSI colour allowed */
} ic_output;

/* Something that was met while reading, and how often: "gaps in streams". */
typedef struct ic_tally {
	const char *what; /* in the plural; static */
	uint64_t n;
} ic_tally;
#define IC_TALLIES 20

/* What happened to one input file. Counts are rows. */
typedef struct ic_file_report {
	const char *path;	    /* escaped for a terminal */
	uint64_t device, inode;	    /* which file it is; 0: none on a disk */
	const char *format;	    /* name of the source kind, "" if none */
	uint64_t read;		    /* rows seen (good and bad) */
	uint64_t kept;		    /* rows that went on */
	uint64_t bad;		    /* malformed rows */
	uint64_t out_ports;	    /* left out by --ports */
	uint64_t out_scope;	    /* left out by --scope */
	uint64_t out_time;	    /* left out by --since/--until */
	uint64_t out_query;	    /* of no use to the query */
	uint64_t lost;		    /* packets of a live capture that were gone before they could be read */
	ic_tally tally[IC_TALLIES]; /* what rows do not show, ends with what NULL; many are zero */
	bool skipped;		    /* unknown content in a walked folder */
	bool damaged;		    /* not all of it was read: truncated, corrupt, unreadable */
	bool in_part;	    /* not all of it was asked for: a query had its rows; counts are of no use */
	ic_error first_bad; /* sample of the first problem; code IC_OK if none */
} ic_file_report;

/* What the library tells while it works. Every member may be NULL. Called from the thread
 * that called the library, except progress(), which may come from any one thread at a time. */
typedef struct ic_observer {
	void *ctx;
	void (*progress)(void *ctx, uint64_t bytes_done, uint64_t bytes_total);
	void (*file_done)(void *ctx, const ic_file_report *report);
	void (*note)(void *ctx, const char *sentence); /* e.g. "now is 2024-05-02T00:00:00Z (newest event)" */
} ic_observer;

/* ---- what to read ---------------------------------------------------------------- */

/* A moment: absolute, or relative to "now" (ticks before it). */
typedef struct ic_moment {
	int64_t ticks; /* IC_TIME_NONE: not given */
	bool relative;
} ic_moment;

/* Packets of a network interface instead of files. The capture ends when its time is over, when stopped()
 * says so, or when the interface fails; what came until then counts. */
typedef struct ic_live_options {
	const char *interface;	    /* "eth0"; "any": all of them */
	const char *filter;	    /* a BPF expression as tcpdump takes it; NULL: all packets */
	int64_t duration_ticks;	    /* 0: until stopped */
	const ic_output *save;	    /* gets the packets too, as a pcap file; NULL: none */
	void *ctx;		    /* of what follows */
	bool (*stopped)(void *ctx); /* asked about ten times a second, from any thread; NULL: never */
	/* Called once, in the thread of the caller, when the interface is open and before its first packet:
	 * now a program can give up its privileges. Other than IC_OK ends the run. May be NULL. */
	ic_status (*opened)(void *ctx, ic_error *err);
} ic_live_options;

typedef struct ic_input_options {
	const char *const *paths; /* files, folders (walked), "-" for stdin */
	size_t path_count;
	const ic_live_options *live; /* NULL: read the paths; else there are none */
	const char *input_type;	     /* name of a source kind, NULL: sniff */
	const char *map_file;	     /* field map for CSV and NDJSON, NULL: none */
	ic_moment since, until;	     /* both ends included */
	int64_t now_ticks;	     /* IC_TIME_NONE: newest event read; of a live capture the wall clock */
	const char *const *internal; /* CIDRs; count 0: RFC 1918, RFC 4193, 100.64/10 */
	size_t internal_count;
	bool scope_all;	       /* --scope all */
	const char *ports;     /* "web", "all" or a list "80,443,8000-8100"; NULL: "web" */
	unsigned threads;      /* 0: one per processor */
	uint64_t memory_bytes; /* 0: no limit */
} ic_input_options;

/* Totals of a run. */
typedef struct ic_summary {
	uint64_t files, damaged_files, skipped_files;
	uint64_t part_files;	/* read in part, see ic_file_report */
	uint64_t unknown_named; /* files named by the user whose content is no known format */
	uint64_t rows, kept, bad, out_ports, out_scope, out_time, out_query;
	uint64_t unfit;		 /* cells of tables that are no value of their column's type */
	uint64_t lost;		 /* packets of a live capture, see ic_file_report */
	uint64_t late;		 /* events too far out of order to count in intervals */
	uint64_t dropped_memory; /* events or series not tracked because of --memory */
	uint64_t findings, hidden, findings_left_out; /* left out: for want of memory */
	uint64_t rules, rules_lacking,
	    rules_failed;		 /* run; that name what the input lacks; that went wrong */
	int64_t first_ticks, last_ticks; /* of kept events; IC_TIME_NONE if none */
	int worst_level;		 /* ic_level of the worst finding printed, -1 if none */
} ic_summary;

typedef enum ic_level { IC_INFO, IC_LOW, IC_MEDIUM, IC_HIGH, IC_CRITICAL } ic_level;

/* ---- verbs ----------------------------------------------------------------------- */

typedef struct ic_scan_options {
	ic_input_options input;
	const char *format;		    /* "table", "ndjson", "json", "csv" */
	double min_automation;		    /* default 50 */
	double min_priority;		    /* default 0 */
	size_t top;			    /* 0: all */
	bool all;			    /* one row for every scored series */
	const char *lower_file, *hide_file; /* NULL: none */
	const char *explain_id;		    /* NULL, or 16 hex digits: explain this finding instead */
	const char *rules; /* folder of rules whose rows become findings too, or "built-in"; NULL: none */
} ic_scan_options;

/* Fills *opt with the defaults above. */
void ic_scan_options_init(ic_scan_options *opt);

/* Reads the input, scores it and writes findings (or one explanation) to `out`.
 * Returns IC_OK also when some files or rows were bad: see *ret. IC_E_NOINPUT when nothing
 * could be read, IC_E_NOTFOUND when explain_id names no series. */
ic_status ic_scan(const ic_scan_options *opt, const ic_observer *obs, const ic_output *out, ic_summary *ret,
		  ic_error *err);

typedef struct ic_convert_options {
	ic_input_options input; /* ports and scope are not applied unless given */
	const char *table;	/* "conn", "http", "ssl", "websocket", "burst", "all" (default) */
	const char *format;	/* "ndjson" (default), "csv", "zeek-tsv", "zeek-json" */
	const char *fields;	/* comma-separated, canonical or Zeek names; NULL: all that occur */
} ic_convert_options;

void ic_convert_options_init(ic_convert_options *opt);
ic_status ic_convert(const ic_convert_options *opt, const ic_observer *obs, const ic_output *out,
		     ic_summary *ret, ic_error *err);

typedef struct ic_fingerprint_options {
	ic_input_options input; /* captures; ports and scope are not applied */
	const char *format;	/* "ndjson" (default), "csv", "table", "json" */
	const char *ja3_list;	/* CSV of bad fingerprints with date and reason; NULL: none */
	const char *ja4_list;
} ic_fingerprint_options;

void ic_fingerprint_options_init(ic_fingerprint_options *opt);
/* One row for each TLS hello and HTTP request of captures, in order of time. */
ic_status ic_fingerprint(const ic_fingerprint_options *opt, const ic_observer *obs, const ic_output *out,
			 ic_summary *ret, ic_error *err);

typedef struct ic_score_options {
	const char *path;		  /* CSV `key,time,bytes`; "-" for stdin */
	int64_t since_ticks, until_ticks; /* IC_TIME_NONE: open */
} ic_score_options;

/* One NDJSON object per key, in order of first appearance. */
ic_status ic_score_series(const ic_score_options *opt, const ic_observer *obs, const ic_output *out,
			  ic_summary *ret, ic_error *err);

typedef struct ic_simulate_options {
	const char *folder; /* where the files go; created */
	const char *
	    format; /* "zeek-tsv", "zeek-json", "eve", "defender-csv", "defender-json", "qradar-csv", "qradar-json" */
	const char *profiles; /* comma-separated names; NULL: a mix of all */
	unsigned hosts;	      /* internal hosts */
	double days;
	uint64_t seed;
	int64_t start_ticks; /* first moment of the telemetry; IC_TIME_NONE: 2024-05-01T00:00:00Z */
	bool list_profiles;  /* write the profile table to `out` and stop */
} ic_simulate_options;

void ic_simulate_options_init(ic_simulate_options *opt);
ic_status ic_simulate(const ic_simulate_options *opt, const ic_observer *obs, const ic_output *out,
		      ic_error *err);

/* A table that a query can name: one file, NDJSON, CSV or typed JSON; or the file of its column types. */
typedef struct ic_query_binding {
	const char *name, *path;
} ic_query_binding;

typedef struct ic_query_options {
	ic_input_options input; /* telemetry; no path: none. Ports and scope are not applied unless given */
	const char *text;	/* the query; NULL: that of `file` */
	const char *file;	/* "-" for stdin; with `text` only its name in messages, may be NULL */
	const char *language;	/* "kql", "aql"; NULL: by its first word */
	const ic_query_binding *tables, *schemas;
	size_t table_count, schema_count;
	const char *format;    /* "table", "ndjson", "json", "csv" */
	bool check;	       /* parse and bind only */
	bool explain;	       /* the plan with rows in and out of each step instead of the rows */
	bool extract;	       /* find the query in the text of a page */
	uint64_t max_rows;     /* that mv-expand and join may make; 0: 10^8 */
	const char *timezone;  /* of dates in text, such as "Europe/Vienna"; NULL: UTC */
	bool integer_division; /* AQL divides whole numbers to whole numbers even behind an aggregate */
	const char *folder;    /* of externaldata and watch lists; NULL: the working directory */
} ic_query_options;

void ic_query_options_init(ic_query_options *opt);

/* What is wrong with a query, for the lines under the message. Text is safe for a terminal. */
typedef struct ic_query_diag {
	const char
	    *kind; /* "syntax", "name", "type", "unsupported", "limit"; NULL: the query is not at fault */
	char line[600];	 /* the line of the query, cut to what is around the place; "" if unknown */
	char caret[600]; /* blanks and ^ under it */
	char hint[400];	 /* "" if none */
} ic_query_diag;

/* Runs a KQL or AQL query over telemetry and tables and writes its rows. An error of the query is
 * IC_E_USAGE or IC_E_LIMIT with file, line, column and "kind: cause" in *err and the rest in *diag
 * (may be NULL). Sentences about a query that does run go to the observer as notes. */
ic_status ic_query(const ic_query_options *opt, const ic_observer *obs, const ic_output *out, ic_summary *ret,
		   ic_query_diag *diag, ic_error *err);

/* ---- rules ------------------------------------------------------------------------ */

/* A query with a head of metadata: comment lines "key: value" at its top. */
typedef struct ic_rule {
	const char *file;	/* its name, with folder if it has one */
	const char *id, *title; /* always there */
	const char *attack;	/* ATT&CK ids, split by commas; "" if none */
	const char *description, *false_positives, *author, *date; /* "" if not given */
	ic_level level;
	const char *text; /* all of the file; lines of the head are comments to the languages */
} ic_rule;

typedef struct ic_rules ic_rules;
/* The rules of a folder (files *.kql and *.aql), NULL: those that are built in; in order of their names.
 * IC_E_NOINPUT: there are none; IC_E_IO: the folder cannot be read. */
ic_status ic_rules_open(const char *folder, ic_rules **ret, ic_error *err);
void ic_rules_close(ic_rules *r);			  /* NULL allowed */
const ic_rule *ic_rules_get(const ic_rules *r, size_t i); /* NULL past the end */
/* What is wrong with files of the folder that are no rules: they cannot be read, their head lacks id, title or level, or
 * its id is that of another rule. NULL past the end. */
const ic_error *ic_rules_fault(const ic_rules *r, size_t i);
/* Whether its query parses and binds: as ic_query with `check`. */
ic_status ic_rule_check(const ic_rule *rule, ic_query_diag *diag, ic_error *err);

/* ---- small helpers shared with the command line ---------------------------------- */

/* Parses RFC 3339, a date alone (its midnight, UTC), or a number of seconds since the epoch, of nine digits or more
 * (1973) and with up to 7 decimals: a smaller one is no time, but a span that lacks its unit. IC_E_FORMAT if it is
 * none of them. */
ic_status ic_time_parse(const char *text, int64_t *ret_ticks);
/* Parses a span such as 90s, 15m, 24h, 7d, 2w into ticks. */
ic_status ic_span_parse(const char *text, int64_t *ret_ticks);
/* Parses a size such as 512M, 2GiB, 1073741824 into bytes (K, M, G are binary). */
ic_status ic_size_parse(const char *text, uint64_t *ret_bytes);
/* Copies text that others wrote into a field of `room` bytes, safe for a terminal: control characters, invisible ones
 * and what is no UTF-8 are escaped; a character that does not fit whole ends it. Takes no memory. */
void ic_text_safe(char *to, size_t room, const char *text);
/* "info" ... "critical"; NULL for a value outside the enum. */
const char *ic_level_name(int level);
/* The ending of a plural. */
#define IC_S(n) ((n) == 1 ? "" : "s")
/* The wall clock, in ticks. */
int64_t ic_wall_clock(void);

/* What there is to choose from, for help texts, completions and documentation. */
typedef enum ic_list {
	IC_LIST_FINDING_FORMATS,
	IC_LIST_CONVERT_FORMATS,
	IC_LIST_SIMULATE_FORMATS,
	IC_LIST_INPUT_TYPES,
	IC_LIST_DETECTORS,
	IC_LIST_PROFILES, /* of simulate */
	IC_LIST_FIELDS,	  /* canonical names */
	IC_LIST_QUERY_FORMATS,
	IC_LIST_TABLES, /* that queries know over telemetry */
	IC_LIST_KQL,	/* operators, plugins, functions, aggregates: "bin(n, n)" */
	IC_LIST_AQL,
	IC_LIST_LEVELS,
	IC_LIST_CONVERT_TABLES,
} ic_list;
typedef struct ic_list_entry {
	const char *name, *help;
} ic_list_entry;
/* Entry i of the list; false past its end. */
bool ic_list_get(ic_list list, size_t i, ic_list_entry *ret);

#ifdef __cplusplus
}
#endif
#endif
