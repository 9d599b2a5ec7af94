/* SPDX-License-Identifier: Apache-2.0 */
/* From the canonical fields of a batch to the columns of a product's table. */
#include "base/time.h"
#include "engine/views.h"

ic_fieldset ic_view_needs(const ic_view_column *c)
{
	switch (c->how) {
	case IC_VIEW_FIELD:
	case IC_VIEW_MS:
	case IC_VIEW_SPAN:
	case IC_VIEW_LIST:
	case IC_VIEW_IP_TYPE: return IC_FIELD_BIT(c->field);
	case IC_VIEW_MS_END:
	case IC_VIEW_END: return IC_FIELD_BIT(IC_F_TIME) | IC_FIELD_BIT(IC_F_DURATION);
	case IC_VIEW_COUNT: return IC_FIELD_BIT(IC_F_COUNT);
	case IC_VIEW_ACTION_TYPE: return IC_FIELD_BIT(IC_F_CONN_STATE) | IC_FIELD_BIT(IC_F_ACTION);
	case IC_VIEW_DEVICE: return IC_FIELD_BIT(IC_F_SRC_HOST) | IC_FIELD_BIT(IC_F_SRC_IP);
	case IC_VIEW_DIRECTION: return IC_FIELD_BIT(IC_F_SRC_IP) | IC_FIELD_BIT(IC_F_DST_IP);
	case IC_VIEW_PROTOCOL:
	case IC_VIEW_PROTOCOL_ID: return IC_FIELD_BIT(IC_F_TRANSPORT);
	case IC_VIEW_ZEEK_SERVICE: return IC_FIELD_BIT(IC_F_SERVICE);
	case IC_VIEW_URL:
		return IC_FIELD_BIT(IC_F_URI) | IC_FIELD_BIT(IC_F_HOST) | IC_FIELD_BIT(IC_F_DST_NAME) |
		       IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_METHOD);
	case IC_VIEW_NULL:
	case IC_VIEW_LEVEL:
	case IC_VIEW_HOWS: break;
	}
	return 0;
}

/* ---- values ------------------------------------------------------------------------------ */

static bool lacks(const ic_batch *b, ic_field f, uint32_t row)
{
	return !ic_batch_has(b, f) || ic_column_null(&b->col[f], row);
}

static ic_str text_at(const ic_batch *b, ic_field f, uint32_t row)
{
	return lacks(b, f, row) ? (ic_str){ NULL, 0 } : b->col[f].s[row];
}

/* IPv6 blocks that Defender tells apart, longest first where they overlap. */
static const struct {
	uint8_t net[16];
	uint8_t bits;
	ic_str name;
} six[] = {
	{ { 0 }, 128, { "Reserved", 8 } },	  { { [15] = 1 }, 128, { "Loopback", 8 } },
	{ { 0x20, 0x01 }, 32, { "Teredo", 6 } },  { { 0xfc }, 7, { "Private", 7 } },
	{ { 0xfe, 0x80 }, 10, { "Private", 7 } }, { { 0xff }, 8, { "Reserved", 8 } },
};

static ic_str ip_type(const ic_ip *ip)
{
	for (size_t i = 0; !ic_ip_is_v4(ip) && i < sizeof six / sizeof *six; i++) {
		ic_cidr c = { .bits = six[i].bits };
		memcpy(c.net.b, six[i].net, 16);
		if (ic_cidr_has(&c, ip))
			return six[i].name;
	}
	switch (ic_ip_classify(ip)) {
	case IC_IP_PRIVATE:
	case IC_IP_LINK_LOCAL: return IC_STR("Private");
	case IC_IP_LOOPBACK: return IC_STR("Loopback");
	case IC_IP_MULTICAST:
	case IC_IP_RESERVED: return IC_STR("Reserved");
	case IC_IP_PUBLIC: break;
	}
	return IC_STR("Public");
}

