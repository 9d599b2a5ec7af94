/* SPDX-License-Identifier: Apache-2.0 */
/* The site's own rules: one a line, key=value pairs. Syntax and meaning: docs/site-rules.md. */
#include "base/buf.h"
#include "base/num.h"
#include "base/unicode.h"
#include "detect/run.h"

#include <errno.h>
#include <stdio.h>

#define FILE_MOST  (16u << 20)
#define RULES_MOST 100000
#define LINE_MOST  8192

typedef enum rule_key {
	KEY_SRC,
	KEY_DST,
	KEY_PORT,
	KEY_PROCESS,
	KEY_USER_AGENT,
	KEY_JA4,
	KEY_PERIOD,
	KEY_CONDITIONS, /* the keys above are conditions: at least one is needed */
	KEY_REASON = KEY_CONDITIONS,
	KEY_OWNER,
	KEY_EXPIRES,
	KEYS
} rule_key;
static const char *const key_names[KEYS] = { "src", "dst",    "port",	"process", "user_agent",
					     "ja4", "period", "reason", "owner",   "expires" };

typedef struct site_rule {
	unsigned has; /* bit = rule_key */
	ic_str text[KEYS];
	bool src_is_net, dst_is_net;
	ic_cidr src, dst;
	uint32_t port_lo, port_hi;
	double period_lo, period_hi;
	int64_t until; /* last moment in force; IC_TIME_NONE: for ever */
	const char *name;
} site_rule;

struct ic_site_rules {
	ic_arena arena;
	site_rule *rule;
	size_t n, room;
};

/* ---- values ------------------------------------------------------------------------ */

/* "a-b" or "a": two numbers. */
static bool parse_range(ic_str s, double *lo, double *hi)
{
	uint32_t dash = 0;
	while (dash < s.n && s.p[dash] != '-')
		dash++;
	ic_str a = { s.p, dash }, b = { s.p + dash + 1, dash < s.n ? s.n - dash - 1 : 0 };
	if (!ic_parse_double(a, lo))
		return false;
	if (dash == s.n) {
		*hi = *lo;
		return true;
	}
	return ic_parse_double(b, hi) && *lo <= *hi;
}

static bool parse_day(ic_str s, int64_t *ret_until)
{
	char text[32];
	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-')
		return false;
	memcpy(text, s.p, 10);
	memcpy(text + 10, "T00:00:00Z", 11);
	if (!ic_time_from_text((ic_str){ text, 20 }, ret_until))
		return false;
	*ret_until += 86400 * IC_TICKS_S - 1;
	return true;
}

/* An address, a range or a name. NULL, or what is wrong with it: it would never match. */
static const char *parse_place(ic_str v, bool *is_net, ic_cidr *net)
{
	*is_net = ic_cidr_parse(v, net);
	if (!*is_net && memchr(v.p, '/', v.n))
		return "not an address range";
	return memchr(v.p, ',', v.n) ? "one address, range or name: others take rules of their own" : NULL;
}

/* NULL, or what is wrong with the value. */
static const char *set_value(site_rule *r, rule_key key, ic_str v)
{
	double lo, hi;
	r->text[key] = v;
	switch (key) {
	case KEY_SRC: return parse_place(v, &r->src_is_net, &r->src);
	case KEY_DST: return parse_place(v, &r->dst_is_net, &r->dst);
	case KEY_JA4: return memchr(v.p, ',', v.n) ? "one fingerprint: others take rules of their own" : NULL;
	case KEY_PORT:
		if (!parse_range(v, &lo, &hi) || lo < 0 || hi > 65535 || floor(lo) < lo || floor(hi) < hi)
			return "not a port or a range of ports";
		r->port_lo = (uint32_t)lo;
		r->port_hi = (uint32_t)hi;
		return NULL;
	case KEY_PERIOD:
		return parse_range(v, &r->period_lo, &r->period_hi)
			   ? NULL
			   : "not a range of seconds such as 290-310";
	case KEY_EXPIRES: return parse_day(v, &r->until) ? NULL : "not a date YYYY-MM-DD";
	default: return NULL;
	}
}

/* ---- one line ---------------------------------------------------------------------- */

typedef struct cursor {
	ic_site_rules *rules;
	const char *path;
	uint64_t line;
	const char *start, *at, *end;
	ic_error *err;
} cursor;

static ic_status bad(const cursor *c, const char *at, const char *what)
{
	return ic_fail_at(c->err, IC_E_USAGE, c->path, c->line, (uint32_t)(at - c->start) + 1, "%s", what);
}

static void skip_blanks(cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
		c->at++;
}

