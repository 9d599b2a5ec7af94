/* SPDX-License-Identifier: Apache-2.0 */
/* What the JSON scanner remembers: the keys it met, and the shapes of whole lines. */
#ifndef IC_SOURCE_TEXT_JSON_NODES_H
#define IC_SOURCE_TEXT_JSON_NODES_H

#include "source/text/json_private.h"
#include "source/text/json_put.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#define KEY_MAX	   255	/* longer keys are never asked for */
#define LEARN_MAX  64	/* longer keys are not remembered */
#define NODE_ROOM  1024 /* keys that are asked for or remembered */
#define TABLE_SIZE 4096

/* Nodes that are no key: of keys that are not remembered (nothing of theirs is wanted), of one that is
 * wanted all the same, and the record itself. */
enum { ANONYMOUS, PASSING, ROOT, FIRST_KEY };
#define NEVER UINT32_MAX
#define INNER 128 /* flag: a path that is asked for goes on below */

typedef struct node node;
struct node {
	char start[16]; /* of `"key":` */
	uint32_t need;	/* a bit for each byte of start that a text must have; all 32: never equal */
	uint32_t marks;
	ic_json_value *value;
	const char *key;	  /* `"key":` and some zeros */
	node *next[2], *first[2]; /* keys that lately came after it, and as the first inside it */
	node *parent;
	uint16_t slot;
	uint16_t seen;	/* last record with it; kept for INNER nodes */
	uint8_t key_n;	/* of key */
	uint8_t length; /* of `"key":`, 0 if it is always looked up */
	uint8_t flags;
};

/* A shape is the text of a line without its values: pieces such as `,"id.orig_p":` or `","proto":"`.
 * Where they are follows from the marks of the line, so all of it is checked without a search, and what
 * is between them are the values. A line that does not fit is scanned in full. */
#define SHAPES	   8
#define PIECES	   72
#define TEXT_MAX   32
#define PIECE_MAX  32
#define LEARN_COST 16 /* lines between two shapes that are learned */
#define CREDIT_MAX (4 * LEARN_COST)

#define TOGETHER_MOST 128 /* lines that are tried at once */
#define MARKS_MOST    512 /* more than a shape has */

/* What follows a piece. WHOLE, REAL and WORD are what such a value usually is: any other plain scalar fits as
 * well, but is not looked for first. Likewise TEXT and LONG. */
typedef enum piece_form {
	FORM_TEXT,    /* a string of up to TEXT_MAX bytes; its quotes are of the pieces */
	FORM_LONG,    /* a string */
	FORM_WHOLE,   /* digits */
	FORM_REAL,    /* digits, perhaps a point among them */
	FORM_WORD,    /* true or false */
	FORM_NOTHING, /* of runs: the next one follows at once */
} piece_form;

static inline bool is_text(piece_form form)
{
	return form <= FORM_LONG;
}

typedef struct piece {
	char text[PIECE_MAX];
	uint32_t need; /* a bit for each byte of it */
	uint16_t mark; /* the piece starts so many bytes before what this mark of the line says */
	uint8_t back;
	uint8_t length;
	uint8_t form;  /* piece_form */
	bool last;     /* nothing follows */
	uint16_t cell; /* where the value's offsets go, once the shape has a plan */
	ic_json_value *value;
} piece;

/* Some values are the same in all lines: together with the pieces around them they are compared as one text,
 * unless somebody wants them. The usual value is that of the line of which the shape was learned; it is
 * forgotten when a line has another one. */
#define USUAL_MAX 16
#define RUN_MAX	  192
_Static_assert(RUN_MAX + 64 <= IC_JSON_PAD, "a run and the 64 bytes behind it are read together");

typedef struct usual_value {
	char text[USUAL_MAX];
	uint8_t n; /* 0: none */
} usual_value;

typedef struct run {
	char text[RUN_MAX];
	uint16_t cell; /* as of its last piece */
	uint8_t length, form;
	bool last;
} run;

typedef struct shape {
	uint32_t pieces; /* 0: none */
	uint32_t line;	 /* the mark of the line's end */
	uint32_t marks;
	ic_json_value *gate; /* NULL: none */
	/* What rows of this shape become, and the gate's text that goes with it. NULL: not known. */
	const ic_json_plan *plan;
	char gate_text[16], gate_mask[16]; /* mask: of the bytes that count */
	uint8_t gate_n;
	uint16_t gate_cell;
	uint16_t absent[IC_FIELD_COUNT * IC_JSON_SOURCES]; /* cells of the plan that the shape has not */
	uint16_t absents;
	bool gate_in_run; /* a line whose runs fit has the gate's text */
	uint32_t runs;
	piece piece[PIECES];
	usual_value usual[PIECES]; /* after each piece */
	run run[PIECES];	   /* once the shape has a plan */
} shape;

struct ic_json_nodes {
	node list[NODE_ROOM];
	shape shapes[SHAPES];
	unsigned recent, oldest; /* shapes */
	shape *fitted;		 /* by the last line that was scanned; NULL: none */
	unsigned credit;
	uint32_t count, asked; /* nodes in use; those up to `asked` were asked for */
	uint16_t table[TABLE_SIZE];
	ic_arena keys;
};

typedef struct ic_json_scalar {
	size_t at; /* its end; where it is wrong if kind is NONE */
	ic_json_kind kind;
} ic_json_scalar;

/* A number, true, false or null at p[at..end). */
ic_json_scalar ic_json_pass_scalar(const char *p, size_t at, size_t end);

