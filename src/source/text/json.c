/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/json.h"

#include "base/hash.h"
#include "source/text/json_private.h"

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
#define PIECE_MAX  32
#define LEARN_COST 16 /* lines between two shapes that are learned */
#define CREDIT_MAX (4 * LEARN_COST)

typedef struct piece {
	char text[PIECE_MAX];
	uint32_t need; /* a bit for each byte of text */
	uint16_t mark; /* the piece starts so many bytes before what this mark of the line says */
	uint8_t back;
	uint8_t length;
	bool string; /* what follows: a string, or a number or word */
	bool last;   /* nothing follows */
	ic_json_value *value;
} piece;

typedef struct shape {
	uint32_t pieces; /* 0: none */
	uint32_t line;	 /* the mark of the line's end */
	uint32_t marks;
	ic_json_value *gate; /* NULL: none */
	piece piece[PIECES];
} shape;

struct ic_json_nodes {
	node list[NODE_ROOM];
	shape shapes[SHAPES];
	unsigned recent, oldest; /* shapes */
	unsigned credit;
	uint32_t count, asked; /* nodes in use; those up to `asked` were asked for */
	uint16_t table[TABLE_SIZE];
	ic_arena keys;
};

/* ---- nodes ---- */

static size_t table_place(const struct ic_json_nodes *t, const node *parent, ic_str key)
{
	size_t i =
	    (ic_hash(key.p, key.n) + (uint64_t)(parent - t->list) * UINT64_C(0x9e3779b97f4a7c15)) >> 20;
	for (;; i++) {
		uint16_t id = t->table[i % TABLE_SIZE];
		if (id == 0)
			return i % TABLE_SIZE;
		const node *e = &t->list[id];
		if (e->parent == parent && e->key_n == key.n && memcmp(e->key + 1, key.p, key.n) == 0)
			return i % TABLE_SIZE;
	}
}

/* No prediction is a node that equals no text, so that there is no NULL to test for. */
static void node_clear(ic_json *j, node *e)
{
	node *none = j->nodes->list;
	*e = (node){ .need = NEVER,
		     .value = &j->values[IC_JSON_SLOTS],
		     .next = { none, none },
		     .first = { none, none },
		     .slot = IC_JSON_SLOTS };
}

static node *node_add(ic_json *j, size_t place, node *parent, ic_str key)
{
	struct ic_json_nodes *t = j->nodes;
	const size_t room = key.n + 3 + 16, length = key.n + 3; /* the start is copied whole */
	char *text = t->count < NODE_ROOM ? ic_arena_alloc(&t->keys, room) : NULL;
	if (!text)
		return NULL;
	memset(text, 0, room);
	text[0] = '"';
	if (key.n)
		memcpy(text + 1, key.p, key.n);
	memcpy(text + 1 + key.n, "\":", 2);
	uint16_t id = (uint16_t)t->count++;
	node *e = &t->list[id];
	node_clear(j, e);
	e->key = text;
	e->parent = parent;
	e->key_n = (uint8_t)key.n;
	if (length <= LEARN_MAX && !memchr(text + 1, '\\', key.n) && !memchr(text + 1, '"', key.n)) {
		e->length = (uint8_t)length;
		e->need = (1u << (length < 16 ? length : 16)) - 1;
		memcpy(e->start, text, sizeof(e->start));
	}
	t->table[place] = id;
	return e;
}

ic_json *ic_json_new(void)
{
	ic_json *j = ic_calloc(1, sizeof(*j));
	struct ic_json_nodes *t = j ? ic_calloc(1, sizeof(*t)) : NULL;
	if (!t) {
		ic_free(j);
		return NULL;
	}
	ic_arena_init(&t->keys, 0, NULL);
	t->count = t->asked = FIRST_KEY;
	j->nodes = t;
	for (int i = 0; i < FIRST_KEY; i++)
		node_clear(j, &t->list[i]);
	j->level = ic_cpu_simd();
	return j;
}

void ic_json_free(ic_json *j)
{
	if (!j)
		return;
	ic_arena_clear(&j->nodes->keys);
	ic_free(j->nodes);
	ic_free(j);
}