static ic_str action_type(const ic_batch *b, uint32_t row)
{
	static const char *const success[] = { "S1", "S2", "S3", "SF", "RSTO", "RSTR" };
	ic_str state = text_at(b, IC_F_CONN_STATE, row), action = text_at(b, IC_F_ACTION, row);
	if (state.n) {
		for (size_t i = 0; i < sizeof success / sizeof *success; i++)
			if (ic_str_eq(state, ic_str_of(success[i])))
				return IC_STR("ConnectionSuccess");
		return ic_str_eq(state, IC_STR("OTH")) ? IC_STR("ConnectionFound")
						       : IC_STR("ConnectionFailed");
	}
	if (ic_str_eq(action, IC_STR("allowed")))
		return IC_STR("ConnectionSuccess");
	if (ic_str_eq(action, IC_STR("blocked")))
		return IC_STR("ConnectionBlocked");
	return ic_str_eq(action, IC_STR("failed")) ? IC_STR("ConnectionFailed") : (ic_str){ "", 0 };
}

static ic_str address_text(ic_arena *a, const ic_ip *ip)
{
	char buf[46];
	uint32_t n = (uint32_t)ic_ip_format(ip, buf);
	return (ic_str){ ic_arena_dup(a, buf, n), n };
}

static ic_str device_name(const ic_view_batch *v, uint32_t row)
{
	const ic_batch *b = v->batch;
	ic_str host = text_at(b, IC_F_SRC_HOST, row);
	if (host.n || lacks(b, IC_F_SRC_IP, row))
		return host;
	return address_text(v->arena, &b->col[IC_F_SRC_IP].ip[row]);
}

static ic_str direction(const ic_view_batch *v, uint32_t row)
{
	static const ic_str words[] = { { "R2R", 3 }, { "R2L", 3 }, { "L2R", 3 }, { "L2L", 3 } };
	const ic_batch *b = v->batch;
	if (lacks(b, IC_F_SRC_IP, row) || lacks(b, IC_F_DST_IP, row))
		return (ic_str){ NULL, 0 };
	unsigned from = ic_cidrs_has(v->internal, &b->col[IC_F_SRC_IP].ip[row]);
	unsigned to = ic_cidrs_has(v->internal, &b->col[IC_F_DST_IP].ip[row]);
	return words[from * 2 + to];
}

static const struct {
	ic_str name, shown;
	int64_t id;
} protocols[] = {
	{ { "tcp", 3 }, { "Tcp", 3 }, 6 },
	{ { "udp", 3 }, { "Udp", 3 }, 17 },
	{ { "icmp", 4 }, { "Icmp", 4 }, 1 },
	{ { "sctp", 4 }, { "Sctp", 4 }, 132 },
};
enum { PROTOCOLS = sizeof protocols / sizeof *protocols };

static size_t protocol_of(const ic_batch *b, uint32_t row)
{
	ic_str t = text_at(b, IC_F_TRANSPORT, row);
	size_t i = 0;
	while (i < PROTOCOLS && !ic_str_ieq(t, protocols[i].name))
		i++;
	return i;
}

static ic_str zeek_service(const ic_batch *b, uint32_t row)
{
	ic_str s = text_at(b, IC_F_SERVICE, row);
	return ic_str_eq(s, IC_STR("tls")) ? IC_STR("ssl") : s;
}

/* The target where it is a whole URL, else with the scheme and host that the log has beside it. */
static ic_str url(const ic_view_batch *v, uint32_t row)
{
	const ic_batch *b = v->batch;
	ic_str uri = text_at(b, IC_F_URI, row), host = text_at(b, IC_F_HOST, row);
	if (!host.n)
		host = text_at(b, IC_F_DST_NAME, row);
	bool connect = ic_str_eq(text_at(b, IC_F_METHOD, row), IC_STR("CONNECT"));
	if (!uri.n || !host.n || uri.p[0] != '/' || connect)
		return uri.n ? uri : host;
	bool tls = ic_str_eq(text_at(b, IC_F_SERVICE, row), IC_STR("tls"));
	ic_str scheme = tls ? IC_STR("https://") : IC_STR("http://");
	if (host.n > UINT32_MAX - uri.n - scheme.n)
		return uri;
	uint32_t n = scheme.n + host.n + uri.n;
	char *p = ic_arena_alloc(v->arena, n);
	if (!p)
		return (ic_str){ NULL, 0 };
	memcpy(p, scheme.p, scheme.n);
	memcpy(p + scheme.n, host.p, host.n);
	memcpy(p + scheme.n + host.n, uri.p, uri.n);
	return (ic_str){ p, n };
}