/* A word up to a blank, or "..." with \" and \\ inside. */
static ic_status read_value(cursor *c, ic_str *ret)
{
	const char *from = c->at;
	if (c->at == c->end || *c->at != '"') {
		while (c->at < c->end && *c->at != ' ' && *c->at != '\t')
			c->at++;
		*ret = (ic_str){ ic_arena_dup(&c->rules->arena, from, (size_t)(c->at - from)),
				 (uint32_t)(c->at - from) };
		return ret->p ? IC_OK : ic_fail_nomem(c->err);
	}
	char text[LINE_MOST];
	uint32_t n = 0;
	for (c->at++; c->at < c->end && *c->at != '"'; c->at++) {
		if (*c->at == '\\' && c->at + 1 < c->end)
			c->at++;
		text[n++] = *c->at;
	}
	if (c->at == c->end)
		return bad(c, from, "the quoted value has no end");
	c->at++;
	if (c->at < c->end && *c->at != ' ' && *c->at != '\t')
		return bad(c, c->at, "a blank must follow the quoted value");
	*ret = (ic_str){ ic_arena_dup(&c->rules->arena, text, n), n };
	return ret->p ? IC_OK : ic_fail_nomem(c->err);
}

static ic_status read_pair(cursor *c, site_rule *r)
{
	const char *from = c->at;
	while (c->at < c->end && *c->at != '=' && *c->at != ' ' && *c->at != '\t')
		c->at++;
	ic_str word = { from, (uint32_t)(c->at - from) };
	if (c->at == c->end || *c->at != '=')
		return bad(c, from, "key=value is expected");
	int key = 0;
	while (key < KEYS && !ic_str_eq(word, ic_str_of(key_names[key])))
		key++;
	if (key == KEYS)
		return bad(c, from,
			   "unknown key; known are src, dst, port, process, user_agent, ja4, period, reason, "
			   "owner, expires");
	if (r->has >> key & 1)
		return bad(c, from, "the key is given twice");
	c->at++;
	const char *value_at = c->at;
	ic_str value;
	ic_status st = read_value(c, &value);
	if (st != IC_OK)
		return st;
	if (value.n == 0)
		return bad(c, value_at, "the value is empty");
	const char *what = set_value(r, (rule_key)key, value);
	if (what)
		return bad(c, value_at, what);
	r->has |= 1u << key;
	return IC_OK;
}

static ic_status name_rule(cursor *c, site_rule *r)
{
	char text[160];
	int n;
	if (r->has >> KEY_REASON & 1)
		n = snprintf(text, sizeof text, "site: %.*s",
			     r->text[KEY_REASON].n > 120 ? 120 : (int)r->text[KEY_REASON].n,
			     r->text[KEY_REASON].p);
	else
		n = snprintf(text, sizeof text, "site: rule of line %llu", (unsigned long long)c->line);
	r->name = ic_arena_dup(&c->rules->arena, text, n > 0 ? (size_t)n : 0);
	return r->name ? IC_OK : ic_fail_nomem(c->err);
}

static ic_status add_rule(cursor *c, const site_rule *r)
{
	ic_site_rules *rules = c->rules;
	if (rules->n == RULES_MOST)
		return ic_fail_at(c->err, IC_E_LIMIT, c->path, c->line, 1, "more than %d rules", RULES_MOST);
	if (rules->n == rules->room) {
		size_t room = rules->room ? rules->room * 2 : 16;
		site_rule *more = ic_reallocarray(rules->rule, room, sizeof *more);
		if (!more)
			return ic_fail_nomem(c->err);
		rules->rule = more;
		rules->room = room;
	}
	rules->rule[rules->n++] = *r;
	return IC_OK;
}

static ic_status read_line(cursor *c)
{
	site_rule r = { .until = IC_TIME_NONE };
	if (c->end - c->start > LINE_MOST)
		return bad(c, c->start, "the line is longer than 8192 bytes");
	for (skip_blanks(c); c->at < c->end && *c->at != '#'; skip_blanks(c)) {
		ic_status st = read_pair(c, &r);
		if (st != IC_OK)
			return st;
	}
	if (!r.has)
		return IC_OK;
	if (!(r.has & ((1u << KEY_CONDITIONS) - 1)))
		return bad(c, c->start, "a rule without a condition would match everything");
	ic_status st = name_rule(c, &r);
	return st == IC_OK ? add_rule(c, &r) : st;
}

static ic_status read_lines(ic_site_rules *rules, const char *path, ic_str all, ic_error *err)
{
	cursor c = { .rules = rules, .path = path, .err = err };
	for (uint32_t at = (uint32_t)ic_utf8_mark(all.p, all.n); at < all.n;) {
		const char *start = all.p + at, *newline = memchr(start, '\n', all.n - at);
		c.end = newline ? newline : all.p + all.n;
		at = (uint32_t)(c.end - all.p) + 1;
		if (c.end > start && c.end[-1] == '\r')
			c.end--;
		c.start = c.at = start;
		c.line++;
		ic_status st = read_line(&c);
		if (st != IC_OK)
			return st;
	}
	return IC_OK;
}

