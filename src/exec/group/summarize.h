/* SPDX-License-Identifier: Apache-2.0 */
/* How summarize works. Private to summarize*.c.
 *
 * What a row contributes is packed into a few bytes of fixed size: cells of its keys, its place in the
 * input, cells of the arguments. Numbers are cells as they are, addresses and texts are ids of the run's
 * dictionary. Rows of a parallel scan go through an exchange to 256 partitions, each with a group table
 * of its own; other rows into one table at once. Groups come out in the order of their first rows. What is too
 * much for the memory goes to a file: summarize_spill.c. */
#ifndef IC_EXEC_SUMMARIZE_H
#define IC_EXEC_SUMMARIZE_H

#include <pthread.h>

#include "base/intern.h"
#include "exec/group/agg.h"
#include "exec/group/exchange.h"
#include "exec/group/group.h"
#include "exec/operator.h"

enum {
	IC_SUM_KEY_BYTES = 64,	/* of a group table's key */
	IC_SUM_ROW_BYTES = 512, /* of a row that may go through the exchange */
	IC_SUM_ENTRY_BYTES = 60000,
	IC_SUM_BLOCK = 256, /* rows packed together */
};

/* ---- cells -------------------------------------------------------------------------------- */

typedef enum ic_cell_kind {
	IC_CELL_CONST,	 /* the expression is a constant: no bytes */
	IC_CELL_ADDRESS, /* 4 bytes: id */
	IC_CELL_TEXT,	 /* 4 bytes: id; 0: null, and in KQL the empty text */
	IC_CELL_BYTES,	 /* 4 bytes: id of a GUID's or decimal's bytes, or of the JSON of a key */
	IC_CELL_BOOL,	 /* key: 4 bytes, 0 null, 1 false, 2 true; argument: two flags: null, true */
	IC_CELL_SMALL, /* 4 bytes, keys: 1 + a number that is not negative, else an id of its bytes; 0: null */
	IC_CELL_WHOLE,	 /* 8 bytes: int, datetime, long, timespan */
	IC_CELL_REAL,	 /* 8 bytes, one zero, one NaN */
	IC_CELL_POINTER, /* 8 bytes: a dynamic argument; only where rows are added at once */
} ic_cell_kind;

typedef struct ic_cell {
	ic_cell_kind kind;
	ic_qtype type;
	uint32_t expr; /* number in ic_summarize.eval */
	uint32_t at;   /* bytes from the start of the row, or of the packed key if that is wide */
	uint32_t
	    flag; /* bit that says null; true is the next one. Keys: in the null words; IC_NO_FLAG: none */
	uint32_t same; /* arguments: the first one with this expression, which has the bytes */
	const ic_value *constant;
} ic_cell;
#define IC_NO_FLAG UINT32_MAX
/* A null as a real: a NaN that no cell of a value is. */
#define IC_NULL_REAL UINT64_C(0xfff8000000000001)

/* Texts to ids and back; thread-safe. Texts of up to 3 bytes are their own ids, those too long for the
 * dictionary have a table here. */
typedef struct ic_texts {
	ic_intern *names;
	bool null_is_empty;
	pthread_mutex_t lock; /* of what follows */
	ic_arena arena;
	ic_str *big;
	uint32_t bigs;
	ic_arena kept; /* of those that were there at ic_texts_mark */
	uint32_t kept_bigs;
} ic_texts;

/* ---- aggregates --------------------------------------------------------------------------- */

typedef enum ic_sum_how {
	IC_SUM_COUNT,
	IC_SUM_WHOLE, /* sum of whole numbers */
	IC_SUM_REAL,  /* of reals */
	IC_SUM_AVG_WHOLE,
	IC_SUM_AVG_REAL,
	IC_SUM_LEAST,	 /* min, max of numbers */
	IC_SUM_TOTAL,	 /* sum as a real, null of nothing */
	IC_SUM_DISTINCT, /* dcount, make_set: a set of cells */
	IC_SUM_LIST,	 /* make_list: a list of cells */

	IC_SUM_NUMBERS, /* by a kernel that looks at one number: percentile, stdev and kin */
	IC_SUM_ROW,	/* arg_max, take_any and kin: the cells of a row */
	IC_SUM_KERNEL,	/* the aggregate's kernel, value by value */
} ic_sum_how;