static ic_str text_of(const ic_view_column *c, const ic_view_batch *v, uint32_t row)
{
	const ic_batch *b = v->batch;
	size_t p;
	switch (c->how) {
	case IC_VIEW_LEVEL: return ic_str_of(ic_stream_level((ic_stream)b->stream[row]));
	case IC_VIEW_IP_TYPE:
		return lacks(b, c->field, row) ? (ic_str){ NULL, 0 } : ip_type(&b->col[c->field].ip[row]);
	case IC_VIEW_ACTION_TYPE: return action_type(b, row);
	case IC_VIEW_DEVICE: return device_name(v, row);
	case IC_VIEW_DIRECTION: return direction(v, row);
	case IC_VIEW_PROTOCOL:
		p = protocol_of(b, row);
		return p < PROTOCOLS ? protocols[p].shown : text_at(b, IC_F_TRANSPORT, row);
	case IC_VIEW_ZEEK_SERVICE: return zeek_service(b, row);
	case IC_VIEW_URL: return url(v, row);
	case IC_VIEW_FIELD: /* a number that the product has as text */
		if (!lacks(b, c->field, row) && ic_fields[c->field].type == IC_T_LONG) {
			ic_value n = ic_value_long(b->col[c->field].i[row]);
			return ic_value_text(v->arena, &n);
		}
		return text_at(b, c->field, row);
	default: return (ic_str){ NULL, 0 };
	}
}

/* ---- vectors ------------------------------------------------------------------------------- */

static void set_null(ic_vector_out *o, uint32_t row)
{
	o->nulls[row >> 6] |= UINT64_C(1) << (row & 63);
	o->v.nulls = o->nulls;
}