/* The marks are the offsets after the quotes and line ends. */
#define AFTER(k) ((size_t)(ends[k] & IC_SCAN_MAX))
#if defined(__x86_64__)
/* A bit for each of 16 bytes that is no digit. */
static inline uint32_t no_digits(const char *p)
{
	__m128i v = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_set1_epi8('0'));
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v)) ^ 0xffff;
}
#endif

#define PLAIN_MAX 31

/* True when p[0..n) is a number of the usual kind: digits, perhaps a point among them. n is 1 to
 * PLAIN_MAX and 32 bytes may be read. The others are left to pass_scalar. */
static inline bool plain_number(const char *p, size_t n)
{
	uint32_t other = 0;
#if defined(__x86_64__)
	other = no_digits(p);
	if (n > 16)
		other |= no_digits(p + 16) << 16;
	other &= (1u << n) - 1;
#else
	for (size_t i = 0; i < n; i++)
		other |= (uint32_t)(p[i] < '0' || p[i] > '9') << i;
#endif
	if (other == 0)
		return n == 1 || p[0] != '0';
	unsigned point = (unsigned)__builtin_ctz(other);
	return (other & (other - 1)) == 0 && p[point] == '.' && point > 0 && point + 1 < n &&
	       (p[0] != '0' || point == 1);
}

/* The kind of the value p[0..n) when it is a plain number or a word; NONE leaves it to pass_scalar. */
static inline ic_json_kind plain_scalar(const char *p, size_t n)
{
	if (n - 1 >= PLAIN_MAX)
		return IC_JSON_NONE;
	if (p[0] < 'a')
		return plain_number(p, n) ? IC_JSON_NUMBER : IC_JSON_NONE;
	if (n == 4 && memcmp(p, "true", 4) == 0)
		return IC_JSON_TRUE;
	if (n == 4 && memcmp(p, "null", 4) == 0)
		return IC_JSON_NULL;
	return n == 5 && memcmp(p, "false", 5) == 0 ? IC_JSON_FALSE : IC_JSON_NONE;
}

static inline void set_value(ic_json_value *v, const char *p, size_t n, ic_json_kind kind, bool escaped,
			     uint16_t record)
{
	v->p = p;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	/* one store for the rest */
	const uint64_t rest =
	    (uint32_t)n | (uint64_t)kind << 32 | (uint64_t)escaped << 40 | (uint64_t)record << 48;
	_Static_assert(sizeof(*v) == 16 && offsetof(ic_json_value, record) == 14, "layout");
	memcpy(&v->n, &rest, sizeof(rest));
#else
	v->n = (uint32_t)n;
	v->kind = (uint8_t)kind;
	v->escaped = escaped;
	v->record = record;
#endif
}

/* Whether the piece stands at p, after which 32 bytes may be read. */
static inline bool fits_piece(const piece *c, const char *p)
{
#if defined(__x86_64__)
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)c->text);
	uint32_t same = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
	if (c->length > 16) {
		a = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
		b = _mm_loadu_si128((const __m128i *)(const void *)(c->text + 16));
		same |= (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b)) << 16;
	}
	return (c->need & ~same) == 0;
#else
	return memcmp(p, c->text, c->length) == 0;
#endif
}

/* The node whose keys are those of the object at e. */
static inline node *ic_json_inside(const ic_json *j, const node *e)
{
	return e->flags & IC_JSON_RECORD ? &j->nodes->list[ROOT] : (node *)(uintptr_t)e;
}

/* The node of a key inside `parent`, NULL if it is not known. */
const node *ic_json_node(const ic_json *j, const node *parent, ic_str key);

/* ---- json_shape.c ---- */

/* The shape that the line at text[at] fits, NULL if none; its values are set then. k: its first mark. */
shape *ic_json_shape_find(ic_json *j, const ic_json_slab *s, size_t at, size_t k);
/* Learns the shape of the line at p[at], which has passed a scan. ends: the marks of the line. */
void ic_json_shape_learn(ic_json *j, const char *p, size_t at, const uint16_t *ends);
/* Joins the pieces to runs; the cells of the pieces are set. nobody: the cell of values that are not wanted. */
void ic_json_shape_join(shape *h, uint16_t nobody);

/* ---- json_lines.c ---- */

/* The cells of a row of a plan: two offsets for each slot that a column is put from, then those of the gate, and
 * two that take what nobody wants. */
typedef struct ic_json_places {
	uint16_t cell[IC_FIELD_COUNT][IC_JSON_SOURCES]; /* by column and its slots; a slot has one place */
	uint16_t gate, nobody, all;
} ic_json_places;
void ic_json_plan_places(const ic_json_plan *plan, ic_json_places *ret);
/* Gives the shape a plan; its last record has just been scanned. */
void ic_json_shape_plan(ic_json *j, shape *h, const ic_json_plan *plan, const ic_json_places *places);

/* Where the values of lines go: those of line i to cell + i * stride, for each where it starts and one more
 * than where it ends; `absent` and the next for one that is not there. */
typedef struct ic_json_cells {
	uint16_t *cell;
	uint16_t stride, absent;
	uint16_t needed; /* the cell of a value that each line must have */
} ic_json_cells;

/* Takes lines from the start of text[0..n) on, as long as each fits a shape with this plan, `most` at the most.
 * n is less than UINT16_MAX; IC_JSON_PAD bytes behind may be read. Returns how many; *used: their bytes; *misfit: the
 * next line does not fit. */
uint32_t ic_json_take_lines(ic_json *j, const char *text, size_t n, const ic_json_plan *plan,
			    const ic_json_cells *to, uint32_t most, size_t *used, bool *misfit);

#endif
