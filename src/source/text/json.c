/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/json.h"

#include "base/hash.h"
#include "source/text/json_private.h"

#define KEY_MAX 255	      /* longer keys are never asked for */
#define LEARN_MAX 64	      /* longer keys are not remembered */
#define NODE_ROOM 1024	      /* keys that are asked for or remembered */
#define TABLE_SIZE 4096

/* Nodes that are no key: of keys that are not remembered (nothing of theirs is wanted), of one that is
 * wanted all the same, and the record itself. */
enum { ANONYMOUS, PASSING, ROOT, FIRST_KEY };
#define NEVER 1	  /* the word of a node that no text is compared equal with: its mask is 0 */
#define INNER 128 /* flag: a path that is asked for goes on below */

typedef struct node {
	uint64_t word[2], mask[2]; /* the first 16 bytes of `"key":` */
	const char *key;	   /* all of it, and some zeros */
	uint32_t marks;
	uint16_t slot;
	uint16_t seen; /* last record with it; kept for INNER nodes */
	uint16_t next[2], first[2]; /* keys that lately came after it, and as the first inside it */
	uint16_t parent;
	uint8_t key_n;	/* of key */
	uint8_t length; /* of `"key":`, 0 if it is always looked up */
	uint8_t flags;
} node;

struct ic_json_nodes {
	node list[NODE_ROOM];
	uint32_t count, asked; /* nodes in use; those up to `asked` were asked for */
	uint16_t table[TABLE_SIZE];
	ic_arena keys;
};

/* ---- nodes ---- */

static size_t table_place(const struct ic_json_nodes *t, uint16_t parent, ic_str key)
{
	size_t i = (ic_hash(key.p, key.n) + parent * UINT64_C(0x9e3779b97f4a7c15)) >> 20;
	for (;; i++) {
		uint16_t id = t->table[i % TABLE_SIZE];
		if (id == 0)
			return i % TABLE_SIZE;
		const node *e = &t->list[id];
		if (e->parent == parent && e->key_n == key.n && memcmp(e->key + 1, key.p, key.n) == 0)
			return i % TABLE_SIZE;
	}
}

