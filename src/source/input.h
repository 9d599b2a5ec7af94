/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the facade: files, units, and the text of a unit. Private to src/source. */
#ifndef IC_SOURCE_INPUT_H
#define IC_SOURCE_INPUT_H

#include <pthread.h>
#include <stdatomic.h>

#include "source/feed.h"
#include "source/packet/live.h"
#include "source/pipe.h"
#include "source/text/map.h"
#include "source/text/reader.h"

#define IC_HEAD_BYTES  (64u << 10)
#define IC_CHUNK_BYTES (512u << 10)

/* For tests: the size of chunks and blocks from now on, 0: the usual one. */
void ic_input_set_chunk(size_t bytes);
size_t ic_input_chunk(void);

/* ---- bytes of a regular file: stream.c ---- */

typedef struct ic_raw {
	int fd;
	bool fell_short; /* the file ended before its size at opening */
	uint64_t at, size;
	_Atomic uint64_t *done; /* bytes read are added here; may be NULL */
} ic_raw;
ssize_t ic_raw_read(void *raw, void *to, size_t n); /* an ic_read_fn */

/* ---- kinds: sniff.c ---- */

extern const ic_source_kind *const ic_source_kinds[]; /* NULL-terminated */
const ic_source_kind *ic_source_kind_find(const char *name);
/* The kind of this text; NULL: none. With a map, CSV and NDJSON that have its name for time are the
 * map's. */
const ic_source_kind *ic_source_sniff(const char *head, size_t n, const ic_field_map *map);
/* What to say of text that is of no kind: by name, with what to do, if it is known from its first bytes. */
const char *ic_source_stranger(const char *head, size_t n, const ic_field_map *map);

/* ---- files ---- */

typedef struct ic_file {
	char *path, *shown; /* as found; escaped for a terminal */
	uint64_t dev, ino, size;
	bool named, pipe;
	int spooled; /* the kept bytes of what was a pipe, borrowed; -1: it is none */
	bool empty, readable;
	ic_pack pack;
	const ic_source_kind *kind;
	unsigned streams;   /* that its head shows */
	int64_t first_time; /* of its head */
	uint64_t head_hash;
	int rank; /* 0: details, 1: connections, 2: not read */

	ic_pipe *from; /* of a pipe */

	/* under the input's lock */
	const ic_layout **layouts; /* owned */
	size_t layout_n, layout_room;
	const ic_layout *newest; /* in force behind the last committed unit */
	uint64_t lines;		 /* of committed units */
	int fd;			 /* -1 when no unit has it open */
	unsigned fd_users;
	ic_file_report report;
} ic_file;

#define IC_IDLE_READERS 16

typedef struct ic_idle_reader {
	const ic_source_kind *kind;
	ic_reader *reader;
} ic_idle_reader;

struct ic_input {
	ic_input_request req;
	ic_reader_config cfg;
	ic_field_map *map;
	ic_arena file_arena;
	ic_file *files; /* those to be read first, in order */
	size_t file_n, readable_n;
	ic_live *live; /* the one file is an interface; NULL: none is */
	ic_input_facts facts;
	_Atomic uint64_t bytes_done;
	_Atomic bool surprised;
	_Atomic unsigned blended; /* streams of files whose heads showed another one only */

	pthread_mutex_t lock;
	/* under the lock */
	size_t next_file;
	uint64_t next_chunk, next_seq;
	ic_unit *units; /* claimed, not committed */
	ic_status failed;
	char **pool; /* free text buffers of one size */
	size_t pool_n, pool_room;
	ic_idle_reader idle[IC_IDLE_READERS]; /* of units that ended */
	size_t idle_n;
};

/* ---- text of a unit: stream.c ---- */

typedef struct ic_text {
	char *p;
	size_t room, n;
	size_t at;	/* parsed so far */
	size_t end;	/* may be parsed: at..end */
	bool final;	/* nothing follows `end` */
	bool drained;	/* no more to be had */
	bool skipping;	/* inside a line that is too long */
	bool gap;	/* behind `n` text is missing */
	bool cut;	/* the end is not the file's, but damage */
	bool long_tail; /* the line behind `end` is too long and belongs to this unit */
} ic_text;

struct ic_unit {
	ic_input *in;
	ic_file *file;
	ic_unit *prev, *next;
	uint64_t seq, chunk;
	bool chunked;
	const ic_layout *layout; /* at its start */
	ic_reader *reader;
	ic_row_counts counts;
	uint64_t kept; /* rows handed out */
	bool begun, ended, damaged, final_called;
	ic_error damage; /* the first */
	unsigned places; /* that are damaged */
	int fd;		 /* chunked units: the file's, -1 if it cannot be opened */
	ic_raw raw;
	ic_feed *feed;
	ic_text text;
};

/* A buffer of the usual size from the pool; NULL: out of memory. */
char *ic_input_take_buffer(ic_input *in);
size_t ic_input_buffer_bytes(void);

/* Starts the text of a unit, then gets more of it once all before `end` was parsed. Damage ends the
 * text and is left in u->damage. IC_E_NOMEM only. */
ic_status ic_text_start(ic_unit *u);
ic_status ic_text_more(ic_unit *u);
/* True when blocks end anywhere. */
bool ic_unit_is_document(const ic_unit *u);
/* Makes the unit, with its feed; called under the input's lock. NULL: out of memory. */
ic_unit *ic_unit_new(ic_input *in, ic_file *f, uint64_t chunk, bool chunked);
void ic_unit_free(ic_unit *u);
/* Opens the file for reading, if it still is the one that was found; -1 and *err otherwise. */
int ic_file_open(const ic_file *f, ic_error *err);

#endif