/* The node of a key that is asked for; NULL: no room. */
static node *ask(ic_json *j, node *parent, ic_str key)
{
	struct ic_json_nodes *t = j->nodes;
	size_t place = table_place(t, parent, key);
	uint16_t id = t->table[place];
	node *e = id ? &t->list[id] : node_add(j, place, parent, key);
	t->asked = t->count;
	return e;
}

static void set_slot(ic_json *j, node *e, int slot)
{
	if (slot < 0 || e->slot != IC_JSON_SLOTS)
		return;
	e->slot = (uint16_t)slot;
	e->value = &j->values[slot];
}

int ic_json_add(ic_json *j, ic_str path, int slot, uint32_t marks, unsigned flags)
{
	node *at = &j->nodes->list[ROOT], *flat = at;
	if (path.n > KEY_MAX)
		return -1;
	if (path.n && memchr(path.p, '.', path.n)) {
		flat = ask(j, at, path);
		if (!flat)
			return -1;
	}
	for (uint32_t from = 0; path.n && from <= path.n;) {
		const char *dot = from < path.n ? memchr(path.p + from, '.', path.n - from) : NULL;
		uint32_t to = dot ? (uint32_t)(dot - path.p) : path.n;
		if (at != &j->nodes->list[ROOT])
			at->flags |= INNER;
		at = ask(j, at, (ic_str){ path.p + from, to - from });
		if (!at)
			return -1;
		from = to + 1;
	}
	node *both[] = { flat, at };
	for (int i = flat == &j->nodes->list[ROOT]; i < 2; i++) {
		set_slot(j, both[i], slot);
		both[i]->marks |= marks;
		both[i]->flags |= (uint8_t)flags;
	}
	return at->slot;
}

/* ---- pieces ---- */

ic_json_result ic_json_fail(ic_json *j, size_t at, size_t end, const char *cause)
{
	j->cut = at >= end;
	j->at = j->cut ? end : at;
	j->cause = j->cut ? "unexpected end" : cause;
	return j->cut ? IC_JSON_SHORT : IC_JSON_BAD;
}

static size_t blanks(const char *p, size_t at, size_t end)
{
	while (at < end && (p[at] == ' ' || p[at] == '\t' || p[at] == '\n' || p[at] == '\r'))
		at++;
	return at;
}

typedef struct scalar {
	size_t at; /* its end; where it is wrong if kind is NONE */
	ic_json_kind kind;
} scalar;

static size_t digits(const char *p, size_t at, size_t end)
{
	while (at < end && p[at] >= '0' && p[at] <= '9')
		at++;
	return at;
}

static scalar pass_number(const char *p, size_t at, size_t end)
{
	size_t start;
	if (at < end && p[at] == '-')
		at++;
	start = at;
	at = digits(p, at, end);
	if (at == start || (p[start] == '0' && at > start + 1))
		return (scalar){ at == start ? at : start + 1, IC_JSON_NONE };
	if (at < end && p[at] == '.') {
		start = ++at;
		at = digits(p, at, end);
		if (at == start)
			return (scalar){ at, IC_JSON_NONE };
	}
	if (at < end && (p[at] == 'e' || p[at] == 'E')) {
		at++;
		if (at < end && (p[at] == '+' || p[at] == '-'))
			at++;
		start = at;
		at = digits(p, at, end);
		if (at == start)
			return (scalar){ at, IC_JSON_NONE };
	}
	return (scalar){ at, IC_JSON_NUMBER };
}

static __attribute__((noinline)) scalar pass_scalar(const char *p, size_t at, size_t end)
{
	static const struct {
		ic_str text;
		ic_json_kind kind;
	} words[] = { { { "true", 4 }, IC_JSON_TRUE },
		      { { "false", 5 }, IC_JSON_FALSE },
		      { { "null", 4 }, IC_JSON_NULL } };
	for (size_t w = 0; w < 3; w++) {
		size_t i = 0;
		while (i < words[w].text.n && at + i < end && p[at + i] == words[w].text.p[i])
			i++;
		if (i == words[w].text.n)
			return (scalar){ at + i, words[w].kind };
		if (i > 0)
			return (scalar){ at + i, IC_JSON_NONE };
	}
	return pass_number(p, at, end);
}

#if defined(__x86_64__)
/* A bit for each of 16 bytes that is no digit. */
static inline uint32_t no_digits(const char *p)
{
	__m128i v = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_set1_epi8('0'));
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v)) ^ 0xffff;
}
#endif