/* ---- file -------------------------------------------------------------------------- */

static ic_status read_file(const char *path, ic_buf *b, ic_error *err)
{
	FILE *f = fopen(path, "rbe");
	if (!f)
		return ic_fail_at(err, IC_E_IO, path, 0, 0, "%s", strerror(errno));
	char chunk[16384];
	size_t n;
	while ((n = fread(chunk, 1, sizeof chunk, f)) > 0 && !b->failed)
		ic_buf_put(b, chunk, n);
	bool failed = ferror(f);
	int why = errno;
	fclose(f);
	if (failed)
		return ic_fail_at(err, IC_E_IO, path, 0, 0, "%s", strerror(why));
	if (b->failed)
		return ic_fail_at(err, IC_E_LIMIT, path, 0, 0, "the rules do not fit into 16 MiB");
	return IC_OK;
}

ic_status ic_site_rules_parse(ic_str text, const char *path, ic_site_rules **ret, ic_error *err)
{
	ic_site_rules *rules = ic_calloc(1, sizeof *rules);
	if (!rules)
		return ic_fail_nomem(err);
	ic_arena_init(&rules->arena, 0, NULL);
	ic_status st = read_lines(rules, path, text, err);
	if (st == IC_OK)
		*ret = rules;
	else
		ic_site_rules_free(rules);
	return st;
}

ic_status ic_site_rules_read(const char *path, ic_site_rules **ret, ic_error *err)
{
	ic_buf text;
	ic_buf_init(&text, FILE_MOST);
	ic_status st = read_file(path, &text, err);
	if (st == IC_OK)
		st = ic_site_rules_parse((ic_str){ text.p, (uint32_t)text.n }, path, ret, err);
	ic_buf_clear(&text);
	return st;
}

void ic_site_rules_free(ic_site_rules *r)
{
	if (!r)
		return;
	ic_arena_clear(&r->arena);
	ic_free(r->rule);
	ic_free(r);
}

/* ---- use --------------------------------------------------------------------------- */

static bool in_force(const site_rule *r, int64_t now)
{
	return r->until == IC_TIME_NONE || now == IC_TIME_NONE || now <= r->until;
}

size_t ic_site_rules_expired(const ic_site_rules *r, int64_t now)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		n += !in_force(&r->rule[i], now);
	return n;
}

static bool in_net(const ic_cidr *net, ic_str address)
{
	ic_ip ip;
	return address.p && ic_ip_parse(address, &ip) && ic_cidr_has(net, &ip);
}

static bool has_agent(const ic_finding *f, ic_str part)
{
	for (size_t i = 0; i < f->user_agent_count; i++)
		if (ic_str_icontains(f->user_agents[i], part))
			return true;
	return false;
}

static bool has_ja4(const ic_finding *f, ic_str ja4)
{
	for (size_t i = 0; i < f->ja4_count; i++)
		if (ic_str_ieq(f->ja4[i], ja4))
			return true;
	return false;
}

static bool matches_one(const site_rule *r, rule_key key, const ic_finding *f)
{
	ic_str v = r->text[key];
	switch (key) {
	case KEY_SRC:
		return r->src_is_net ? in_net(&r->src, f->src_ip)
				     : f->src_host.p && ic_name_under(f->src_host, v);
	case KEY_DST:
		if (r->dst_is_net)
			return in_net(&r->dst, f->dst_ip);
		return (f->dst_name.p && ic_name_under(f->dst_name, v)) ||
		       (f->group_by == IC_BY_DOMAIN && ic_name_under(f->value, v));
	case KEY_PORT:
		return f->dst_port >= 0 && (uint32_t)f->dst_port >= r->port_lo &&
		       (uint32_t)f->dst_port <= r->port_hi;
	case KEY_PROCESS: return f->process.p && ic_str_ieq(f->process, v);
	case KEY_USER_AGENT: return has_agent(f, v);
	case KEY_JA4: return has_ja4(f, v);
	case KEY_PERIOD: {
		bool sleep = f->sleep_s >= r->period_lo && f->sleep_s <= r->period_hi;
		bool median = f->interval_median_s >= r->period_lo && f->interval_median_s <= r->period_hi;
		return isfinite(f->sleep_s) && (sleep || median);
	}
	default: return true;
	}
}

size_t ic_site_rules_match(const ic_site_rules *r, const ic_finding *f, int64_t now)
{
	for (size_t i = 0; i < r->n; i++) {
		const site_rule *rule = &r->rule[i];
		bool all = in_force(rule, now);
		for (int key = 0; key < KEY_CONDITIONS && all; key++)
			all = !(rule->has >> key & 1) || matches_one(rule, (rule_key)key, f);
		if (all)
			return i + 1;
	}
	return 0;
}

const char *ic_site_rules_name(const ic_site_rules *r, size_t rule)
{
	return r->rule[rule].name;
}
