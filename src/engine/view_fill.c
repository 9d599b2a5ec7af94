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
	case IC_VIEW_HTTP_RESULT: return IC_FIELD_BIT(IC_F_STATUS);
	case IC_VIEW_RESULT:
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

/* No row has a value: the log has no such column, as most have none of the many that products know. */
static bool is_blank(const ic_batch *b, ic_field f)
{
	if (!ic_batch_has(b, f))
		return true;
	const uint64_t *nulls = b->col[f].nulls, whole = ~UINT64_C(0);
	uint32_t words = b->rows / 64, left = b->rows % 64;
	for (uint32_t w = 0; w < words; w++)
		if (nulls[w] != whole)
			return false;
	return !left || (~nulls[words] & (whole >> (64 - left))) == 0;
}

/* NULL: no row is null. */
static const uint64_t *nulls_of(const ic_batch *b, ic_field f)
{
	const uint64_t *nulls = b->col[f].nulls;
	uint64_t any = 0;
	for (uint32_t w = 0; w < (b->rows + 63) / 64; w++)
		any |= nulls[w];
	return any ? nulls : NULL;
}

/* ---- text of a few words ------------------------------------------------------------------ */

/* A column that is one of a few words, by code; NONE: it is null, or empty where the language has no null text.
 * OTHER: what the log says, letter by letter. */
enum { WORDS_MOST = 8, NONE = WORDS_MOST, OTHER, CODES };

enum { PUBLIC, PRIVATE, LOOPBACK, RESERVED, TEREDO };
static const ic_str ip_types[WORDS_MOST] = {
	[PUBLIC] = { "Public", 6 },	[PRIVATE] = { "Private", 7 }, [LOOPBACK] = { "Loopback", 8 },
	[RESERVED] = { "Reserved", 8 }, [TEREDO] = { "Teredo", 6 },
};

/* IPv6 blocks that Defender tells apart, longest first where they overlap. */
static const struct {
	uint8_t net[16];
	uint8_t bits, type;
} six[] = {
	{ { 0 }, 128, RESERVED }, { { [15] = 1 }, 128, LOOPBACK }, { { 0x20, 0x01 }, 32, TEREDO },
	{ { 0xfc }, 7, PRIVATE }, { { 0xfe, 0x80 }, 10, PRIVATE }, { { 0xff }, 8, RESERVED },
};

static uint8_t ip_type(const ic_ip *ip)
{
	bool v4 = ic_ip_is_v4(ip);
	for (size_t i = 0; !v4 && i < sizeof six / sizeof *six; i++) {
		ic_cidr c = { .bits = six[i].bits };
		memcpy(c.net.b, six[i].net, 16);
		if (ic_cidr_has(&c, ip))
			return six[i].type;
	}
	switch (ic_ip_classify(ip)) {
	case IC_IP_PRIVATE:
	case IC_IP_LINK_LOCAL: return PRIVATE;
	case IC_IP_LOOPBACK: return LOOPBACK;
	case IC_IP_MULTICAST:
	case IC_IP_RESERVED: return RESERVED;
	case IC_IP_PUBLIC: break;
	}
	return PUBLIC;
}

static void ip_type_codes(const ic_view_column *c, const ic_view_batch *v, uint8_t *code)
{
	const ic_batch *b = v->batch;
	if (!ic_batch_has(b, c->field))
		return;
	const ic_column *col = &b->col[c->field];
	uint16_t unsure[IC_BATCH_ROWS];
	uint32_t n = 0;
	for (uint32_t r = 0; r < b->rows; r++) {
		code[r] = PUBLIC;
		unsure[n] = (uint16_t)r;
		n += !ic_ip_surely_public(&col->ip[r]);
	}
	for (uint32_t k = 0; k < n; k++) {
		uint32_t r = unsure[k];
		code[r] = ic_column_null(col, r) ? NONE : ip_type(&col->ip[r]);
	}
}