static uint16_t node_add(struct ic_json_nodes *t, size_t place, uint16_t parent, ic_str key)
{
	const size_t room = key.n + 3 + 16; /* the first words are loaded whole */
	char *text = t->count < NODE_ROOM ? ic_arena_alloc(&t->keys, room) : NULL;
	if (!text)
		return 0;
	memset(text, 0, room);
	text[0] = '"';
	if (key.n)
		memcpy(text + 1, key.p, key.n);
	memcpy(text + 1 + key.n, "\":", 2);
	uint16_t id = (uint16_t)t->count++;
	node *e = &t->list[id];
	size_t length = key.n + 3;
	*e = (node){ .key = text, .slot = IC_JSON_SLOTS, .parent = parent, .key_n = (uint8_t)key.n };
	if (length > LEARN_MAX || memchr(text + 1, '\\', key.n) || memchr(text + 1, '"', key.n)) {
		e->word[0] = NEVER;
	} else {
		e->length = (uint8_t)length;
		char ones[16] = { 0 };
		memset(ones, 0xff, length < 16 ? length : 16);
		memcpy(e->mask, ones, 16);
		memcpy(e->word, text, 16);
		e->word[0] &= e->mask[0];
		e->word[1] &= e->mask[1];
	}
	t->table[place] = id;
	return id;
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
	for (int i = 0; i < FIRST_KEY; i++) {
		t->list[i].word[0] = NEVER;
		t->list[i].slot = IC_JSON_SLOTS;
	}
	j->nodes = t;
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

/* The node of a key that is asked for; 0: no room. */
static uint16_t ask(struct ic_json_nodes *t, uint16_t parent, ic_str key)
{
	size_t place = table_place(t, parent, key);
	uint16_t id = t->table[place];
	if (!id)
		id = node_add(t, place, parent, key);
	t->asked = t->count;
	return id;
}

static void set_node(node *e, int slot, uint32_t marks, unsigned flags)
{
	if (slot >= 0 && e->slot == IC_JSON_SLOTS)
		e->slot = (uint16_t)slot;
	e->marks |= marks;
	e->flags |= (uint8_t)flags;
}

int ic_json_add(ic_json *j, ic_str path, int slot, uint32_t marks, unsigned flags)
{
	struct ic_json_nodes *t = j->nodes;
	uint16_t at = ROOT;
	if (path.n > KEY_MAX)
		return -1;
	if (path.n && memchr(path.p, '.', path.n)) {
		uint16_t flat = ask(t, ROOT, path);
		if (!flat)
			return -1;
		set_node(&t->list[flat], slot, marks, flags);
	}
	for (ic_str rest = path; rest.n || rest.p;) {
		const char *dot = rest.n ? memchr(rest.p, '.', rest.n) : NULL;
		ic_str part = { rest.p, dot ? (uint32_t)(dot - rest.p) : rest.n };
		if (path.n == 0)
			break;
		t->list[at].flags |= INNER;
		at = ask(t, at, part);
		if (!at)
			return -1;
		rest = dot ? (ic_str){ dot + 1, rest.n - part.n - 1 } : (ic_str){ NULL, 0 };
	}
	set_node(&t->list[at], slot, marks, flags);
	t->list[ROOT].flags &= (uint8_t)~INNER; /* it comes once */
	return t->list[at].slot;
}

/* ---- pieces ---- */

ic_json_result ic_json_fail(ic_json *j, size_t at, size_t end, const char *cause)
{
	j->at = at < end ? at : end;
	j->cause = at < end ? cause : "unexpected end";
	return at < end ? IC_JSON_BAD : IC_JSON_SHORT;
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

/* True when p[0..n) is a number of the usual kind: digits, perhaps a point among them. n is 1 to 24 and
 * 8 bytes from any of them may be read. The others are left to pass_scalar. */
static inline bool plain_number(const char *p, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t more = 0; /* set when there is a second byte that is no digit */
	size_t point = n;
	for (size_t i = 0; i < n; i += 8) {
		unsigned shift = n - i >= 8 ? 0 : (unsigned)(64 - 8 * (n - i));
		uint64_t w;
		memcpy(&w, p + i, 8);
		w = (w ^ UINT64_C(0x3030303030303030)) << shift;
		uint64_t other = (((w & low) + UINT64_C(0x7676767676767676)) | w) & ~low;
		if (other) {
			more |= (other & (other - 1)) | (uint64_t)(point < n);
			point = i + ((unsigned)__builtin_ctzll(other) - shift) / 8;
		}
	}
	if (point == n)
		return n == 1 || p[0] != '0';
	return !more && p[point] == '.' && point > 0 && point + 1 < n && (p[0] != '0' || point == 1);
#else
	(void)p;
	(void)n;
	return false;
#endif
}

/* A whole string: the place of its closing quote; SIZE_MAX when j has the failure. at: its first
 * byte. */
static __attribute__((noinline)) size_t pass_string(ic_json *j, const char *p, size_t at, size_t end, bool *escaped)
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
	(void)ic_json_fail(j, s.at, end, s.at == at ? "expected a value" : "not a number, true, false or null");
	return SIZE_MAX;
}

/* The value at `at`, inside `depth` others: the place after it, SIZE_MAX on failure. */
static __attribute__((noinline)) size_t pass_value(ic_json *j, const char *p, size_t at, size_t end, unsigned depth)
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
				(void)ic_json_fail(j, at, end, objects & 1 ? "expected , or }" : "expected , or ]");
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
		return j->at < n ? IC_JSON_BAD : IC_JSON_SHORT;
	j->at = end;
	return IC_JSON_OK;
}

/* ---- keys that are not the expected ones ---- */

typedef struct found {
	size_t at; /* of the value, SIZE_MAX on failure */
	uint16_t id;
} found;

/* A wanted key that is not to be remembered: its slot is lent to one node. */
static uint16_t pass_on(ic_json *j, uint16_t parent, ic_str key)
{
	struct ic_json_nodes *t = j->nodes;
	int slot = t->list[parent].flags & IC_JSON_RESOLVE && j->resolve ? j->resolve(j->ctx, key) : -1;
	if (slot < 0)
		return ANONYMOUS;
	t->list[PASSING].slot = (uint16_t)slot;
	return PASSING;
}