typedef struct ic_sum_agg {
	const ic_agg *agg;
	const ic_agg_kernel *kernel;
	ic_sum_how how;
	uint32_t state;	    /* bytes from the start of the entry */
	uint32_t arg;	    /* first of ic_summarize.arg; agg->n of them */
	uint32_t condition; /* flag that must be set, IC_NO_FLAG: none */
	uint64_t none;	    /* LEAST, TOTAL: the state where there was no value */
	uint32_t
	    seen; /* LEAST: bit of the entry that says that a value was `none` itself; IC_NO_FLAG: none can be */
	bool max;      /* LEAST, ROW */
	uint64_t most; /* items, of DISTINCT and LIST */
	uint32_t out;  /* first output column */
} ic_sum_agg;

typedef struct ic_sum_part {
	ic_group_table groups;
	ic_slab slab;
	uint32_t *chosen; /* groups that go on, in the order in which they do; NULL: all */
	uint32_t chosen_n;
	bool mixed; /* they do not stand in the order of their first rows */
} ic_sum_part;

typedef struct ic_sum_worker {
	ic_parcel *parcel;
	uint64_t unit, row;
	/* of summarize_near.c: */
	bool is_near;	  /* rows go to the worker's own table */
	bool tested;	  /* it was seen that groups are few, or many */
	char *block;	  /* rows on their way */
	ic_sum_part near; /* groups of the unit at hand */
} ic_sum_worker;

typedef struct ic_summarize {
	ic_operator *o;
	ic_eval *eval;
	ic_expr **expr;
	uint32_t exprs;

	ic_cell *key, *arg;
	uint32_t keys, args;
	uint32_t null_at, nulls; /* where the null flags of keys are, how many */
	uint32_t cell_bytes;	 /* of the keys' cells */
	uint32_t key_bytes;	 /* in the row: the same, or ids of pieces of the cells */
	uint32_t piece_bytes;	 /* of a wide key; 0: it is not */
	uint32_t place_at;	 /* uint64_t: unit << 40 | row << 8, and 8 flags */
	uint32_t flags_at;	 /* words of flags, if there are more than 8 */
	uint32_t flags;
	uint32_t row_bytes;

	ic_sum_agg *agg;
	uint32_t aggs;
	/* in the entry: the place of the first row; bits, in its low byte if that has room for them */
	uint32_t first_at, seen_at;
	uint32_t entry_bytes;
	char *fresh; /* an entry of a new group; NULL: all zeros */

	ic_texts texts;
	ic_exchange *x; /* NULL: rows are added at once */
	ic_sum_worker *worker;
	ic_sum_part *part;
	uint32_t parts;
	ic_group_table near; /* what the workers' own tables gave so far, in order; in turn */
	ic_blocks blocks;    /* of the groups' pages */
	/* rows on their way, without an exchange: for all partitions at once, if there are several */
	char *block, *sorted;
	uint8_t *block_part;
	uint32_t block_n, block_room;
	uint64_t rows;

	ic_budget own;		    /* what is used of a limited budget */
	ic_budget *budget;	    /* that, or the run's, or NULL */
	struct ic_sum_spill *spill; /* NULL: memory is not limited */

	ic_error err; /* what a drain has to say; under the lock of texts */
} ic_summarize;

/* summarize.c */
/* Puts what a drain had to say about a failure to the worker. Gives st. */
ic_status ic_summarize_say(ic_summarize *s, ic_worker *w, ic_status st);

/* summarize_pack.c */
ic_status ic_texts_init(ic_texts *t, ic_budget *budget, bool null_is_empty);
void ic_texts_clear(ic_texts *t);
/* As ic_intern_mark and ic_intern_rewind. */
bool ic_texts_mark(ic_texts *t);
void ic_texts_rewind(ic_texts *t);
/* Frees all of them; only to be cleared afterwards. */
void ic_texts_empty(ic_texts *t);
/* Lays out the rows; s->key and s->arg have kinds, types and expressions. */
void ic_summarize_layout(ic_summarize *s);
/* Rows at..at+n-1 of the vectors (n at most IC_SUM_BLOCK) to `rows`, and, where part is not NULL, their
 * partitions. `place` is that of the first. IC_E_NOMEM; IC_E_LIMIT. */
