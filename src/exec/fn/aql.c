/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of AQL that KQL does not have. Times are milliseconds since 1970, shown in the plan's zone;
 * without the maps that a QRadar has, names are the numbers as text. */
#include <math.h>

#include "base/num.h"
#include "base/unicode.h"
#include "base/zone.h"
#include "exec/fn/periods.h"
#include "exec/fn/text.h"
#include "exec/eval/vector.h"

/* ---- times ------------------------------------------------------------------------------------- */

static int64_t milliseconds(int64_t ticks)
{
	return ticks / IC_TICKS_MS - (ticks % IC_TICKS_MS < 0);
}

static ic_value now_row(ic_call *c, const ic_value *arg)
{
	(void)arg;
	return ic_value_long(milliseconds(c->plan->now));
}

static ic_str take_word(ic_str *s)
{
	*s = ic_str_trim(*s);
	uint32_t n = 0;
	while (n < s->n && s->p[n] != ' ')
		n++;
	ic_str word = { s->p, n };
	*s = (ic_str){ s->p + n, s->n - n };
	return word;
}

/* "2 hours ago", "in 3 days" as ticks from now; false: it is neither. */
static bool relative(ic_str s, int64_t now, ic_value *ret)
{
	int64_t n;
	ic_str word = take_word(&s);
	bool later = ic_str_ieq(word, IC_STR("in"));
	if (later)
		word = take_word(&s);
	if (ic_str_ieq(word, IC_STR("a")) || ic_str_ieq(word, IC_STR("an")))
		n = 1;
	else if (!ic_parse_i64(word, &n) || n < 0 || n > 1000000)
		return false;
	ic_str unit = take_word(&s);
	if (unit.n > 1 && (unit.p[unit.n - 1] | 0x20) == 's')
		unit.n--;
	int period = ic_period_find(unit);
	if (period < 0 || period > IC_PERIOD_MILLISECOND)
		return false;
	if (!later && !ic_str_ieq(take_word(&s), IC_STR("ago")))
		return false;
	if (ic_str_trim(s).n)
		return false;
	n = later ? n : -n;
	int months_each = period == IC_PERIOD_YEAR	? 12
			  : period == IC_PERIOD_QUARTER ? 3
							: period == IC_PERIOD_MONTH;
	*ret = months_each ? ic_add_months(now, n * months_each)
			   : ic_datetime((__int128)now + (__int128)n * ic_period_ticks((ic_period)period));
	return !ret->null;
}

static bool parse_moment(const ic_plan *p, ic_str s, int64_t *ret_ms)
{
	static const struct {
		const char *name;
		int days;
	} named[] = { { "today", 0 }, { "yesterday", -1 }, { "tomorrow", 1 } };
	int64_t ticks, within, now_s = p->now / IC_TICKS_S;
	ic_value v;
	s = ic_str_trim(s);
	if (ic_str_ieq(s, IC_STR("now"))) {
		*ret_ms = milliseconds(p->now);
		return true;
	}
	if (relative(s, p->now, &v)) {
		*ret_ms = milliseconds(v.i);
		return true;
	}
	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (ic_str_ieq(s, ic_str_of(named[i].name))) {
			int64_t local_s = now_s + ic_zone_at(p->zone, now_s).east_s;
			int64_t midnight = (ic_day_of(local_s * IC_TICKS_S, &within) + named[i].days) * 86400;
			*ret_ms = ic_zone_to_utc(p->zone, midnight) * 1000;
			return true;
		}
	if (!ic_parse_datetime(s, &ticks))
		return false;
	*ret_ms = milliseconds(ticks);
	if ((s.p[s.n - 1] | 0x20) != 'z') { /* written without a zone: the console's */
		int64_t ms = (*ret_ms % 1000 + 1000) % 1000;
		*ret_ms = ic_zone_to_utc(p->zone, (*ret_ms - ms) / 1000) * 1000 + ms;
	}
	return true;
}

static ic_status check_moment(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	(void)state;
	const ic_expr *text = call->call.arg[0];
	int64_t ms;
	if (text->kind != IC_X_CONST || text->value.null || parse_moment(p, text->value.s, &ms))
		return IC_OK;
	ic_status s = ic_diag_fail(diag, IC_DIAG_TYPE, text->at, text->value.s.n + 2,
				   "PARSEDATETIME does not know this time");
	ic_diag_hint(diag, "such as 'now', '2 hours ago', '2024-05-01 10:00:00'");
	return s;
}