enum { SUCCEEDED, FOUND, FAILED, BLOCKED };
static const ic_str action_types[WORDS_MOST] = {
	[SUCCEEDED] = { "ConnectionSuccess", 17 },
	[FOUND] = { "ConnectionFound", 15 },
	[FAILED] = { "ConnectionFailed", 16 },
	[BLOCKED] = { "ConnectionBlocked", 17 },
};
static const ic_str results[WORDS_MOST] = {
	[SUCCEEDED] = { "Success", 7 },
	[FOUND] = { "NA", 2 },
	[FAILED] = { "Failure", 7 },
	[BLOCKED] = { "Failure", 7 },
};

static uint8_t state_code(ic_str state)
{
	static const char *const success[] = { "S1", "S2", "S3", "SF", "RSTO", "RSTR" };
	for (size_t i = 0; i < sizeof success / sizeof *success; i++)
		if (ic_str_eq(state, ic_str_of(success[i])))
			return SUCCEEDED;
	return ic_str_eq(state, IC_STR("OTH")) ? FOUND : state.n ? FAILED : NONE;
}

static uint8_t action_code(ic_str action)
{
	if (ic_str_eq(action, IC_STR("allowed")))
		return SUCCEEDED;
	if (ic_str_eq(action, IC_STR("blocked")))
		return BLOCKED;
	return ic_str_eq(action, IC_STR("failed")) ? FAILED : NONE;
}

static const struct {
	ic_str name;
	int64_t id;
} protocols[] = {
	{ { "tcp", 3 }, 6 },
	{ { "udp", 3 }, 17 },
	{ { "icmp", 4 }, 1 },
	{ { "sctp", 4 }, 132 },
};
enum { PROTOCOLS = sizeof protocols / sizeof *protocols };
static const ic_str protocol_names[WORDS_MOST] = { { "Tcp", 3 }, { "Udp", 3 }, { "Icmp", 4 }, { "Sctp", 4 } };

static uint8_t protocol_code(ic_str t)
{
	for (uint8_t i = 0; i < PROTOCOLS; i++)
		if (ic_str_ieq(t, protocols[i].name))
			return i;
	return t.n ? OTHER : NONE;
}

/* What short texts stand for, so that a column of a few different ones is looked at once each. */
typedef struct memo {
	uint8_t (*code_of)(ic_str s);
	struct {
		uint64_t text;
		uint8_t n, code;
	} slot[64]; /* n 0: nothing yet */
} memo;

/* 1 to 8 bytes as a number. */
static inline uint64_t short_word(ic_str s)
{
	if (s.n >= 4) {
		uint32_t low, high;
		memcpy(&low, s.p, sizeof low);
		memcpy(&high, s.p + s.n - sizeof high, sizeof high);
		return (uint64_t)high << 32 | low;
	}
	if (s.n >= 2) {
		uint16_t low, high;
		memcpy(&low, s.p, sizeof low);
		memcpy(&high, s.p + s.n - sizeof high, sizeof high);
		return (uint64_t)high << 32 | low;
	}
	return (uint8_t)s.p[0];
}

static inline uint8_t memo_code(memo *m, ic_str s)
{
	if (s.n == 0 || s.n > 8)
		return m->code_of(s);
	uint64_t text = short_word(s);
	unsigned at = (unsigned)(text * UINT64_C(0x9e3779b97f4a7c15) >> 58);
	if (m->slot[at].text != text || m->slot[at].n != s.n) {
		m->slot[at].text = text;
		m->slot[at].n = (uint8_t)s.n;
		m->slot[at].code = m->code_of(s);
	}
	return m->slot[at].code;
}

/* The codes of a text field; NONE in `code` is asked for, the rest is left. */
static void field_codes(const ic_batch *b, ic_field f, uint8_t (*code_of)(ic_str s), uint8_t *code)
{
	memo m = { .code_of = code_of };
	if (is_blank(b, f))
		return;
	const ic_str *text = b->col[f].s;
	const uint32_t rows = b->rows;
	for (uint32_t r = 0; r < rows; r++)
		if (code[r] == NONE)
			code[r] = memo_code(&m, text[r]);
}