#define PLAIN_MAX 24

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

/* A whole string: the place of its closing quote; SIZE_MAX when j has the failure. at: its first
 * byte. */
static __attribute__((noinline)) size_t pass_string(ic_json *j, const char *p, size_t at, size_t end,
						    bool *escaped)
{
	size_t close = ic_json_close(j->level, p, at, end, escaped);
	if (close >= end) {
		(void)ic_json_fail(j, end, end, NULL);
		return SIZE_MAX;
	}
	size_t wrong;
	if (*escaped && !ic_json_escapes(p + at, close - at, &wrong)) {
		(void)ic_json_fail(j, at + wrong, end, "not an escape of JSON");
		return SIZE_MAX;
	}
	return close;
}

/* `"key" :`: the place after the colon and any blanks, SIZE_MAX on failure. */
static size_t pass_key(ic_json *j, const char *p, size_t at, size_t end, ic_str *key, bool *escaped)
{
	if (at >= end || p[at] != '"') {
		(void)ic_json_fail(j, at, end, "expected a name in quotes");
		return SIZE_MAX;
	}
	size_t close = pass_string(j, p, at + 1, end, escaped);
	if (close == SIZE_MAX)
		return close;
	*key = (ic_str){ p + at + 1, (uint32_t)(close - at - 1) };
	at = blanks(p, close + 1, end);
	if (at >= end || p[at] != ':') {
		(void)ic_json_fail(j, at, end, "expected : after a name");
		return SIZE_MAX;
	}
	return blanks(p, at + 1, end);
}

/* A string or scalar: the place after it, SIZE_MAX on failure. */
static size_t pass_leaf(ic_json *j, const char *p, size_t at, size_t end)
{
	bool escaped = false;
	if (at < end && p[at] == '"') {
		size_t close = pass_string(j, p, at + 1, end, &escaped);
		return close == SIZE_MAX ? close : close + 1;
	}
	scalar s = pass_scalar(p, at, end);
	if (s.kind != IC_JSON_NONE)
		return s.at;
	(void)ic_json_fail(j, s.at, end,
			   s.at == at ? "expected a value" : "not a number, true, false or null");
	return SIZE_MAX;
}

/* The value at `at`, inside `depth` others: the place after it, SIZE_MAX on failure. */
static __attribute__((noinline)) size_t pass_value(ic_json *j, const char *p, size_t at, size_t end,
						   unsigned depth)
{
	uint64_t objects = 0; /* a bit for each open container, the innermost lowest */
	unsigned open = 0;
	ic_str key;
	bool escaped = false;
	for (;;) {
		bool inside = at < end && (p[at] == '{' || p[at] == '[');
		if (inside) {
			if (depth + ++open > IC_JSON_DEPTH) {
				(void)ic_json_fail(j, at, end, "nested deeper than 64");
				return SIZE_MAX;
			}
			objects = objects << 1 | (p[at] == '{');
			at = blanks(p, at + 1, end);
			inside = at >= end || p[at] != (objects & 1 ? '}' : ']');
		} else {
			at = pass_leaf(j, p, at, end);
			if (at == SIZE_MAX)
				return at;
		}
		while (!inside) {
			if (open == 0)
				return at;
			at = blanks(p, at, end);
			if (at < end && p[at] == (objects & 1 ? '}' : ']')) {
				objects >>= 1;
				open--;
				at++;
			} else if (at < end && p[at] == ',') {
				at = blanks(p, at + 1, end);
				inside = true;
			} else {
				(void)ic_json_fail(j, at, end,
						   objects & 1 ? "expected , or }" : "expected , or ]");
				return SIZE_MAX;
			}
		}
		if (objects & 1)
			at = pass_key(j, p, at, end, &key, &escaped);
		if (at == SIZE_MAX)
			return at;
	}
}

ic_json_result ic_json_skip(ic_json *j, const char *text, size_t n, size_t at)
{
	size_t end = pass_value(j, text, at, n, 0);
	if (end == SIZE_MAX)
		return j->cut ? IC_JSON_SHORT : IC_JSON_BAD;
	j->at = end;
	return IC_JSON_OK;
}

/* ---- keys that are not the expected ones ---- */