static ic_value parsedatetime_row(ic_call *c, const ic_value *arg)
{
	int64_t ms;
	return parse_moment(c->plan, arg[0].s, &ms) ? ic_value_long(ms) : ic_value_null(IC_Q_LONG);
}

/* ---- numbers and texts --------------------------------------------------------------------------- */

static bool v4_number(const ic_ip *ip, int64_t *ret)
{
	*ret = (int64_t)ip->b[12] << 24 | ip->b[13] << 16 | ip->b[14] << 8 | ip->b[15];
	return ic_ip_is_v4(ip);
}

static ic_value double_row(ic_call *c, const ic_value *arg)
{
	double d;
	int64_t i;
	ic_ip ip;
	(void)c;
	switch (arg[0].type) {
	case IC_Q_REAL: return arg[0];
	case IC_Q_DECIMAL: return ic_value_real(ic_decimal_real(arg[0].decimal));
	case IC_Q_IP: return v4_number(&arg[0].ip, &i) ? ic_value_real((double)i) : ic_value_null(IC_Q_REAL);
	case IC_Q_BOOL: return ic_value_real(arg[0].b);
	case IC_Q_STRING:
		if (ic_parse_double(ic_str_trim(arg[0].s), &d))
			return ic_value_real(d);
		if (ic_ip_parse(arg[0].s, &ip) && v4_number(&ip, &i))
			return ic_value_real((double)i);
		return ic_value_null(IC_Q_REAL);
	default: return ic_value_real((double)arg[0].i);
	}
}

static ic_value long_row(ic_call *c, const ic_value *arg)
{
	int64_t i;
	ic_qtype t = arg[0].type;
	if (t == IC_Q_INT || t == IC_Q_LONG || t == IC_Q_DATETIME || t == IC_Q_TIMESPAN)
		return ic_value_long(arg[0].i);
	if (t == IC_Q_STRING && ic_parse_i64(ic_str_trim(arg[0].s), &i))
		return ic_value_long(i);
	ic_value d = double_row(c, arg);
	if (d.null || !(d.d >= -9223372036854775808.0 && d.d < 9223372036854775808.0))
		return ic_value_null(IC_Q_LONG);
	return ic_value_long((int64_t)d.d);
}

static ic_value long_or_null(ic_call *c, const ic_value *arg)
{
	return arg[0].null ? ic_value_null(IC_Q_LONG) : long_row(c, arg);
}

static void long_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	if (!ic_vector_is_ints(&arg[0])) {
		ic_call_rows(c, arg, rows, long_or_null, ret);
		return;
	}
	*ret = arg[0];
	ret->type = IC_Q_LONG;
}

static ic_value str_row(ic_call *c, const ic_value *arg)
{
	return ic_text_borrow(ic_text_of(c, &arg[0]));
}

static ic_value utf8_row(ic_call *c, const ic_value *arg)
{
	ic_str s = ic_text_of(c, &arg[0]);
	if (ic_utf8_valid(s))
		return ic_text_borrow(s);
	ic_text t = ic_text_new(c, (size_t)s.n + 16);
	for (uint32_t at = 0; at < s.n && !c->failed;) {
		unsigned used;
		uint32_t code = ic_utf8_read(s.p + at, s.n - at, &used);
		ic_text_code(&t, code > 0x10ffff ? 0xfffd : code);
		at += used;
	}
	return ic_text_value(&t);
}

static ic_value strpos_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg[0].s, part = arg[1].s;
	int64_t from = c->expr->call.n > 2 ? arg[2].i : 0, n = 0;
	for (uint32_t at = 0; at + part.n <= s.n; n++) {
		unsigned used = 1;
		if (n >= from && (part.n == 0 || memcmp(s.p + at, part.p, part.n) == 0))
			return ic_value_long(n);
		if (at == s.n)
			break;
		ic_utf8_read(s.p + at, s.n - at, &used);
		at += used;
	}
	return ic_value_long(-1);
}

/* ---- names ----------------------------------------------------------------------------------------- */