/* conn_state says more than what a firewall did. */
static void action_codes(const ic_view_column *c, const ic_view_batch *v, uint8_t *code)
{
	(void)c;
	field_codes(v->batch, IC_F_CONN_STATE, state_code, code);
	field_codes(v->batch, IC_F_ACTION, action_code, code);
}

/* As ASIM has it: from 400 on a request has failed. */
static void status_codes(const ic_view_column *c, const ic_view_batch *v, uint8_t *code)
{
	const ic_batch *b = v->batch;
	(void)c;
	for (uint32_t r = 0; r < b->rows; r++)
		if (!lacks(b, IC_F_STATUS, r))
			code[r] = b->col[IC_F_STATUS].i[r] < 400 ? SUCCEEDED : FAILED;
}

static void protocol_codes(const ic_view_column *c, const ic_view_batch *v, uint8_t *code)
{
	(void)c;
	field_codes(v->batch, IC_F_TRANSPORT, protocol_code, code);
}

static const ic_str directions[WORDS_MOST] = { { "R2R", 3 }, { "R2L", 3 }, { "L2R", 3 }, { "L2L", 3 } };

static void direction_codes(const ic_view_column *c, const ic_view_batch *v, uint8_t *code)
{
	const ic_batch *b = v->batch;
	(void)c;
	if (!ic_batch_has(b, IC_F_SRC_IP) || !ic_batch_has(b, IC_F_DST_IP))
		return;
	const ic_column *from = &b->col[IC_F_SRC_IP], *to = &b->col[IC_F_DST_IP];
	uint8_t into[IC_BATCH_ROWS];
	ic_cidrs_has_each(v->internal, from->ip, b->rows, code);
	ic_cidrs_has_each(v->internal, to->ip, b->rows, into);
	for (uint32_t r = 0; r < b->rows; r++)
		code[r] = (uint8_t)(code[r] * 2 + into[r]);
	for (uint32_t w = 0; w < (b->rows + 63) / 64; w++)
		for (uint64_t bits = from->nulls[w] | to->nulls[w]; bits; bits &= bits - 1) {
			const uint32_t r = w * 64 + (uint32_t)__builtin_ctzll(bits);
			code[r < b->rows ? r : b->rows] = NONE; /* it has room for one more */
		}
}

static const struct {
	const ic_str *words;
	void (*codes)(const ic_view_column *c, const ic_view_batch *v, uint8_t *code); /* all are NONE */
	ic_field other;								       /* of OTHER */
} few[IC_VIEW_HOWS] = {
	[IC_VIEW_IP_TYPE] = { ip_types, ip_type_codes, IC_FIELD_COUNT },
	[IC_VIEW_ACTION_TYPE] = { action_types, action_codes, IC_FIELD_COUNT },
	[IC_VIEW_RESULT] = { results, action_codes, IC_FIELD_COUNT },
	[IC_VIEW_HTTP_RESULT] = { results, status_codes, IC_FIELD_COUNT },
	[IC_VIEW_PROTOCOL] = { protocol_names, protocol_codes, IC_F_TRANSPORT },
	[IC_VIEW_DIRECTION] = { directions, direction_codes, IC_FIELD_COUNT },
};

