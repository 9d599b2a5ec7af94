/* SPDX-License-Identifier: Apache-2.0 */
/* What a text format implements. Readers are pure: bytes in, rows out; no I/O.
 *
 * A reader sees the text of one unit. For line formats a block is whole lines (the last line of a
 * file may lack its newline) and units of one file may be read in parallel: then `layout` is the
 * header in force at the start of the unit. For document formats the one unit is the whole file and
 * blocks end anywhere. */
#ifndef IC_SOURCE_TEXT_READER_H
#define IC_SOURCE_TEXT_READER_H

#include "source/source.h"

#define IC_LINE_MAX (16u << 20) /* a longer line is a bad row */

/* Counts and a sample of what went wrong in one unit. Lines are relative to the unit, from 0. */
typedef struct ic_row_counts {
	uint64_t read, kept, bad, out_ports, out_time, other_stream;
	uint64_t lines; /* line ends passed, header lines included */
	bool waits;	/* rows are left, also without more text: set anew by every call that parses */
	bool has_sample;
	uint64_t sample_line;
	uint32_t sample_column;	    /* 1-based byte column, 0 unknown */
	ic_tally tally[IC_TALLIES]; /* as in ic_file_report; set anew by every call that parses */
	char sample[200]; /* cause, e.g. "time is not a number: abc" (raw; made safe when printed) */
} ic_row_counts;
/* Counts a bad row and keeps the first cause. The row's value may be quoted in it (cut to 40 bytes). */
void ic_row_bad(ic_row_counts *c, uint64_t line, uint32_t column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Names and streams of a file from its header. Immutable once made, shared by units, owned by the
 * file's layout list until the input is freed. Each format extends it by embedding. */
typedef struct ic_layout {
	unsigned streams; /* IC_STREAM_BITs that rows under it can have; 0: a log that ictus does not use */
	/* This file is one document although the kind has `lines` (a JSON array, pretty-printed objects):
	 * it is not cut, blocks end anywhere, parse leaves an unfinished record unconsumed. */
	bool document;
	/* Of a kind that is mixed: this file seems to hold one log only. If another one comes after all,
	 * layout_after says so, as for the kinds that are not mixed. */
	bool single;
	ic_fieldset gives; /* of can_give, the fields that this header leaves possible; 0: all */
} ic_layout;

typedef struct ic_reader ic_reader; /* private state of one unit being read */

typedef struct ic_field_map ic_field_map; /* parsed --map file; see map.h */

typedef struct ic_reader_config {
	const ic_input_request *req;
	const ic_field_map *map; /* NULL: none */
	ic_arena *
	    file_arena; /* lives as long as the input; lock with nothing: only layout_* use it, under the input's lock */
} ic_reader_config;

typedef struct ic_source_kind {
	const char *name, *help;
	bool lines; /* line format: may be cut at line ends and read in parallel */
	bool mixed; /* one file may hold several streams */
	/* Confidence 0..100 that `head` (up to 64 KiB of decompressed text) is this format. Under 20: the
	 * shape fits, but only a field map or --input-type makes sense of it. */
	int (*sniff)(const char *head, size_t n);
	/* The layout at the start of a file, from its head. NULL with *bad = true: out of memory. */
	const ic_layout *(*layout)(const ic_reader_config *cfg, const char *head, size_t n, bool *nomem);
	/* Streams and the time of the first row, from the head; *first IC_TIME_NONE if there is none. */
	void (*peek)(const ic_layout *layout, const char *head, size_t n, unsigned *streams, int64_t *first);
	/* Fields that rows of these streams can have in this format, whatever the header says. */
	ic_fieldset (*can_give)(unsigned streams, const ic_reader_config *cfg);

	ic_reader *(*begin)(const ic_reader_config *cfg, const ic_layout *layout); /* NULL: out of memory */
	/* Parses text[*at..n) and appends rows to b until it is full or the text ends; moves *at to the
	 * first byte not consumed. `final`: no more text follows. Leaves an unfinished record unconsumed
	 * unless final. At the end it is called again when the batch was filled, or c->waits. Slices may point into text. */
	ic_status (*parse)(ic_reader *r, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			   ic_row_counts *c);
	/* The layout in force after the last line parsed: same pointer as given to begin() if no header
	 * changed it. A new one is allocated with ic_malloc and handed over here once (NULL-able *nomem).
	 * NULL: a format whose layout holds for the whole file. */
	const ic_layout *(*layout_after)(ic_reader *r, bool *nomem);
	bool (*layout_equal)(const ic_layout *a, const ic_layout *b);
	void (*layout_free)(const ic_layout *l);
	/* Makes a reader that was read to its end as if begun, for another unit of the same input; what it has
	 * learned of the usual form of lines stays. NULL: readers are used once. */
	void (*again)(ic_reader *r, const ic_layout *layout);
	void (*end)(ic_reader *r); /* frees; NULL allowed */
} ic_source_kind;

extern const ic_source_kind ic_kind_zeek_tsv;	   /* zeek_tsv.c */
extern const ic_source_kind ic_kind_zeek_json;	   /* json_zeek.c */
extern const ic_source_kind ic_kind_eve;	   /* json_eve.c */
extern const ic_source_kind ic_kind_ecs;	   /* json_ecs.c */
extern const ic_source_kind ic_kind_defender_json; /* json_defender.c */
extern const ic_source_kind ic_kind_defender_csv;  /* csv_defender.c */
extern const ic_source_kind ic_kind_qradar_json;   /* json_qradar.c */
extern const ic_source_kind ic_kind_qradar_csv;	   /* csv_qradar.c */
extern const ic_source_kind ic_kind_csv;	   /* csv_map.c: any CSV with a field map */
extern const ic_source_kind ic_kind_ndjson;	   /* json_map.c: any NDJSON with a field map */
extern const ic_source_kind ic_kind_capture;	   /* packet/kind.c: pcap and pcapng */

/* ---- shared by the readers: values.c ---- */

/* Lower case, without port, final dot, brackets; "" and an address give {NULL, 0}. Copies into the
 * arena only when it must change bytes. */
ic_str ic_host_name(ic_arena *a, ic_str host);
/* Splits http://host:port/path, host:port (CONNECT). False if there is no host in it. */
typedef struct ic_url {
	ic_str scheme, host, path; /* path with query; NULL if absent */
	int port;		   /* -1: none given and the scheme is unknown */
} ic_url;
bool ic_url_split(ic_str s, ic_url *ret);
/* "tls" for ssl, "tls"; "http", "quic", "websocket", "dns"... lower case; the first known one of a
 * comma-separated Zeek list ("ssl,http", "quic,ssl") in the order websocket, quic, http, tls. */
ic_str ic_service_name(ic_str s);
/* Whom a finished http row asks: proxied flag and dst_name. Call after the row's columns are filled; uses method,
 * uri and host. */
void ic_http_row_name(ic_batch *b, uint32_t row);
/* The same, and what it is: service and upgrade flag, by its status. A log does not say what 101 switched to: as a
 * rule it is WebSocket. */
void ic_http_row_finish(ic_batch *b, uint32_t row);
/* Port, service and time filter; counts what it drops. Columns must be filled. */
bool ic_row_keep(const ic_row_filter *f, const ic_batch *b, uint32_t row, ic_row_counts *c);
/* The same for n rows of one stream behind those that b has: writes which of them, from 0, are kept and returns how
 * many. */
uint32_t ic_rows_keep(const ic_row_filter *f, const ic_batch *b, uint32_t n, uint16_t *kept,
		      ic_row_counts *c);

#endif
