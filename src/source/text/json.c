/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/json.h"

#include "base/hash.h"
#include "source/text/json_nodes.h"

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

const node *ic_json_node(const ic_json *j, const node *parent, ic_str key)
{
	const struct ic_json_nodes *t = j->nodes;
	uint16_t id = t->table[table_place(t, parent, key)];
	return id ? &t->list[id] : NULL;
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

static size_t digits(const char *p, size_t at, size_t end)
{
	while (at < end && p[at] >= '0' && p[at] <= '9')
		at++;
	return at;
}

static ic_json_scalar pass_number(const char *p, size_t at, size_t end)
{
	size_t start;
	if (at < end && p[at] == '-')
		at++;
	start = at;
	at = digits(p, at, end);
	if (at == start || (p[start] == '0' && at > start + 1))
		return (ic_json_scalar){ at == start ? at : start + 1, IC_JSON_NONE };
	if (at < end && p[at] == '.') {
		start = ++at;
		at = digits(p, at, end);
		if (at == start)
			return (ic_json_scalar){ at, IC_JSON_NONE };
	}
	if (at < end && (p[at] == 'e' || p[at] == 'E')) {
		at++;
		if (at < end && (p[at] == '+' || p[at] == '-'))
			at++;
		start = at;
		at = digits(p, at, end);
		if (at == start)
			return (ic_json_scalar){ at, IC_JSON_NONE };
	}
	return (ic_json_scalar){ at, IC_JSON_NUMBER };
}

ic_json_scalar ic_json_pass_scalar(const char *p, size_t at, size_t end)
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
			return (ic_json_scalar){ at + i, words[w].kind };
		if (i > 0)
			return (ic_json_scalar){ at + i, IC_JSON_NONE };
	}
	return pass_number(p, at, end);
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
	ic_json_scalar s = ic_json_pass_scalar(p, at, end);
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

/* What flags ask for when a value of such a key was met, inside `depth` objects of the record: lists of records stand
 * in the outermost object. */
