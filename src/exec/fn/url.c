/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, and the encodings that travel in them. */
#include "base/hex.h"
#include "base/unicode.h"
#include "exec/fn/encode.h"
#include "exec/fn/text.h"

static ic_value decode(ic_call *c, ic_str s, bool plus)
{
	ic_text t = ic_text_new(c, s.n);
	for (uint32_t i = 0; i < s.n && !c->failed; i++) {
		int64_t byte = s.p[i] == '%' && i + 2 < s.n ? ic_hex_read(s.p + i + 1, 2) : -1;
		if (byte >= 0) {
			ic_text_char(&t, (char)byte);
			i += 2;
		} else {
			ic_text_char(&t, plus && s.p[i] == '+' ? ' ' : s.p[i]);
		}
	}
	return ic_text_value(&t);
}

static ic_value encode(ic_call *c, ic_str s, bool plus)
{
	ic_text t = ic_text_new(c, (size_t)s.n + s.n / 2);
	for (uint32_t i = 0; i < s.n && !c->failed; i++) {
		unsigned char ch = (unsigned char)s.p[i];
		bool plain = (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') ||
			     (ch >= 'A' && ch <= 'Z') || (ch && strchr("-_.!*()", ch));
		char escape[3] = { '%' };
		ic_hex_write(ch, 2, escape + 1);
		if (plain)
			ic_text_char(&t, (char)ch);
		else if (plus && ch == ' ')
			ic_text_char(&t, '+');
		else
			ic_text_put(&t, escape, 3);
	}
	return ic_text_value(&t);
}

static ic_value url_encode_row(ic_call *c, const ic_value *arg)
{
	return encode(c, arg[0].s, true);
}

static ic_value url_encode_component_row(ic_call *c, const ic_value *arg)
{
	return encode(c, arg[0].s, false);
}

static ic_value url_decode_row(ic_call *c, const ic_value *arg)
{
	return decode(c, arg[0].s, true);
}

/* ---- parts of a URL --------------------------------------------------------------------- */

/* The part of *s before the byte ch, which is then cut off; false (and nothing cut) if there is none. */
static bool cut_before(ic_str *s, char ch, ic_str *ret)
{
	const char *p = s->n ? memchr(s->p, ch, s->n) : NULL;
	if (!p)
		return false;
	*ret = (ic_str){ s->p, (uint32_t)(p - s->p) };
	*s = (ic_str){ p + 1, s->n - ret->n - 1 };
	return true;
}

static const ic_dyn *query_bag(ic_call *c, ic_str query)
{
	uint32_t n = 0, most = 1;
	for (uint32_t i = 0; i < query.n; i++)
		most += query.p[i] == '&';
	if (most > IC_ARRAY_ITEMS) {
		ic_call_limit(c, "a URL has more than a million parameters");
		return NULL;
	}
	ic_dyn_member *member = ic_arena_alloc(c->arena, most * sizeof *member);
	if (!member) {
		c->failed = IC_E_NOMEM;
		return NULL;
	}
	while (query.n) {
		ic_str pair, name;
		if (!cut_before(&query, '&', &pair)) {
			pair = query;
			query.n = 0;
		}
		if (!cut_before(&pair, '=', &name)) {
			name = pair;
			pair.n = 0;
		}
		if (name.n == 0)
			continue;
		member[n].name = decode(c, name, true).s;
		member[n].value = ic_text_dyn(c, decode(c, pair, true).s);
		if (c->failed)
			return NULL;
		n++;
	}
	const ic_dyn *bag = ic_dyn_bag(c->arena, member, n);
	if (!bag)
		c->failed = IC_E_NOMEM;
	return bag;
}

enum { SCHEME, HOST, PORT, PATH, USER, PASSWORD, QUERY, FRAGMENT, PARTS };

/* user:password@host:port; an IPv6 host stands in brackets. */
static void cut_authority(ic_str a, ic_str part[PARTS])
{
	const char *at = a.n ? memrchr(a.p, '@', a.n) : NULL;
	if (at) {
		ic_str user = { a.p, (uint32_t)(at - a.p) };
		a = (ic_str){ at + 1, a.n - user.n - 1 };
		if (cut_before(&user, ':', &part[USER]))
			part[PASSWORD] = user;
		else
			part[USER] = user;
	}
	const char *bracket = a.n && *a.p == '[' ? memchr(a.p, ']', a.n) : NULL;
	const char *from = bracket ? bracket : a.p;
	const char *colon = a.n ? memrchr(from, ':', (size_t)(a.p + a.n - from)) : NULL;
	if (colon) {
		part[PORT] = (ic_str){ colon + 1, (uint32_t)(a.p + a.n - colon) - 1 };
		a.n = (uint32_t)(colon - a.p);
	}
	part[HOST] = a;
}

static void cut_url(ic_str s, ic_str part[PARTS])
{
	for (unsigned i = 0; i < PARTS; i++)
		part[i] = IC_STR("");
	ic_str rest;
	if (cut_before(&s, '#', &rest)) {
		part[FRAGMENT] = s;
		s = rest;
	}
	if (cut_before(&s, '?', &rest)) {
		part[QUERY] = s;
		s = rest;
	}
	const char *colon = s.n ? memmem(s.p, s.n, "://", 3) : NULL;
	if (!colon) {
		if (cut_before(&s, ':', &rest)) {
			part[SCHEME] = rest;
			part[PATH] = s;
		} else {
			part[PATH] = s;
		}
		return;
	}
	part[SCHEME] = (ic_str){ s.p, (uint32_t)(colon - s.p) };
	s = (ic_str){ colon + 3, s.n - part[SCHEME].n - 3 };
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	ic_str authority = { s.p, slash ? (uint32_t)(slash - s.p) : s.n };
	if (slash)
		part[PATH] = (ic_str){ slash, s.n - authority.n };
	cut_authority(authority, part);
}

static ic_value parse_url_row(ic_call *c, const ic_value *arg)
{
	static const char *const names[PARTS] = {
		"Scheme", "Host", "Port", "Path", "Username", "Password", "Query Parameters", "Fragment"
	};
	ic_str part[PARTS];
	ic_dyn_member member[PARTS];
	cut_url(arg[0].s, part);
	for (unsigned i = 0; i < PARTS; i++) {
		member[i].name = ic_str_of(names[i]);
		member[i].value = i == QUERY ? query_bag(c, part[i]) : ic_text_dyn(c, part[i]);
		if (!member[i].value)
			return ic_value_null(IC_Q_DYNAMIC);
	}
	const ic_dyn *bag = ic_dyn_bag(c->arena, member, PARTS);
	return bag ? ic_value_dyn(bag) : ic_call_nomem(c);
}

static ic_value parse_urlquery_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg[0].s;
	if (s.n && *s.p == '?')
		s = (ic_str){ s.p + 1, s.n - 1 };
	ic_dyn_member member = { IC_STR("Query Parameters"), query_bag(c, s) };
	const ic_dyn *bag = member.value ? ic_dyn_bag(c->arena, &member, 1) : NULL;
	return bag ? ic_value_dyn(bag) : ic_call_nomem(c);
}