static bool fill_text(const ic_view_column *c, const ic_view_batch *from, ic_vector *ret)
{
	ic_vector_out o;
	if (!ic_vector_make(&o, from->arena, IC_Q_STRING, from->batch->rows))
		return false;
	for (uint32_t r = 0; r < from->batch->rows; r++) {
		o.s[r] = text_of(c, from, r);
		if (!o.s[r].p && from->null_text)
			set_null(&o, r);
	}
	*ret = o.v;
	return true;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t span_ticks(double seconds)
{
	double t = seconds * (double)IC_TICKS_S;
	return t >= 0 && t < 9e18 ? (int64_t)(t + 0.5) : 0;
}

static int64_t end_of(const ic_batch *b, uint32_t row)
{
	int64_t t = b->col[IC_F_TIME].i[row];
	return lacks(b, IC_F_DURATION, row)
		   ? t
		   : (int64_t)((uint64_t)t + (uint64_t)span_ticks(b->col[IC_F_DURATION].d[row]));
}

static bool whole_of(const ic_view_column *c, const ic_batch *b, uint32_t row, int64_t *ret)
{
	size_t p;
	switch (c->how) {
	case IC_VIEW_COUNT: *ret = lacks(b, IC_F_COUNT, row) ? 1 : b->col[IC_F_COUNT].i[row]; return true;
	case IC_VIEW_PROTOCOL_ID:
		p = protocol_of(b, row);
		*ret = p < PROTOCOLS ? protocols[p].id : 0;
		return p < PROTOCOLS;
	case IC_VIEW_SPAN:
		*ret = lacks(b, c->field, row) ? 0 : span_ticks(b->col[c->field].d[row]);
		return !lacks(b, c->field, row);
	default: break;
	}
	*ret = 0;
	if (lacks(b, IC_F_TIME, row))
		return false;
	int64_t t = c->how == IC_VIEW_MS ? b->col[IC_F_TIME].i[row] : end_of(b, row);
	*ret = c->how == IC_VIEW_END ? t : floor_div(t, IC_TICKS_MS);
	return true;
}

static bool fill_whole(const ic_view_column *c, const ic_view_batch *from, ic_vector *ret)
{
	ic_vector_out o;
	if (!ic_vector_make(&o, from->arena, c->type, from->batch->rows))
		return false;
	for (uint32_t r = 0; r < from->batch->rows; r++)
		if (!whole_of(c, from->batch, r, &o.i[r]))
			set_null(&o, r);
	*ret = o.v;
	return true;
}

/* "a,b" as ["a","b"]; NULL: out of memory. */
static const ic_dyn *list_of(ic_arena *a, ic_str text)
{
	uint32_t n = 1;
	for (uint32_t i = 0; i < text.n; i++)
		n += text.p[i] == ',';
	ic_dyn *item = ic_arena_alloc(a, sizeof *item * n);
	const ic_dyn **list = ic_arena_alloc(a, sizeof *list * n);
	if (!item || !list)
		return NULL;
	uint32_t at = 0;
	for (uint32_t k = 0; k < n; k++) {
		const char *comma = at < text.n ? memchr(text.p + at, ',', text.n - at) : NULL;
		uint32_t end = comma ? (uint32_t)(comma - text.p) : text.n;
		item[k] = (ic_dyn){ .kind = IC_DYN_STRING, .s = { text.p + at, end - at } };
		list[k] = &item[k];
		at = end + 1;
	}
	return ic_dyn_array(a, list, n);
}

static bool fill_list(const ic_view_column *c, const ic_view_batch *from, ic_vector *ret)
{
	ic_vector_out o;
	if (!ic_vector_make(&o, from->arena, IC_Q_DYNAMIC, from->batch->rows))
		return false;
	for (uint32_t r = 0; r < from->batch->rows; r++) {
		ic_str text = text_at(from->batch, c->field, r);
		o.dyn[r] = text.n ? list_of(from->arena, text) : NULL;
		if (text.n && !o.dyn[r])
			return false;
		if (!text.n)
			set_null(&o, r);
	}
	*ret = o.v;
	return true;
}

static bool fill_null(ic_qtype type, const ic_view_batch *from, ic_vector *ret)
{
	ic_value none = ic_value_null(type);
	if (type == IC_Q_STRING && !from->null_text)
		none = ic_value_str((ic_str){ "", 0 });
	return ic_vector_constant(ret, from->arena, &none);
}

static bool fill_field(const ic_view_column *c, const ic_view_batch *from, ic_vector *ret)
{
	const ic_column *col = &from->batch->col[c->field];
	if (!ic_batch_has(from->batch, c->field))
		return fill_null(c->type, from, ret);
	if (c->type == IC_Q_STRING && ic_fields[c->field].type != IC_T_STRING)
		return fill_text(c, from, ret);
	bool nulls = c->type != IC_Q_STRING || from->null_text;
	*ret = (ic_vector){ .type = c->type, .data = col->data, .nulls = nulls ? col->nulls : NULL };
	return true;
}

bool ic_view_fill(const ic_view_column *c, const ic_view_batch *from, ic_vector *ret)
{
	switch (c->how) {
	case IC_VIEW_NULL: return fill_null(c->type, from, ret);
	case IC_VIEW_FIELD: return fill_field(c, from, ret);
	case IC_VIEW_LIST: return fill_list(c, from, ret);
	case IC_VIEW_MS:
	case IC_VIEW_MS_END:
	case IC_VIEW_END:
	case IC_VIEW_SPAN:
	case IC_VIEW_COUNT:
	case IC_VIEW_PROTOCOL_ID: return fill_whole(c, from, ret);
	default: return fill_text(c, from, ret);
	}
}