/* ---- other text ----------------------------------------------------------------------------- */

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
	switch (c->how) {
	case IC_VIEW_LEVEL: return ic_str_of(ic_stream_level((ic_stream)b->stream[row]));
	case IC_VIEW_DEVICE: return device_name(v, row);
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

/* A column of a few words. */
static bool fill_few(const ic_view_column *c, const ic_view_batch *from, ic_vector *ret)
{
	uint32_t rows = from->batch->rows;
	uint8_t *code = ic_arena_alloc(from->arena, rows + (size_t)1);
	ic_vector_out word;
	if (!code || !ic_vector_make(&word, from->arena, IC_Q_STRING, CODES))
		return false;
	for (uint32_t i = 0; i < CODES; i++)
		word.s[i] = i < WORDS_MOST ? few[c->how].words[i] : (ic_str){ NULL, 0 };
	word.nulls[0] |= from->null_text ? UINT64_C(1) << NONE : 0;
	if (!from->null_text)
		word.v.nulls = NULL;
	memset(code, NONE, rows);
	few[c->how].codes(c, from, code);
	const ic_field other = few[c->how].other;
	if (other == IC_FIELD_COUNT || !memchr(code, OTHER, rows))
		return ic_vector_decode(ret, from->arena, &word.v, CODES, code, rows);
	ic_vector_out o; /* any words at all */
	if (!ic_vector_make(&o, from->arena, IC_Q_STRING, rows))
		return false;
	for (uint32_t r = 0; r < rows; r++) {
		o.s[r] = code[r] == OTHER ? text_at(from->batch, other, r) : word.s[code[r]];
		if (code[r] == NONE && from->null_text)
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
	uint8_t p;
	switch (c->how) {
	case IC_VIEW_COUNT: *ret = lacks(b, IC_F_COUNT, row) ? 1 : b->col[IC_F_COUNT].i[row]; return true;
	case IC_VIEW_PROTOCOL_ID:
		p = protocol_code(text_at(b, IC_F_TRANSPORT, row));
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
	int64_t t = end_of(b, row);
	*ret = c->how == IC_VIEW_END ? t : floor_div(t, IC_TICKS_MS);
	return true;
}

static bool fill_null(ic_qtype type, const ic_view_batch *from, ic_vector *ret)
{
	ic_value none = ic_value_null(type);
	if (type == IC_Q_STRING && !from->null_text)
		none = ic_value_str((ic_str){ "", 0 });
	return ic_vector_constant(ret, from->arena, &none);
}

static bool fill_ms(const ic_view_column *c, const ic_view_batch *from, ic_vector *ret)
{
	const ic_batch *b = from->batch;
	ic_vector_out o;
	if (is_blank(b, IC_F_TIME))
		return fill_null(c->type, from, ret);
	if (!ic_vector_make(&o, from->arena, c->type, b->rows))
		return false;
	const int64_t *t = b->col[IC_F_TIME].i;
	int64_t *ms = o.i;
	for (uint32_t r = 0, rows = b->rows; r < rows; r++)
		ms[r] = floor_div(t[r], IC_TICKS_MS);
	*ret = (ic_vector){ .type = c->type, .data = ms, .nulls = nulls_of(b, IC_F_TIME) };
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

static bool fill_field(const ic_view_column *c, const ic_view_batch *from, ic_vector *ret)
{
	const ic_column *col = &from->batch->col[c->field];
	if (is_blank(from->batch, c->field))
		return fill_null(c->type, from, ret);
	if (c->type == IC_Q_STRING && ic_fields[c->field].type != IC_T_STRING)
		return fill_text(c, from, ret);
	bool nulls = c->type != IC_Q_STRING || from->null_text;
	*ret = (ic_vector){ .type = c->type,
			    .data = col->data,
			    .nulls = nulls ? nulls_of(from->batch, c->field) : NULL };
	return true;
}

bool ic_view_fill(const ic_view_column *c, const ic_view_batch *from, ic_vector *ret)
{
	switch (c->how) {
	case IC_VIEW_NULL: return fill_null(c->type, from, ret);
	case IC_VIEW_FIELD: return fill_field(c, from, ret);
	case IC_VIEW_LIST: return fill_list(c, from, ret);
	case IC_VIEW_MS: return fill_ms(c, from, ret);
	case IC_VIEW_MS_END:
	case IC_VIEW_END:
	case IC_VIEW_SPAN:
	case IC_VIEW_COUNT:
	case IC_VIEW_PROTOCOL_ID: return fill_whole(c, from, ret);
	default: return few[c->how].words ? fill_few(c, from, ret) : fill_text(c, from, ret);
	}
}