static ic_value protocol_row(ic_call *c, const ic_value *arg)
{
	static const struct {
		uint8_t number;
		const char *name;
	} known[] = {
		{ 0, "HOPOPT" },      { 1, "ICMP" },	     { 2, "IGMP" },	  { 3, "GGP" },
		{ 4, "IPv4" },	      { 5, "ST" },	     { 6, "TCP" },	  { 8, "EGP" },
		{ 9, "IGP" },	      { 17, "UDP" },	     { 27, "RDP" },	  { 33, "DCCP" },
		{ 41, "IPv6" },	      { 43, "IPv6-Route" },  { 44, "IPv6-Frag" }, { 46, "RSVP" },
		{ 47, "GRE" },	      { 50, "ESP" },	     { 51, "AH" },	  { 58, "IPv6-ICMP" },
		{ 59, "IPv6-NoNxt" }, { 60, "IPv6-Opts" },   { 88, "EIGRP" },	  { 89, "OSPFIGP" },
		{ 94, "IPIP" },	      { 97, "ETHERIP" },     { 98, "ENCAP" },	  { 103, "PIM" },
		{ 108, "IPComp" },    { 112, "VRRP" },	     { 115, "L2TP" },	  { 132, "SCTP" },
		{ 136, "UDPLite" },   { 137, "MPLS-in-IP" }, { 255, "Reserved" },
	};
	ic_value number = long_row(c, arg);
	for (size_t i = 0; !number.null && i < sizeof known / sizeof *known; i++)
		if (known[i].number == number.i)
			return ic_value_str(ic_str_of(known[i].name));
	return str_row(c, arg);
}

static ic_value other_network_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	(void)arg;
	return ic_value_str(IC_STR("other"));
}

static ic_value unknown_row(ic_call *c, const ic_value *arg)
{
	(void)arg;
	return ic_value_null(c->expr->type);
}

static ic_value false_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	(void)arg;
	return ic_value_bool(false);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_AQL_PARSEDATETIME, { .row = parsedatetime_row, .strict = true, .prepare = check_moment } },
	{ IC_FN_AQL_NOW, { .row = now_row } },
	{ IC_FN_AQL_LONG, { .vector = long_vector } },
	{ IC_FN_AQL_DOUBLE, { .row = double_row, .strict = true } },
	{ IC_FN_AQL_STR, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_UTF8, { .row = utf8_row, .strict = true } },
	{ IC_FN_AQL_STRPOS, { .row = strpos_row, .strict = true } },
	{ IC_FN_AQL_PROTOCOLNAME, { .row = protocol_row, .strict = true } },
	{ IC_FN_AQL_QIDNAME, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_QIDDESCRIPTION, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_LOGSOURCENAME, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_LOGSOURCETYPENAME, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_LOGSOURCEGROUPNAME, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_CATEGORYNAME, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_APPLICATIONNAME, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_RULENAME, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_DOMAINNAME, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_PROCESSORNAME, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_HOSTNAME, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_ARIELSERVERS, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_NETWORKNAME, { .row = other_network_row, .strict = true } },
	{ IC_FN_AQL_FULLNETWORKNAME, { .row = other_network_row, .strict = true } },
	{ IC_FN_AQL_ASSETHOSTNAME, { .row = unknown_row } },
	{ IC_FN_AQL_ASSETUSER, { .row = unknown_row } },
	{ IC_FN_AQL_ASSETPROPERTY, { .row = unknown_row } },
	{ IC_FN_AQL_REFERENCESETCONTAINS, { .row = unknown_row } },
	{ IC_FN_AQL_REFERENCEMAP, { .row = unknown_row } },
	{ IC_FN_AQL_REFERENCETABLE, { .row = unknown_row } },
	{ IC_FN_AQL_REFERENCEMAPSETCONTAINS, { .row = unknown_row } },
	{ IC_FN_AQL_ARIELSERVERSID, { .row = str_row, .strict = true } },
	{ IC_FN_AQL_COMPONENTID, { .row = unknown_row } },
	{ IC_FN_AQL_MATCHESASSETSEARCH, { .row = unknown_row } },
	{ IC_FN_AQL_GEO_LOOKUP, { .row = unknown_row } },
	{ IC_FN_AQL_GEO_DISTANCE, { .row = unknown_row } },
	{ IC_FN_AQL_XFORCE_IP_CATEGORY, { .row = unknown_row } },
	{ IC_FN_AQL_XFORCE_IP_CONFIDENCE, { .row = unknown_row } },
	{ IC_FN_AQL_XFORCE_URL_CATEGORY, { .row = unknown_row } },
	{ IC_FN_AQL_XFORCE_URL_CONFIDENCE, { .row = unknown_row } },
	{ IC_FN_AQL_OFFENSE_TIME, { .row = unknown_row } },
	{ IC_FN_AQL_INOFFENSE, { .row = false_row } },
	{ IC_FN_AQL_HASOFFENSE, { .row = false_row } },
};
IC_KERNELS(aql, entries);