typedef struct found {
	size_t at; /* of the value, SIZE_MAX on failure */
	node *key;
} found;

static bool is_learned(const ic_json *j, const node *e)
{
	return e >= &j->nodes->list[ROOT];
}

/* A wanted key that is not to be remembered: its slot is lent to one node. */
static node *pass_on(ic_json *j, const node *parent, ic_str key)
{
	node *list = j->nodes->list;
	int slot = parent->flags & IC_JSON_RESOLVE && j->resolve ? j->resolve(j->ctx, key) : -1;
	if (slot < 0)
		return &list[ANONYMOUS];
	list[PASSING].slot = IC_JSON_SLOTS;
	set_slot(j, &list[PASSING], slot);
	return &list[PASSING];
}

static __attribute__((noinline)) found find_key(ic_json *j, node *parent, const char *p, size_t at,
						size_t end)
{
	struct ic_json_nodes *t = j->nodes;
	bool escaped = false;
	char plain[KEY_MAX];
	ic_str key;
	found f = { pass_key(j, p, at, end, &key, &escaped), &t->list[ANONYMOUS] };
	if (f.at == SIZE_MAX || !is_learned(j, parent) || key.n > KEY_MAX)
		return f;
	if (escaped)
		key = (ic_str){ plain, (uint32_t)ic_json_unescape(key, plain) };
	size_t place = table_place(t, parent, key);
	if (t->table[place]) {
		f.key = &t->list[t->table[place]];
		return f;
	}
	bool learn = !escaped && key.n + 3 <= LEARN_MAX;
	node *e = learn ? node_add(j, place, parent, key) : NULL;
	f.key = e ? e : pass_on(j, parent, key);
	if (e && parent->flags & IC_JSON_RESOLVE && j->resolve)
		set_slot(j, e, j->resolve(j->ctx, key));
	return f;
}

/* An object came twice under one name: the first one does not count any more. */
static void forget_below(ic_json *j, const node *above)
{
	const struct ic_json_nodes *t = j->nodes;
	for (uint32_t i = FIRST_KEY; i < t->asked; i++) {
		const node *up = t->list[i].parent;
		while (up && up != above)
			up = up->parent;
		if (up)
			t->list[i].value->kind = IC_JSON_NONE;
	}
}

/* What flags ask for when a value of such a key was met. */
static __attribute__((noinline)) ic_json_result obey(ic_json *j, node *e, const char *p, size_t at,
						     size_t end)
{
	if (e->flags & INNER) {
		if (e->seen == j->record)
			forget_below(j, e);
		e->seen = j->record;
	}
	if (e->flags & IC_JSON_LISTS && j->list_ok && p[at] == '[') {
		size_t first = blanks(p, at + 1, end);
		if (first >= end)
			return ic_json_fail(j, end, end, NULL);
		j->at = at + 1;
		if (p[first] == '{' || p[first] == ']')
			return IC_JSON_LIST;
	}
	return IC_JSON_OK;
}

/* ---- the scan ---- */

static inline bool same_key(const node *e, const char *p)
{
	uint32_t same = 0;
#if defined(__x86_64__)
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)e->start);
	same = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
#else
	const size_t n = e->length < 16 ? e->length : 16;
	same = n && memcmp(p, e->start, n) == 0 ? e->need : 0;
#endif
	if (e->need & ~same)
		return false;
	return e->length <= 16 || memcmp(p + 16, e->key + 16, e->length - 16u) == 0;
}

