/* SPDX-License-Identifier: Apache-2.0 */
/* parse_xml(): an XML text as a bag. An element with nothing but text is that text; others are bags of
 * their attributes (@name), children (an array where a name comes again) and text (#text). */
#include "base/hex.h"
#include "exec/fn/text.h"

enum { MOST_BYTES = 1 << 20, DEPTH = 60, NAME_MOST = 1024, MOST_NAMES = 256 };

typedef struct reader {
	ic_call *call;
	const char *p, *end;
	unsigned depth;
} reader;

/* Members of the element that is being read, in order of appearance. */
typedef struct member {
	ic_str name;
	const ic_dyn *value;
	struct member *next;   /* another member */
	struct member *again;  /* the next one of the same name */
	struct member *latest; /* of that list; set in its first */
	uint32_t times;
} member;

typedef struct element {
	member *first, *last;
	uint32_t members;
	ic_text text;
} element;

static bool blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n';
}

static void skip_blanks(reader *r)
{
	while (r->p < r->end && blank(*r->p))
		r->p++;
}

static bool looking_at(const reader *r, const char *text)
{
	size_t n = strlen(text);
	return (size_t)(r->end - r->p) >= n && memcmp(r->p, text, n) == 0;
}

/* Goes behind the next `text`; *ret gets what lies before it. */
static bool skip_to(reader *r, const char *text, ic_str *ret)
{
	const char *found = memmem(r->p, (size_t)(r->end - r->p), text, strlen(text));
	if (!found)
		return false;
	*ret = (ic_str){ r->p, (uint32_t)(found - r->p) };
	r->p = found + strlen(text);
	return true;
}

static bool take_name(reader *r, ic_str *ret)
{
	const char *from = r->p;
	while (r->p < r->end && !blank(*r->p) && !strchr("<>/=\"'&", *r->p) && *r->p)
		r->p++;
	*ret = (ic_str){ from, (uint32_t)(r->p - from) };
	return ret->n > 0 && ret->n <= NAME_MOST;
}

static bool put_entity(ic_text *t, ic_str name)
{
	static const struct {
		const char *name;
		char is;
	} known[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' } };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (ic_str_eq(name, ic_str_of(known[i].name))) {
			ic_text_char(t, known[i].is);
			return true;
		}
	if (name.n < 2 || name.n > 8 || name.p[0] != '#')
		return false;
	const bool hex = name.p[1] == 'x';
	const int base = hex ? 16 : 10;
	uint32_t code = 0;
	for (uint32_t i = hex ? 2 : 1; i < name.n; i++) {
		int digit = ic_hex_digit(name.p[i]);
		if (digit < 0 || digit >= base)
			return false;
		code = code * (uint32_t)base + (uint32_t)digit;
	}
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return false;
	ic_text_code(t, code);
	return true;
}

/* Character data with its entities resolved; false: an entity that is unknown. */
static bool put_data(ic_text *t, ic_str s)
{
	for (uint32_t i = 0; i < s.n; i++) {
		const char *end = s.p[i] == '&' ? memchr(s.p + i, ';', s.n - i) : NULL;
		if (s.p[i] != '&') {
			ic_text_char(t, s.p[i]);
		} else {
			if (!end || !put_entity(t, (ic_str){ s.p + i + 1, (uint32_t)(end - s.p) - i - 1 }))
				return false;
			i = (uint32_t)(end - s.p);
		}
	}
	return true;
}

static bool add(reader *r, element *e, ic_str name, const ic_dyn *value)
{
	member *m = ic_arena_alloc(r->call->arena, sizeof *m);
	if (!m || !value) {
		r->call->failed = r->call->failed ? r->call->failed : IC_E_NOMEM;
		return false;
	}
	*m = (member){ .name = name, .value = value, .times = 1 };
	m->latest = m;
	for (member *known = e->first; known; known = known->next)
		if (ic_str_eq(known->name, name)) {
			known->latest->again = m;
			known->latest = m;
			known->times++;
			return true;
		}
	if (e->members == MOST_NAMES) {
		ic_call_limit(r->call, "an XML element has more than 256 different children");
		return false;
	}
	if (e->last)
		e->last->next = m;
	else
		e->first = m;
	e->last = m;
	e->members++;
	return true;
}

static const ic_dyn *member_value(reader *r, const member *m)
{
	if (m->times == 1)
		return m->value;
	const ic_dyn **item = ic_arena_alloc(r->call->arena, m->times * sizeof *item);
	uint32_t n = 0;
	for (const member *one = m; item && one; one = one->again)
		item[n++] = one->value;
	return item ? ic_dyn_array(r->call->arena, item, n) : NULL;
}