static __attribute__((noinline)) found find_key(ic_json *j, uint16_t parent, const char *p, size_t at, size_t end)
{
	struct ic_json_nodes *t = j->nodes;
	bool escaped = false;
	char plain[KEY_MAX];
	ic_str key;
	found f = { pass_key(j, p, at, end, &key, &escaped), ANONYMOUS };
	if (f.at == SIZE_MAX || parent < ROOT || key.n > KEY_MAX)
		return f;
	if (escaped)
		key = (ic_str){ plain, (uint32_t)ic_json_unescape(key, plain) };
	size_t place = table_place(t, parent, key);
	f.id = t->table[place];
	if (f.id)
		return f;
	if (escaped || key.n + 3 > LEARN_MAX || t->count >= NODE_ROOM) {
		f.id = pass_on(j, parent, key);
		return f;
	}
	f.id = node_add(t, place, parent, key);
	if (!f.id)
		f.id = pass_on(j, parent, key);
	else if (t->list[parent].flags & IC_JSON_RESOLVE && j->resolve)
		set_node(&t->list[f.id], j->resolve(j->ctx, key), 0, 0);
	return f;
}

/* An object came twice under one name: the first one does not count any more. */
static void forget_below(ic_json *j, uint16_t id)
{
	const struct ic_json_nodes *t = j->nodes;
	for (uint32_t i = FIRST_KEY; i < t->asked; i++) {
		uint16_t up = t->list[i].parent;
		while (up > ROOT && up != id)
			up = t->list[up].parent;
		if (up == id)
			j->values[t->list[i].slot].kind = IC_JSON_NONE;
	}
}