/* Remembers that the key came here, unless one of the two is not remembered itself. */
static inline void learn(const ic_json *j, node **link, node *e)
{
	if (!is_learned(j, e) || link < j->nodes->list[ROOT].next)
		return;
	link[1] = link[0];
	link[0] = e;
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

/* Where one scan is. The marks of `ends` (of quotes and line ends, from scan.h) are used when
 * indexed: then nothing is searched for, at and end count from the text of the index, 64 bytes after
 * end may be read, and a line end stands before end. */
typedef struct place {
	const char *p;
	size_t at, end;
	const uint16_t *ends;
} place;

static size_t line_stop(const uint16_t *ends, size_t k)
{
	while (!(ends[k] & IC_SCAN_LINE))
		k++;
	return (ends[k] & IC_SCAN_MAX) - 1u;
}

/* The marks are the offsets after the quotes and line ends. */
#define AFTER(k) ((size_t)(ends[k] & IC_SCAN_MAX))
/* In an indexed line, where the slow ways must stop. */
#define STOP() (indexed ? line_stop(ends, k) : end)
#define SYNC()                                                                                               \
	do {                                                                                                 \
		while (indexed && AFTER(k) <= at)                                                            \
			k++;                                                                                 \
	} while (0)
#define SEE(i)	 (indexed || (i) < end ? p[i] : '\0')
#define FAILED() (j->cut ? IC_JSON_SHORT : IC_JSON_BAD)

/* One record. Nothing in it is searched for while it looks like those before: names are compared with
 * the expected ones, and values end where the next mark says. */
static inline __attribute__((always_inline)) ic_json_result
walk(ic_json *j, const place *where, size_t k, size_t *ret_k, const bool indexed, const bool slash)
{
	const char *const p = where->p;
	const uint16_t *const ends = where->ends;
	const size_t end = where->end;
	const uint16_t record = j->record;
	size_t at = where->at;
	node *stack[IC_JSON_DEPTH], *object = &j->nodes->list[ROOT], *e = object, **link = object->first;
	unsigned depth = 0;
	uint32_t marks = 0;

	if (SEE(at) != '{')
		return ic_json_fail(j, at, STOP(), "expected {");
	at++;
	if (SEE(at) != '"') {
		at = blanks(p, at, STOP());
		if (SEE(at) == '}')
			goto closed;
	}
	for (;;) {
		const bool quick = indexed || at + LEARN_MAX <= end;
		if (quick && __builtin_expect(same_key(link[0], p + at), 1)) {
			e = link[0];
			at += e->length;
			k += 2;
		} else if (quick && same_key(link[1], p + at)) {
			e = link[1];
			link[1] = link[0];
			link[0] = e;
			at += e->length;
			k += 2;
		} else {
			found f = find_key(j, object, p, at, STOP());
			if (f.at == SIZE_MAX)
				return FAILED();
			e = f.key;
			learn(j, link, e);
			at = f.at;
			SYNC();
		}
		marks |= e->marks;
		if ((unsigned char)SEE(at) <= ' ')
			at = blanks(p, at, STOP());
		const size_t value = at;
		if (__builtin_expect(e->flags, 0) && (indexed || value < end)) {
			ic_json_result r = obey(j, e, p, value, end);
			if (r != IC_JSON_OK)
				return r;
		}
		const char c = SEE(value);
		if (c == '"') {
			bool escaped = false;
			if (indexed && !slash) {
				at = ends[k + 1];
				if (__builtin_expect(at & IC_SCAN_LINE, 0)) {
					at = AFTER(k + 1) - 1;
					return ic_json_fail(j, at, at, NULL);
				}
				k += 2;
			} else {
				size_t close = pass_string(j, p, value + 1, STOP(), &escaped);
				if (close == SIZE_MAX)
					return FAILED();
				at = close + 1;
				SYNC();
			}
			set_value(e->value, p + value + 1, at - value - 2, IC_JSON_STRING, escaped, record);
			if (__builtin_expect(e->flags & IC_JSON_GATE, 0) && j->gate &&
			    !j->gate(j->ctx, j, e->value)) {
				j->at = at;
				return IC_JSON_SKIPPED;
			}
		} else if (c == '{' && !(e->flags & IC_JSON_WHOLE)) {
			if (depth + 1 == IC_JSON_DEPTH)
				return ic_json_fail(j, value, STOP(), "nested deeper than 64");
			set_value(e->value, p + value, 0, IC_JSON_OBJECT, false, record);
			stack[depth++] = object;
			object = e;
			link = e->first;
			at = value + 1;
			if (SEE(at) == '"')
				continue;
			at = blanks(p, at, STOP());
			if (SEE(at) != '}')
				continue;
			goto closed;
		} else if (c == '[' || c == '{') {
			at = pass_value(j, p, value, STOP(), depth + 1);
			if (at == SIZE_MAX)
				return FAILED();
			set_value(e->value, p + value, at - value, c == '[' ? IC_JSON_ARRAY : IC_JSON_OBJECT,
				  false, record);
			SYNC();
		} else {
			/* Usually the value reaches to the comma before the next name, or to the braces
			 * before that or before the end of the line. */
			ic_json_kind kind = IC_JSON_NONE;
			if (indexed) {
				at = AFTER(k) - 2;
				if (p[at] == ',' || p[at] == '}') {
					at += p[at] == '}';
					while (p[at - 1] == '}')
						at--;
					kind = plain_scalar(p + value, at - value);
				}
			}
			if (kind == IC_JSON_NONE) {
				scalar s = pass_scalar(p, value, STOP());
				kind = s.kind;
				at = s.at;
				if (kind == IC_JSON_NONE)
					return ic_json_fail(j, at, STOP(), "not a value");
			}
			set_value(e->value, p + value, at - value, kind, false, record);
		}
		for (;;) {
			const char d = SEE(at);
			if (d == ',') {
				at++;
				if (SEE(at) != '"')
					at = blanks(p, at, STOP());
				link = e->next;
				break;
			}
			if (d != '}') {
				size_t next = blanks(p, at, STOP());
				if (next == at)
					return ic_json_fail(j, at, STOP(), "expected , or }");
				at = next;
				continue;
			}
		closed:
			at++;
			if (depth == 0) {
				j->marks = marks;
				j->at = at;
				*ret_k = k;
				return IC_JSON_OK;
			}
			e = object;
			object = stack[--depth];
		}
	}
}

static void begin_record(ic_json *j)
{
	if (++j->record == 0) {
		/* numbers come again: forget who had them */
		memset(j->values, 0, sizeof(j->values));
		for (uint32_t i = 0; i < j->nodes->asked; i++)
			j->nodes->list[i].seen = 0;
		j->record = 1;
	}
	j->cause = NULL;
}

/* ---- lines of a known shape ---- */

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

static bool fits(const shape *h, const char *p, size_t at, const uint16_t *ends, uint16_t record)
{
	const piece *c = h->piece;
	if (!fits_piece(c, p + at))
		return false;
	for (;;) {
		const size_t value = at + c->length;
		const piece *next = c + 1;
		at = (ends[next->mark] & IC_SCAN_MAX) - (size_t)next->back;
		if (!fits_piece(next, p + at))
			return false;
		ic_json_kind kind = IC_JSON_STRING;
		if (!c->string) {
			kind = plain_scalar(p + value, at - value);
			if (kind == IC_JSON_NONE)
				return false;
		}
		set_value(c->value, p + value, at - value, kind, false, record);
		if (next->last)
			return true;
		c = next;
	}
}

/* Adds the text from `from` to `to` as the next piece; false: it does not go. */
static bool add_piece(shape *h, const char *p, size_t from, size_t to, size_t mark, size_t back)
{
	const size_t n = to - from;
	if (h->pieces == PIECES || n > PIECE_MAX || back > UINT8_MAX)
		return false;
	piece *c = &h->piece[h->pieces++];
	*c = (piece){ .need = n == 32 ? UINT32_MAX : (1u << n) - 1,
		      .mark = (uint16_t)mark,
		      .back = (uint8_t)back,
		      .length = (uint8_t)n };
	memcpy(c->text, p + from, n);
	return true;
}

/* Whether a value that is asked for, or an object with such values, came before in this line. */
static bool came_before(const shape *h, const node *const *opened, size_t n, const node *e)
{
	for (uint32_t i = 0; i < h->pieces; i++)
		if (e->slot != IC_JSON_SLOTS && h->piece[i].value == e->value)
			return true;
	for (size_t i = 0; i < n; i++)
		if (opened[i] == e)
			return true;
	return false;
}

/* The shape of the line at text[at], which has passed a scan. False: it has none (lists, blanks, names
 * that come twice or are not remembered). ends: the marks of the line. */
static bool take_shape(ic_json *j, shape *h, const char *p, size_t at, const uint16_t *ends)
{
	const struct ic_json_nodes *t = j->nodes;
	const node *stack[IC_JSON_DEPTH + 1] = { &t->list[ROOT] }, *opened[PIECES];
	size_t depth = 1, k = 0, from = at, mark = 0, objects = 0;
	*h = (shape){ .marks = 0 };
	for (at++; depth > 0; at++) {
		if (p[at] != '"' || p[AFTER(k + 1)] != ':')
			return false;
		const ic_str key = { p + at + 1, (uint32_t)(AFTER(k + 1) - at - 2) };
		const node *e = &t->list[t->table[table_place(t, stack[depth - 1], key)]];
		if (e == t->list || e->flags & (IC_JSON_WHOLE | IC_JSON_LISTS) ||
		    came_before(h, opened, objects, e))
			return false;
		at = AFTER(k + 1) + 1;
		k += 2;
		h->marks |= e->marks;
		if (p[at] == '{') {
			if (e->slot != IC_JSON_SLOTS || depth == IC_JSON_DEPTH || objects == PIECES)
				return false;
			opened[objects++] = stack[depth++] = e;
			continue;
		}
		const bool string = p[at] == '"', gated = (e->flags & IC_JSON_GATE) != 0;
		at += string;
		if (p[at - string] == '[' || e->flags & INNER || (gated && h->gate) ||
		    !add_piece(h, p, from, at, mark, (ends[mark] & IC_SCAN_MAX) - from))
			return false;
		h->piece[h->pieces - 1].string = string;
		h->piece[h->pieces - 1].value = e->value;
		if (gated)
			h->gate = e->value;
		mark = k;
		if (string) {
			mark = k + 1;
			from = AFTER(mark) - 1;
			at = from + 1;
			k += 2;
		} else {
			from = at = pass_scalar(p, at, at + PLAIN_MAX).at;
		}
		for (; p[at] == '}' && depth > 0; at++)
			depth--;
		if (depth > 0 && p[at] != ',')
			return false;
	}
	/* at is one behind the line end */
	if (p[at - 1] != '\n' || !add_piece(h, p, from, at, mark, (ends[mark] & IC_SCAN_MAX) - from))
		return false;
	h->piece[h->pieces - 1].last = true;
	h->line = (uint32_t)k;
	return h->pieces > 1;
}

/* Whether the line fits one of the shapes; its values are set then. */
static const shape *find_shape(ic_json *j, const ic_json_slab *s, size_t at, size_t k)
{
	struct ic_json_nodes *t = j->nodes;
	for (unsigned i = 0; i < SHAPES; i++) {
		const unsigned which = (t->recent + i) % SHAPES;
		const shape *h = &t->shapes[which];
		if (h->pieces == 0 || k + h->line >= s->marks || !(s->ends[k + h->line] & IC_SCAN_LINE) ||
		    !fits(h, s->text, at, s->ends + k, j->record))
			continue;
		t->recent = which;
		return h;
	}
	return NULL;
}

ic_json_result ic_json_scan(ic_json *j, const char *text, size_t n, size_t at)
{
	size_t k = 0;
	begin_record(j);
	j->padded = false;
	const place where = { .p = text, .at = blanks(text, at, n), .end = n };
	return walk(j, &where, k, &k, false, true);
}

static ic_json_result scan_shape(ic_json *j, const ic_json_slab *s, const shape *h, size_t *k)
{
	j->marks = h->marks;
	*k += h->line;
	j->at = (s->ends[*k] & IC_SCAN_MAX) - 1u;
	return h->gate && j->gate && !j->gate(j->ctx, j, h->gate) ? IC_JSON_SKIPPED : IC_JSON_OK;
}

ic_json_result ic_json_scan_line(ic_json *j, const ic_json_slab *s, size_t at, size_t *k)
{
	struct ic_json_nodes *t = j->nodes;
	const place where = { .p = s->text, .at = at, .end = s->n, .ends = s->ends };
	const size_t first = *k;
	begin_record(j);
	j->padded = true;
	if (s->backslash)
		return walk(j, &where, first, k, true, true);
	t->credit += t->credit < CREDIT_MAX;
	const shape *h = find_shape(j, s, at, first);
	if (h)
		return scan_shape(j, s, h, k);
	begin_record(j); /* values of a shape that did not fit to its end */
	ic_json_result r = walk(j, &where, first, k, true, false);
	if (r == IC_JSON_OK && t->credit >= LEARN_COST) {
		shape *oldest = &t->shapes[t->oldest++ % SHAPES];
		t->credit -= LEARN_COST;
		if (!take_shape(j, oldest, s->text, at, s->ends + first))
			oldest->pieces = 0;
	}
	return r;
}