ic_status ic_summarize_pack(ic_summarize *s, ic_arena *a, const ic_vector *v, uint32_t at, uint32_t n,
			    uint64_t place, char *rows, uint8_t *part);
/* A cell back to its value: of a row's argument, or of a key's cells. Texts are borrowed or in `a`. false:
 * out of memory. */
bool ic_cell_value(const ic_texts *t, ic_arena *a, ic_qtype type, ic_cell_kind kind, uint64_t bits,
		   ic_value *ret);
uint64_t ic_cell_bits(const ic_cell *c, const char *base);
/* Wide keys: cells from a packed key, and back. IC_E_NOMEM. */
void ic_summarize_cells(const ic_summarize *s, const char *key, char *cells);
ic_status ic_summarize_pieces(ic_summarize *s, const char *cells, char *key);
/* Whether a cell says what it stands for only with the help of a dictionary, or of memory. */
bool ic_cell_borrows(ic_cell_kind kind, uint64_t bits);
/* What stands in the dictionary for such an id (`room`: for an address), and the id in another one. */
ic_str ic_cell_bytes(const ic_texts *t, ic_cell_kind kind, uint32_t id, ic_ip *room);
ic_status ic_cell_id(ic_texts *t, ic_cell_kind kind, ic_str bytes, uint32_t *id);

/* summarize_add.c */
ic_status ic_summarize_add(ic_summarize *s, ic_sum_part *p, const char *rows, uint32_t n);
size_t ic_summarize_state_bytes(const ic_sum_agg *a);
static inline bool ic_sum_flag(const ic_summarize *s, const char *row, uint32_t flag)
{
	uint64_t word;
	memcpy(&word, row + (s->flags_at ? s->flags_at + flag / 64 * 8 : s->place_at), 8);
	return word >> (flag & 63) & 1;
}

/* A set of cells in order of first appearance; all zero: empty. */
typedef struct ic_cells {
	uint32_t n, room;
	union {
		uint64_t one[1];
		uint64_t *many; /* room items, then slots */
	};
} ic_cells;
static inline const uint64_t *ic_cells_at(const ic_cells *c)
{
	return c->room ? c->many : c->one;
}

/* The state of IC_SUM_ROW. */
typedef struct ic_sum_row {
	uint64_t set;	  /* 0: none */
	uint64_t nulls[]; /* words of bits, then a word a column */
} ic_sum_row;
static inline uint32_t ic_sum_row_words(const ic_agg *agg)
{
	return (agg->columns + 63) / 64;
}

/* Whether x is nearer to the least, or the most: what is no number wins. */
static inline bool ic_sum_real_better(double x, double old, bool max)
{
	return x != x || (max ? x > old : x < old);
}
/* The partition of a key with this hash: bits that no table of a partition looks at, there they are all the same. */
static inline uint8_t ic_sum_part_of(uint64_t hash)
{
	return (uint8_t)(hash >> 24);
}

/* summarize_near.c: few groups, each worker has them in a table of its own. */
/* Once the workers are made. Does nothing where states do not merge. */
ic_status ic_sum_near_new(ic_summarize *s);
void ic_sum_near_free(ic_summarize *s);
/* n rows of a worker that is_near, at most IC_SUM_BLOCK, as for ic_summarize_pack. !*taken: groups are too many,
 * these rows are to go through the exchange. It may be near no more afterwards. */
ic_status ic_sum_near_push(ic_summarize *s, ic_worker *w, const ic_vector *v, uint32_t at, uint32_t n,
			   uint64_t place, bool *taken);
/* In its turn: the unit that the worker has pushed counts, or does not. */
ic_status ic_sum_near_end(ic_summarize *s, unsigned worker);
void ic_sum_near_discard(ic_summarize *s, unsigned worker);
/* All rows have come: groups go to the partitions; then, once a filter has chosen some, those of each partition
 * are put in order. */