/* What flags ask for when a value of such a key was met. */
static ic_json_result obey(ic_json *j, uint16_t id, const char *p, size_t at, size_t end)
{
	node *e = &j->nodes->list[id];
	if (e->flags & INNER) {
		if (e->seen == j->record)
			forget_below(j, id);
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
	uint64_t a, b;
	memcpy(&a, p, 8);
	memcpy(&b, p + 8, 8);
	if ((((a & e->mask[0]) ^ e->word[0]) | ((b & e->mask[1]) ^ e->word[1])) != 0)
		return false;
	return e->length <= 16 || memcmp(p + 16, e->key + 16, e->length - 16u) == 0;
}

/* Remembers that the key came here, unless one of the two is not remembered itself. */
static inline void learn(struct ic_json_nodes *t, uint16_t *link, uint16_t id)
{
	if (id < ROOT || link < t->list[ROOT].next)
		return;
	link[1] = link[0];
	link[0] = id;
}

/* Where one scan is. The marks of `ends` (of quotes and line ends, from scan.h) are used when
 * indexed: then nothing is searched for, at and end count from the text of the index, 64 bytes after
 * end may be read, and a line end stands before end. */
typedef struct place {
	const char *p;
	size_t at, end;
	const uint16_t *ends;
	bool slash; /* there may be backslashes */
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
#define STOP() (indexed ? (stop ? stop : (stop = line_stop(ends, k))) : end)
#define SYNC()                                     \
	do {                                       \
		while (indexed && AFTER(k) <= at)  \
			k++;                       \
	} while (0)
#define SEE(i) (indexed || (i) < end ? p[i] : '\0')

static inline __attribute__((always_inline)) ic_json_result walk(ic_json *j, place where, size_t k,
								 size_t *ret_k, const bool indexed)
{
	struct ic_json_nodes *t = j->nodes;
	const char *const p = where.p;
	const uint16_t *const ends = where.ends;
	const size_t end = where.end;
	const bool slash = where.slash;
	const uint16_t record = j->record;
	size_t at = where.at, stop = 0;
	uint16_t stack[IC_JSON_DEPTH], object = ROOT, id = ROOT;
	unsigned depth = 0;
	uint32_t marks = 0;
	uint16_t *link = t->list[ROOT].first;

	if (SEE(at) != '{')
		return ic_json_fail(j, at, STOP(), "expected {");
	at++;
	if (SEE(at) != '"') {
		at = blanks(p, at, STOP());
		if (SEE(at) == '}')
			goto closed;
	}
	for (;;) {
		size_t value;
		const bool quick = indexed || at + LEARN_MAX <= end;
		if (quick && same_key(&t->list[link[0]], p + at)) {
			id = link[0];
			value = at + t->list[id].length;
			k += 2;
		} else if (quick && same_key(&t->list[link[1]], p + at)) {
			id = link[1];
			link[1] = link[0];
			link[0] = id;
			value = at + t->list[id].length;
			k += 2;
		} else {
			found f = find_key(j, object, p, at, STOP());
			if (f.at == SIZE_MAX)
				return j->at < STOP() ? IC_JSON_BAD : IC_JSON_SHORT;
			id = f.id;
			learn(t, link, id);
			value = at = f.at;
			SYNC();
		}
		const node *e = &t->list[id];
		marks |= e->marks;
		if (SEE(value) == ' ' || SEE(value) == '\t')
			value = blanks(p, value, STOP());
		ic_json_value *v = &j->values[e->slot];
		if (e->flags && (indexed || value < end)) {
			ic_json_result r = obey(j, id, p, value, end);
			if (r != IC_JSON_OK)
				return r;
		}
		const char c = SEE(value);
		if (c == '"') {
			size_t close;
			bool escaped = false;
			if (indexed && !slash) {
				if (ends[k + 1] & IC_SCAN_LINE) {
					stop = AFTER(k + 1) - 1;
					return ic_json_fail(j, stop, stop, NULL);
				}
				at = ends[k + 1];
				close = at - 1;
				k += 2;
			} else {
				close = pass_string(j, p, value + 1, STOP(), &escaped);
				if (close == SIZE_MAX)
					return j->at < STOP() ? IC_JSON_BAD : IC_JSON_SHORT;
				at = close + 1;
				SYNC();
			}
			*v = (ic_json_value){ p + value + 1, (uint32_t)(close - value - 1), IC_JSON_STRING, escaped, record };
			if (e->flags & IC_JSON_GATE && j->gate && !j->gate(j->ctx, j, v)) {
				j->at = at;
				return IC_JSON_SKIPPED;
			}
		} else if (c == '{' && !(e->flags & IC_JSON_WHOLE)) {
			if (depth + 1 == IC_JSON_DEPTH)
				return ic_json_fail(j, value, STOP(), "nested deeper than 64");
			*v = (ic_json_value){ p + value, 0, IC_JSON_OBJECT, false, record };
			stack[depth++] = object;
			object = id;
			link = t->list[id].first;
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
				return j->at < STOP() ? IC_JSON_BAD : IC_JSON_SHORT;
			*v = (ic_json_value){ p + value, (uint32_t)(at - value),
					      c == '[' ? IC_JSON_ARRAY : IC_JSON_OBJECT, false, record };
			SYNC();
		} else {
			ic_json_kind kind = IC_JSON_NUMBER;
			/* Usually the value reaches to the comma before the next name. */
			at = indexed ? AFTER(k) - 2 : value;
			if (!indexed || p[at] != ',' || at <= value || at - value > 24 ||
			    !plain_number(p + value, at - value)) {
				scalar s = pass_scalar(p, value, STOP());
				kind = s.kind;
				at = s.at;
				if (kind == IC_JSON_NONE)
					return ic_json_fail(j, at, STOP(), "not a value");
			}
			*v = (ic_json_value){ p + value, (uint32_t)(at - value), (uint8_t)kind, false,
					      j->record };
		}
		for (;;) {
			const char d = SEE(at);
			if (d == ',') {
				at++;
				if (SEE(at) != '"')
					at = blanks(p, at, STOP());
				link = t->list[id].next;
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
			id = object;
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

ic_json_result ic_json_scan(ic_json *j, const char *text, size_t n, size_t at)
{
	size_t k = 0;
	begin_record(j);
	return walk(j, (place){ .p = text, .at = blanks(text, at, n), .end = n }, k, &k, false);
}

ic_json_result ic_json_scan_line(ic_json *j, const ic_json_slab *s, size_t at, size_t *k)
{
	const place where = { .p = s->text, .at = at, .end = s->n, .ends = s->ends, .slash = s->backslash };
	begin_record(j);
	return walk(j, where, *k, k, true);
}