static __attribute__((noinline)) ic_json_result obey(ic_json *j, node *e, const char *p, size_t at,
						     size_t end, unsigned depth)
{
	if (e->flags & INNER) {
		if (e->seen == j->record)
			forget_below(j, e);
		e->seen = j->record;
	}
	if (e->flags & IC_JSON_LISTS && j->list_ok && depth == 0 && p[at] == '[') {
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

/* Where one scan is. When indexed, the marks of the line say where strings and values end, 64 bytes
 * after end may be read, and a line end stands there.
 * slash: there may be backslashes. Only ever a local variable of walk, whose helpers are all inlined:
 * nothing of it is in memory. */
typedef struct place {
	const char *p;
	size_t at, end;
	const uint16_t *ends;
	size_t k; /* the first mark after `at` */
	bool indexed, slash;
} place;
#define INLINE static inline __attribute__((always_inline))

/* The byte at i, NUL after the end. */
INLINE char see(const place *w, size_t i)
{
	return w->indexed || i < w->end ? w->p[i] : '\0';
}

/* Goes to `at`, which was found without the marks. */
INLINE void go_to(place *w, size_t at)
{
	w->at = at;
	while (w->indexed && (w->ends[w->k] & IC_SCAN_MAX) <= at)
		w->k++;
}

/* The node of the name at w->at, after the colon and blanks. NULL: failure. */
INLINE node *read_key(ic_json *j, place *w, node *object, node **link)
{
	const bool quick = w->indexed || w->at + LEARN_MAX <= w->end;
	node *e = link[0];
	if (quick && __builtin_expect(same_key(e, w->p + w->at), 1)) {
		w->at += e->length;
		w->k += 2;
	} else if (quick && same_key(link[1], w->p + w->at)) {
		e = link[1];
		link[1] = link[0];
		link[0] = e;
		w->at += e->length;
		w->k += 2;
	} else {
		found f = find_key(j, object, w->p, w->at, w->end);
		if (f.at == SIZE_MAX)
			return NULL;
		e = f.key;
		learn(j, link, e);
		go_to(w, f.at);
	}
	if ((unsigned char)see(w, w->at) <= ' ')
		w->at = blanks(w->p, w->at, w->end);
	return e;
}

INLINE bool read_string(ic_json *j, place *w, const node *e)
{
	const size_t start = w->at + 1;
	bool escaped = false;
	if (w->indexed && !w->slash) {
		w->at = w->ends[w->k + 1];
		if (__builtin_expect(w->at & IC_SCAN_LINE, 0)) {
			w->at = (w->at & IC_SCAN_MAX) - 1;
			(void)ic_json_fail(j, w->at, w->at, NULL);
			return false;
		}
		w->k += 2;
	} else {
		size_t close = pass_string(j, w->p, start, w->end, &escaped);
		if (close == SIZE_MAX)
			return false;
		go_to(w, close + 1);
	}
	set_value(e->value, w->p + start, w->at - start - 1, IC_JSON_STRING, escaped, j->record);
	return true;
}

/* A list, or an object that is one value. */
INLINE bool read_whole(ic_json *j, place *w, const node *e, unsigned depth)
{
	const size_t start = w->at, end = pass_value(j, w->p, start, w->end, depth);
	if (end == SIZE_MAX)
		return false;
	set_value(e->value, w->p + start, end - start, w->p[start] == '[' ? IC_JSON_ARRAY : IC_JSON_OBJECT,
		  false, j->record);
	go_to(w, end);
	return true;
}

INLINE bool read_scalar(ic_json *j, place *w, const node *e)
{
	const size_t start = w->at;
	ic_json_kind kind = IC_JSON_NONE;
	/* Usually the value reaches to the comma before the next name, or to the braces before that or
	 * before the end of the line. */
	if (w->indexed) {
		w->at = (w->ends[w->k] & IC_SCAN_MAX) - 2u;
		if (w->p[w->at] == ',' || w->p[w->at] == '}') {
			w->at += w->p[w->at] == '}';
			while (w->p[w->at - 1] == '}')
				w->at--;
			kind = plain_scalar(w->p + start, w->at - start);
		}
	}
	if (kind == IC_JSON_NONE) {
		ic_json_scalar s = ic_json_pass_scalar(w->p, start, w->end);
		kind = s.kind;
		w->at = s.at;
		if (kind == IC_JSON_NONE) {
			(void)ic_json_fail(j, s.at, w->end, "not a value");
			return false;
		}
	}
	set_value(e->value, w->p + start, w->at - start, kind, false, j->record);
	return true;
}

/* From the bracket of an object to its first name, or to the brace that closes it. */
INLINE void enter(place *w)
{
	w->at++;
	if (see(w, w->at) != '"')
		w->at = blanks(w->p, w->at, w->end);
}

/* From the end of a value over its comma to the next name. False: there is no comma, but w->at is at
 * what comes next. */
INLINE bool next_name(place *w)
{
	if (see(w, w->at) != ',') {
		w->at = blanks(w->p, w->at, w->end);
		if (see(w, w->at) != ',')
			return false;
	}
	enter(w);
	return true;
}

/* One record. Nothing in it is searched for while it looks like those before: names are compared with
 * the expected ones, and values end where the next mark says. */
INLINE ic_json_result walk(ic_json *j, place w, size_t *ret_k)
{
	node *stack[IC_JSON_DEPTH], *object = &j->nodes->list[ROOT], *e = object, **link = object->first;
	unsigned depth = 0;
	uint32_t marks = 0;
	bool good = true;
	if (see(&w, w.at) != '{')
		return ic_json_fail(j, w.at, w.end, "expected {");
	enter(&w);
	bool name = see(&w, w.at) != '}';
	for (;;) {
		while (!name) {
			if (see(&w, w.at) != '}')
				return ic_json_fail(j, w.at, w.end, "expected , or }");
			w.at++;
			if (depth == 0) {
				j->marks = marks;
				j->at = w.at;
				*ret_k = w.k;
				return IC_JSON_OK;
			}
			e = object;
			object = stack[--depth];
			link = e->next;
			name = next_name(&w);
		}
		e = read_key(j, &w, object, link);
		if (!e)
			break;
		marks |= e->marks;
		if (__builtin_expect(e->flags, 0) && (w.indexed || w.at < w.end)) {
			ic_json_result r = obey(j, e, w.p, w.at, w.end, depth);
			if (r != IC_JSON_OK)
				return r;
		}
		const char c = see(&w, w.at);
		if (c == '{' && !(e->flags & IC_JSON_WHOLE)) {
			if (depth + 1 == IC_JSON_DEPTH)
				return ic_json_fail(j, w.at, w.end, "nested deeper than 64");
			set_value(e->value, w.p + w.at, 0, IC_JSON_OBJECT, false, j->record);
			stack[depth++] = object;
			object = ic_json_inside(j, e);
			link = object->first;
			enter(&w);
			name = see(&w, w.at) != '}';
			continue;
		}
		if (c == '"')
			good = read_string(j, &w, e);
		else if (c == '[' || c == '{')
			good = read_whole(j, &w, e, depth + 1);
		else
			good = read_scalar(j, &w, e);
		if (!good)
			break;
		if (__builtin_expect(e->flags & IC_JSON_GATE, 0) && j->gate &&
		    !j->gate(j->ctx, j, e->value)) {
			j->at = w.at;
			return IC_JSON_SKIPPED;
		}
		link = e->next;
		name = next_name(&w);
	}
	return j->cut ? IC_JSON_SHORT : IC_JSON_BAD;
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
	j->nodes->fitted = NULL;
}

ic_json_result ic_json_scan(ic_json *j, const char *text, size_t n, size_t at)
{
	size_t k;
	begin_record(j);
	j->padded = false;
	return walk(j, (place){ .p = text, .at = blanks(text, at, n), .end = n }, &k);
}

static ic_json_result scan_shape(ic_json *j, const ic_json_slab *s, shape *h, size_t *k)
{
	j->nodes->fitted = h;
	j->marks = h->marks;
	*k += h->line;
	j->at = (s->ends[*k] & IC_SCAN_MAX) - 1u;
	return h->gate && j->gate && !j->gate(j->ctx, j, h->gate) ? IC_JSON_SKIPPED : IC_JSON_OK;
}

ic_json_result ic_json_scan_line(ic_json *j, const ic_json_slab *s, size_t at, size_t *k)
{
	struct ic_json_nodes *t = j->nodes;
	place w = { .p = s->text, .at = at, .ends = s->ends, .k = *k, .indexed = true };
	size_t line = *k;
	begin_record(j);
	j->padded = true;
	if (s->backslash) {
		while (!(s->ends[line] & IC_SCAN_LINE))
			line++;
		w.end = (s->ends[line] & IC_SCAN_MAX) - 1u;
		w.slash = true;
		return walk(j, w, k);
	}
	t->credit += t->credit < CREDIT_MAX;
	shape *h = ic_json_shape_find(j, s, at, *k);
	if (h)
		return scan_shape(j, s, h, k);
	begin_record(j); /* values of a shape that did not fit to its end */
	while (!(s->ends[line] & IC_SCAN_LINE))
		line++;
	w.end = (s->ends[line] & IC_SCAN_MAX) - 1u;
	ic_json_result r = walk(j, w, k);
	if (r == IC_JSON_OK && t->credit >= LEARN_COST) {
		t->credit -= LEARN_COST;
		ic_json_shape_learn(j, s->text, at, s->ends + w.k);
	}
	return r;
}