/* ---- base64 ------------------------------------------------------------------------------- */

static ic_value base64_encode_row(ic_call *c, const ic_value *arg)
{
	ic_str s = ic_text_of(c, &arg[0]);
	return ic_base64_encode(c, s.p, s.n);
}

static ic_value base64_decode_row(ic_call *c, const ic_value *arg)
{
	ic_str s;
	if (!ic_base64_decode(c, arg[0].s, &s) || !ic_utf8_valid(s))
		return ic_value_null(IC_Q_STRING);
	return ic_value_str(s);
}

static ic_value base64_to_array_row(ic_call *c, const ic_value *arg)
{
	ic_str s;
	if (!ic_base64_decode(c, arg[0].s, &s))
		return ic_value_null(IC_Q_DYNAMIC);
	if (s.n > IC_ARRAY_ITEMS)
		return ic_call_limit(c, "base64 has more than a million bytes");
	const ic_dyn **item = ic_arena_alloc(c->arena, ((size_t)s.n + 1) * sizeof *item);
	if (!item)
		return ic_call_nomem(c);
	for (uint32_t i = 0; i < s.n; i++) {
		ic_value byte = ic_value_long((unsigned char)s.p[i]);
		if (!(item[i] = ic_dyn_of(c->arena, &byte)))
			return ic_call_nomem(c);
	}
	return ic_text_array(c, item, s.n);
}

static ic_value base64_of_array_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *d = arg[0].dyn;
	if (d->kind != IC_DYN_ARRAY)
		return ic_value_null(IC_Q_STRING);
	unsigned char *p = ic_arena_alloc(c->arena, (size_t)d->n + 1);
	if (!p)
		return ic_call_nomem(c);
	for (uint32_t i = 0; i < d->n; i++) {
		if (d->item[i]->kind != IC_DYN_LONG || d->item[i]->i < 0 || d->item[i]->i > 255)
			return ic_value_null(IC_Q_STRING);
		p[i] = (unsigned char)d->item[i]->i;
	}
	return ic_base64_encode(c, p, d->n);
}

/* The bytes of a GUID as Windows stores it: the first three fields with the low byte first. */
static ic_guid swapped(const uint8_t *b)
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	ic_guid g;
	for (unsigned i = 0; i < 16; i++)
		g.b[i] = b[order[i]];
	return g;
}

static ic_value base64_to_guid_row(ic_call *c, const ic_value *arg)
{
	ic_str s;
	if (!ic_base64_decode(c, arg[0].s, &s) || s.n != 16)
		return ic_value_null(IC_Q_GUID);
	return (ic_value){ .type = IC_Q_GUID, .guid = swapped((const uint8_t *)s.p) };
}

static ic_value base64_of_guid_row(ic_call *c, const ic_value *arg)
{
	ic_guid g = swapped(arg[0].guid.b);
	return ic_base64_encode(c, g.b, 16);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_PARSE_URL, { .row = parse_url_row, .strict = true } },
	{ IC_FN_PARSE_URLQUERY, { .row = parse_urlquery_row, .strict = true } },
	{ IC_FN_URL_ENCODE, { .row = url_encode_row, .strict = true } },
	{ IC_FN_URL_ENCODE_COMPONENT, { .row = url_encode_component_row, .strict = true } },
	{ IC_FN_URL_DECODE, { .row = url_decode_row, .strict = true } },
	{ IC_FN_BASE64_ENCODE, { .row = base64_encode_row, .strict = true } },
	{ IC_FN_BASE64_DECODE, { .row = base64_decode_row, .strict = true } },
	{ IC_FN_BASE64_TO_ARRAY, { .row = base64_to_array_row, .strict = true } },
	{ IC_FN_BASE64_OF_ARRAY, { .row = base64_of_array_row, .strict = true } },
	{ IC_FN_BASE64_TO_GUID, { .row = base64_to_guid_row, .strict = true } },
	{ IC_FN_BASE64_OF_GUID, { .row = base64_of_guid_row, .strict = true } },
	{ IC_FN_AQL_BASE64, { .row = base64_encode_row, .strict = true } },
};
IC_KERNELS(url, entries);