static const ic_dyn *element_value(reader *r, element *e)
{
	ic_value text = ic_text_value(&e->text);
	ic_str s = ic_str_trim(text.s);
	if (!e->members) {
		ic_value null = ic_value_null(IC_Q_DYNAMIC);
		return s.n ? ic_text_dyn(r->call, s) : ic_dyn_of(r->call->arena, &null);
	}
	if (s.n && !add(r, e, IC_STR("#text"), ic_text_dyn(r->call, s)))
		return NULL;
	ic_dyn_member *out = ic_arena_alloc(r->call->arena, e->members * sizeof *out);
	uint32_t n = 0;
	for (const member *m = e->first; out && m; m = m->next, n++) {
		out[n] = (ic_dyn_member){ m->name, member_value(r, m) };
		if (!out[n].value)
			return NULL;
	}
	return out ? ic_dyn_bag(r->call->arena, out, n) : NULL;
}

static bool take_attributes(reader *r, element *e)
{
	for (;;) {
		ic_str name, value;
		skip_blanks(r);
		if (r->p == r->end)
			return false;
		if (*r->p == '>' || *r->p == '/')
			return true;
		if (!take_name(r, &name))
			return false;
		skip_blanks(r);
		if (r->p == r->end || *r->p++ != '=')
			return false;
		skip_blanks(r);
		char quote = r->p < r->end ? *r->p++ : 0;
		if ((quote != '"' && quote != '\'') || !skip_to(r, quote == '"' ? "\"" : "'", &value))
			return false;
		ic_text t = ic_text_new(r->call, value.n), key = ic_text_new(r->call, name.n + 1);
		ic_text_char(&key, '@');
		ic_text_str(&key, name);
		if (!put_data(&t, value) ||
		    !add(r, e, ic_text_value(&key).s, ic_text_dyn(r->call, ic_text_value(&t).s)))
			return false;
	}
}

/* Comments, instructions and CDATA before the next tag or text; false: one that does not end. */
static bool skip_markup(reader *r, ic_text *text, bool *skipped)
{
	ic_str inside;
	*skipped = true;
	if (looking_at(r, "<!--"))
		return skip_to(r, "-->", &inside);
	if (looking_at(r, "<?"))
		return skip_to(r, "?>", &inside);
	if (looking_at(r, "<![CDATA[")) {
		r->p += 9;
		if (!text || !skip_to(r, "]]>", &inside))
			return false;
		ic_text_str(text, inside);
		return true;
	}
	*skipped = false;
	return !looking_at(r, "<!"); /* a document type may define entities: not read */
}

/* An element, from its name on. NULL: it is not sound, or the call failed. */
static const ic_dyn *take_element(reader *r, ic_str *ret_name)
{
	element e = { .text = ic_text_new(r->call, 16) };
	ic_str name, data;
	if (++r->depth > DEPTH || !take_name(r, ret_name) || !take_attributes(r, &e))
		return NULL;
	if (*r->p == '/') {
		r->depth--;
		r->p++;
		return r->p < r->end && *r->p++ == '>' ? element_value(r, &e) : NULL;
	}
	r->p++;
	while (r->p < r->end && !r->call->failed) {
		bool skipped = false;
		if (*r->p != '<') {
			const char *tag = memchr(r->p, '<', (size_t)(r->end - r->p));
			data = (ic_str){ r->p, tag ? (uint32_t)(tag - r->p) : 0 };
			if (!tag || !put_data(&e.text, data))
				return NULL;
			r->p = tag;
		} else if (!skip_markup(r, &e.text, &skipped)) {
			return NULL;
		} else if (skipped) {
			continue;
		} else if (looking_at(r, "</")) {
			r->p += 2;
			if (!take_name(r, &name) || !ic_str_eq(name, *ret_name))
				return NULL;
			skip_blanks(r);
			r->depth--;
			return r->p < r->end && *r->p++ == '>' ? element_value(r, &e) : NULL;
		} else {
			r->p++;
			const ic_dyn *child = take_element(r, &name);
			if (!child || !add(r, &e, name, child))
				return NULL;
		}
	}
	return NULL;
}

static ic_value parse_xml_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg[0].s;
	reader r = { .call = c, .p = s.p, .end = s.n ? s.p + s.n : s.p };
	bool skipped = true;
	if (s.n == 0 || s.n > MOST_BYTES)
		return ic_value_null(IC_Q_DYNAMIC);
	while (skipped) {
		skip_blanks(&r);
		if (!skip_markup(&r, NULL, &skipped))
			return ic_value_null(IC_Q_DYNAMIC);
	}
	ic_dyn_member root;
	if (r.p == r.end || *r.p++ != '<' || !(root.value = take_element(&r, &root.name)))
		return ic_value_null(IC_Q_DYNAMIC);
	const ic_dyn *bag = ic_dyn_bag(c->arena, &root, 1);
	return bag ? ic_value_dyn(bag) : ic_call_nomem(c);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_PARSE_XML, { .row = parse_xml_row, .strict = true } },
};
IC_KERNELS(xml, entries);