ic_status ic_sum_near_finish(ic_summarize *s);
ic_status ic_sum_near_order(const ic_summarize *s, ic_sum_part *p);

/* summarize_spill.c: rows that there is no memory for. */
typedef struct ic_sum_spill ic_sum_spill;
/* Makes s->spill. */
ic_status ic_sum_spill_new(ic_summarize *s);
void ic_sum_spill_free(ic_summarize *s);
/* As ic_summarize_pack, with partitions as they are under a memory limit: by what the keys are, whatever their
 * ids. */
ic_status ic_sum_spill_pack(ic_summarize *s, ic_arena *a, const ic_vector *v, uint32_t at, uint32_t n,
			    uint64_t place, char *rows, uint8_t *part);
/* Looks at the memory. *on: from now on all rows go to the file. */
ic_status ic_sum_spill_look(ic_summarize *s, ic_error *err, bool *on);
bool ic_sum_spill_on(const ic_summarize *s);
/* n rows of a worker from `at` on, of which `place` is that of the first. Those of a unit that is not certain are
 * only kept until ic_sum_spill_settle, which makes them stay, or ic_sum_spill_discard. */
ic_status ic_sum_spill_push(ic_summarize *s, unsigned worker, ic_arena *a, const ic_vector *v, uint32_t at,
			    uint32_t n, uint64_t place, bool certain, ic_error *err);
void ic_sum_spill_settle(ic_summarize *s, unsigned worker);
void ic_sum_spill_discard(ic_summarize *s, unsigned worker);
/* Rows that were packed before. Thread-safe. */
ic_status ic_sum_spill_late(ic_summarize *s, unsigned part, const char *rows, uint32_t n, ic_error *err);
/* All rows have come. Then one partition after the other: ic_sum_spill_back adds its rows from the file to its
 * table, ic_sum_spill_write writes its groups to the file and forgets them. Then ic_sum_spill_pass passes all
 * groups on. */
ic_status ic_sum_spill_end(ic_summarize *s, ic_error *err);
ic_status ic_sum_spill_back(ic_summarize *s, unsigned part, ic_error *err);
ic_status ic_sum_spill_write(ic_summarize *s, ic_worker *w, unsigned part);
ic_status ic_sum_spill_pass(ic_summarize *s, ic_worker *w);

/* summarize_finish.c: groups go. */
ic_status ic_summarize_finish(ic_operator *o, ic_worker *w, unsigned port);
/* Group number i of those of the partition that go on, and how many these are. */
static inline char *ic_sum_group(const ic_sum_part *p, uint32_t i)
{
	return ic_group_at(&p->groups, p->chosen ? p->chosen[i] : i);
}
static inline uint32_t ic_sum_group_count(const ic_sum_part *p)
{
	return p->chosen ? p->chosen_n : ic_group_count(&p->groups);
}
static inline uint64_t ic_sum_first(const ic_summarize *s, const char *entry)
{
	uint64_t v;
	memcpy(&v, entry + s->first_at, 8);
	return v & ~UINT64_C(0xff);
}
/* Whether min, max or total of the entry had a value. */
static inline bool ic_sum_has_value(const ic_summarize *s, const ic_sum_agg *a, const char *entry)
{
	uint64_t state, seen;
	memcpy(&state, entry + a->state, 8);
	memcpy(&seen, entry + s->seen_at, 8);
	return state != a->none || (a->seen != IC_NO_FLAG && (seen >> a->seen & 1));
}
void ic_sum_part_clear(ic_sum_part *p);

/* summarize_result.c */
/* Some groups, to be written out. */
typedef struct ic_sum_groups {
	uint32_t n;
	ic_sum_part **part;
	char **entry;
} ic_sum_groups;
/* Their output columns in `a`; those that are not `needed` (NULL: all are) become nulls. */
ic_status ic_summarize_columns(ic_summarize *s, ic_worker *w, ic_arena *a, const ic_sum_groups *g,
			       const bool *needed, ic_vector *col);
/* How many groups may be written out together. */
uint32_t ic_summarize_at_once(const ic_summarize *s);

#endif
