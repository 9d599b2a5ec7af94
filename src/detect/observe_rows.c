/* SPDX-License-Identifier: Apache-2.0 */
/* Batches to observations: classify, intern, and choose the partition. */
#include <stddef.h>
#include <string.h>

#include "base/hash.h"
#include "detect/join.h"

enum {
	MAX_ANSWERS = 64,
	MAX_NAME = 255,
	HTTP_ROW_SIZE = 200, /* bytes of a request besides URI, user agent and body: docs/scorer.md */
};

#define WANT(f) IC_FIELD_BIT(IC_F_##f)

ic_fieldset ic_observe_fields(bool full)
{
	ic_fieldset plain = WANT(TIME) | WANT(SRC_IP) | WANT(DST_IP) | WANT(DST_PORT) | WANT(TRANSPORT) |
			    WANT(SERVICE) | WANT(DURATION) | WANT(BYTES_OUT) | WANT(BYTES_IN) |
			    WANT(IP_BYTES_OUT);
	if (!full)
		return plain;
	return plain | WANT(UID) | WANT(SRC_HOST) | WANT(USER) | WANT(PROCESS) | WANT(DST_NAME) |
	       WANT(METHOD) | WANT(URI) | WANT(HOST) | WANT(STATUS) | WANT(USER_AGENT) | WANT(SNI) |
	       WANT(CERT_SUBJECT) | WANT(CERT_ISSUER) | WANT(CERT_VALID) | WANT(CERT_STATUS) | WANT(JA3) |
	       WANT(JA4) | WANT(COUNT) | WANT(REQUEST_BODY_BYTES) | WANT(RESPONSE_BODY_BYTES) |
	       WANT(DNS_QUERY) | WANT(DNS_ANSWERS);
}

/* ---- address classes ----------------------------------------------------------------- */

static inline bool bit_at(const uint64_t *bits, uint32_t i)
{
	return (bits[i >> 6] >> (i & 63)) & 1;
}

void ic_observe_classes_init(ic_observation *o)
{
	const struct ic_cidr_nets *internal = o->cfg.internal.nets;
	for (uint32_t net = 0; net < 1u << 16; net++) {
		ic_ip first = ic_ip_from_v4(net << 16), last = ic_ip_from_v4(net << 16 | 0xffff);
		/* 192.0.0.0/24 is the one special range smaller than a /16: its ends differ in class. */
		if (!(internal && bit_at(internal->some, net)) && ic_ip_classify(&first) == IC_IP_PUBLIC &&
		    ic_ip_classify(&last) == IC_IP_PUBLIC)
			o->outside[net >> 6] |= UINT64_C(1) << (net & 63);
	}
}

bool ic_observe_outside_slow(const ic_observation *o, const ic_ip *ip)
{
	return ic_ip_classify(ip) == IC_IP_PUBLIC && !ic_cidrs_has(&o->cfg.internal, ip);
}

/* ---- columns -------------------------------------------------------------------------- */

/* A column as it is read: an absent one is all null. What a null holds is zero, or empty. */
typedef struct view {
	union {
		const void *data;
		const int64_t *i;
		const double *d;
		const ic_ip *ip;
		const ic_str *s;
	};
	const uint64_t *nulls;
} view;

static view view_of(const ic_batch *b, ic_field f)
{
	static const uint64_t all_null[IC_BATCH_ROWS / 64] = { [0 ... IC_BATCH_ROWS / 64 - 1] =
								   ~UINT64_C(0) };
	static const ic_str nothing[IC_BATCH_ROWS]; /* no value is larger than a text */
	if (!ic_batch_has(b, f))
		return (view){ .data = nothing, .nulls = all_null };
	return (view){ .data = b->col[f].data, .nulls = b->col[f].nulls };
}

static inline bool null_at(const view *v, uint32_t r)
{
	return bit_at(v->nulls, r);
}

/* -1 of a null. */
static inline int64_t long_at(const view *v, uint32_t r)
{
	return v->i[r] | (int64_t)(v->nulls[r >> 6] << (~r & 63)) >> 63;
}

/* An empty text says as little as none. That of a null is empty. */
static inline ic_str text_at(const view *v, uint32_t r)
{
	return v->s[r].n ? v->s[r] : (ic_str){ NULL, 0 };
}

static ic_str field_text(const ic_batch *b, ic_field f, uint32_t r)
{
	view v = view_of(b, f);
	return text_at(&v, r);
}

static int64_t field_long(const ic_batch *b, ic_field f, uint32_t r)
{
	view v = view_of(b, f);
	return long_at(&v, r);
}

/* Without a branch on which of the two it is: that is a coin's toss in most logs. */
static inline unsigned transport_of(ic_str s)
{
	static const uint8_t by_first[256] = {
		['t'] = IC_TCP, ['T'] = IC_TCP, ['u'] = IC_UDP, ['U'] = IC_UDP
	};
	if (s.n == 3) {
		unsigned known = by_first[(uint8_t)s.p[0]];
		return known ? known : IC_TRANSPORT_OTHER;
	}
	if (s.n == 0)
		return IC_TRANSPORT_NONE;
	return ic_str_istarts(s, IC_STR("icmp")) ? IC_ICMP : IC_TRANSPORT_OTHER;
}

/* As Zeek and others spell them; the first letter says which one it can be. */
static inline unsigned service_of(ic_str s)
{
	static const struct {
		uint8_t n, service;
	} by_first[256] = {
		['s'] = { 3, IC_TLS },	/* ssl */
		['t'] = { 3, IC_TLS },	/* tls */
		['d'] = { 3, IC_DNS },	/* dns */
		['h'] = { 4, IC_HTTP }, /* http */
		['q'] = { 4, IC_QUIC }, /* quic */
		['w'] = { 9, IC_WEBSOCKET },
	};
	if (s.n == 0)
		return IC_SERVICE_NONE;
	const uint8_t first = (uint8_t)(s.p[0] | 32);
	const bool agrees =
	    by_first[first].n == s.n && (first != 's' || ((s.p[1] | 32) == 's' && (s.p[2] | 32) == 'l'));
	return agrees ? by_first[first].service : IC_SERVICE_OTHER;
}

/* Tenths of a second; what is no positive number has none. */
static inline uint32_t tenths(double seconds)
{
	const double some = seconds > 0 ? seconds * 10 : 0;
	return (uint32_t)(int64_t)(some < UINT32_MAX ? some : UINT32_MAX);
}

/* The partition follows from the bytes of the source alone, so that which sources share one (and a
 * cap) does not differ between runs. */
static inline uint8_t ip_partition(const ic_ip *ip)
{
	uint64_t a, b;
	memcpy(&a, ip->b, 8);
	memcpy(&b, ip->b + 8, 8);
	return (uint8_t)(ic_mix(a, b, 0) >> 56);
}

static uint8_t text_partition(ic_str s)
{
	return (uint8_t)(ic_hash_stable(s.p, s.n) >> 56);
}

unsigned ic_observe_part_of(const ic_observation *o, uint32_t src)
{
	if (!ic_intern_is_ip(o->names, src))
		return text_partition(ic_intern_get(o->names, src));
	ic_ip ip = ic_intern_get_ip(o->names, src);
	return ip_partition(&ip);
}

typedef struct base_columns {
	uint64_t apart[IC_BATCH_ROWS / 64]; /* rows where a time or address is null */
	view time, src_ip, dst_ip, port, transport, service, duration, bytes_out, bytes_in, ip_bytes_out;
} base_columns;

static void base_columns_init(base_columns *c, const ic_batch *b)
{
	c->time = view_of(b, IC_F_TIME);
	c->src_ip = view_of(b, IC_F_SRC_IP);
	c->dst_ip = view_of(b, IC_F_DST_IP);
	c->port = view_of(b, IC_F_DST_PORT);
	c->transport = view_of(b, IC_F_TRANSPORT);
	c->service = view_of(b, IC_F_SERVICE);
	c->duration = view_of(b, IC_F_DURATION);
	c->bytes_out = view_of(b, IC_F_BYTES_OUT);
	c->bytes_in = view_of(b, IC_F_BYTES_IN);
	c->ip_bytes_out = view_of(b, IC_F_IP_BYTES_OUT);
	for (uint32_t w = 0; w < (b->rows + 63) / 64; w++)
		c->apart[w] = c->time.nulls[w] | c->src_ip.nulls[w] | c->dst_ip.nulls[w];
}

/* What the addresses of a row say. */
typedef struct ends {
	uint32_t src, dst;
	bool internal_src, in_scope;
} ends;

/* Member by member, the small ones of the end as one word: a copy of a whole one would wait for the parts that
 * were just set. What a null holds is as good as none where that is 0. */
static inline void put_base(ic_obs *to, const base_columns *c, const ic_batch *b, uint32_t r, unsigned stream,
			    ends e)
{
	const int64_t ip_bytes = long_at(&c->ip_bytes_out, r), port = c->port.i[r];
	const int64_t out = long_at(&c->bytes_out, r), in = long_at(&c->bytes_in, r);
	to->ticks = c->time.i[r];
	to->bytes_out = out >= 0 ? out : -1;
	to->bytes_in = in >= 0 ? in : -1;
	_Static_assert(IC_SIZE_UNKNOWN == -1, "as an unknown number of bytes");
	to->size = ip_bytes >= 0 ? ip_bytes : to->bytes_out;
	to->src = e.src;
	to->dst = e.dst;
	to->duration_ds = tenths(c->duration.d[r]);
	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bit-fields from the low bits");
	const uint32_t rest =
	    (uint32_t)(port < 0 ? 0 : port & 65535) | (transport_of(c->transport.s[r]) & 15u) << 16 |
	    (service_of(c->service.s[r]) & 15u) << 20 | (stream & 7u) << 24 | (uint32_t)e.in_scope << 27 |
	    (uint32_t)e.internal_src << 28 | (uint32_t)((b->flags[r] & IC_ROW_OPEN) != 0) << 29 |
	    (uint32_t)!null_at(&c->duration, r) << 30;
	memcpy((char *)to + offsetof(ic_obs, port), &rest, sizeof rest);
}

/* ---- conn-only runs -------------------------------------------------------------------- */

enum { SOME = 64 }; /* rows whose memory is on its way while others are worked on */

/* The connections in scope of rows first..end-1: which rows they are and, as far as no dictionary is needed for
 * them, their ends. Returns how many. */
static uint32_t plain_ends(const ic_observation *o, const ic_batch *b, const base_columns *c, uint32_t first,
			   uint32_t end, uint32_t *row, ends *e, uint64_t *out_scope, uint64_t *dropped)
{
	uint32_t n = 0;
	for (uint32_t r = first; r < end; r++) {
		if (b->stream[r] != IC_STREAM_CONN)
			continue;
		if (bit_at(c->apart, r)) {
			++*(null_at(&c->time, r) ? dropped : out_scope);
			continue;
		}
		const ic_ip *src = &c->src_ip.ip[r], *dst = &c->dst_ip.ip[r];
		if (!o->cfg.scope_all && !ic_observe_outside(o, dst)) {
			++*out_scope;
			continue;
		}
		__builtin_prefetch(c->transport.s[r].p);
		e[n] = (ends){ ic_intern_own_id(src), ic_intern_own_id(dst),
			       ic_cidrs_has(&o->cfg.internal, src), true };
		if (!e[n].src)
			ic_intern_prefetch_ip(o->names, src);
		if (!e[n].dst)
			ic_intern_prefetch_ip(o->names, dst);
		row[n++] = r;
	}
	return n;
}

static uint32_t plain_rows(ic_observation *o, const ic_batch *b, uint32_t r, ic_parcel *p,
			   uint64_t *out_scope, uint64_t *dropped)
{
	base_columns c;
	base_columns_init(&c, b);
	ic_obs *to = (ic_obs *)(void *)p->rows + p->n;
	uint8_t *part = p->part + p->n;
	const uint8_t *full = p->part + p->room;
	for (uint32_t end; r < b->rows && part < full; r = end) {
		uint32_t row[SOME], left = b->rows - r;
		ends e[SOME];
		left = left < SOME ? left : SOME;
		end = r + (left < full - part ? left : (uint32_t)(full - part));
		const uint32_t n = plain_ends(o, b, &c, r, end, row, e, out_scope, dropped);
		for (uint32_t i = 0; i < n; i++) {
			const ic_ip *src = &c.src_ip.ip[row[i]];
			if (!e[i].src)
				e[i].src = ic_intern_rare_ip(o->names, src);
			if (!e[i].dst)
				e[i].dst = ic_intern_rare_ip(o->names, &c.dst_ip.ip[row[i]]);
			if (!e[i].src || !e[i].dst) {
				++*dropped;
				continue;
			}
			put_base(to++, &c, b, row[i], IC_STREAM_CONN, e[i]);
			*part++ = ip_partition(src);
		}
	}
	p->n = (uint32_t)(part - p->part);
	return r;
}

/* ---- full runs --------------------------------------------------------------------------- */

typedef enum verdict { KEEP, OUT_OF_SCOPE, NO_MEMORY } verdict;

/* False: no memory. A null text has id 0. */
static bool intern(const ic_observation *o, ic_str s, uint32_t *id)
{
	*id = s.p ? ic_intern_str(o->names, s) : 0;
	return *id || !s.p;
}

static bool intern_ip(const ic_observation *o, const ic_ip *ip, uint32_t *id)
{
	*id = ic_intern_ip(o->names, ip);
	return *id != 0;
}

static bool fill_texts(const ic_observation *o, const ic_batch *b, uint32_t r, ic_obs_full *f)
{
	return intern(o, field_text(b, IC_F_SRC_HOST, r), &f->src_host) &&
	       intern(o, field_text(b, IC_F_DST_NAME, r), &f->name) &&
	       intern(o, field_text(b, IC_F_USER_AGENT, r), &f->user_agent) &&
	       intern(o, field_text(b, IC_F_JA3, r), &f->ja3) &&
	       intern(o, field_text(b, IC_F_JA4, r), &f->ja4) &&
	       intern(o, field_text(b, IC_F_PROCESS, r), &f->process);
}

static unsigned certificate_signals(const ic_batch *b, uint32_t r)
{
	ic_str subject = field_text(b, IC_F_CERT_SUBJECT, r), issuer = field_text(b, IC_F_CERT_ISSUER, r);
	ic_str status = field_text(b, IC_F_CERT_STATUS, r);
	if (subject.p && issuer.p && ic_str_eq(subject, issuer))
		return IC_SIG_SELF_SIGNED;
	/* OpenSSL's words, as Zeek logs them. A self-signed CA in the chain is a CA of somebody's own. */
	if (status.p && (ic_str_icontains(status, IC_STR("unable to")) ||
			 ic_str_icontains(status, IC_STR("in certificate chain"))))
		return IC_SIG_ISSUER_UNKNOWN;
	if (status.p && (ic_str_icontains(status, IC_STR("self signed")) ||
			 ic_str_icontains(status, IC_STR("self-signed"))))
		return IC_SIG_SELF_SIGNED;
	bool known = ic_batch_has(b, IC_F_CERT_VALID) && !ic_column_null(&b->col[IC_F_CERT_VALID], r);
	return known && !b->col[IC_F_CERT_VALID].b[r] ? IC_SIG_CERT_ODD : 0;
}

static unsigned signals_of(const ic_batch *b, uint32_t r, const ic_obs_full *f)
{
	unsigned stream = f->base.stream, sig = 0;
	ic_str method = field_text(b, IC_F_METHOD, r);
	bool web = stream == IC_STREAM_HTTP || stream == IC_STREAM_WEBSOCKET;
	if (web || (stream == IC_STREAM_CONN && (method.p || f->user_agent)))
		sig |= IC_SIG_HTTP;
	if (stream == IC_STREAM_SSL || (stream == IC_STREAM_CONN && (f->ja3 || f->ja4)))
		sig |= IC_SIG_TLS;
	if (stream == IC_STREAM_SSL && !field_text(b, IC_F_SNI, r).p && !f->name)
		sig |= IC_SIG_NO_SNI;
	if (sig & IC_SIG_TLS)
		sig |= certificate_signals(b, r);
	if (web && !f->name)
		sig |= IC_SIG_BARE_IP;
	if (method.p)
		sig |= ic_str_ieq(method, IC_STR("POST")) ? IC_SIG_POST : IC_SIG_NOT_POST;
	if (f->user_agent)
		sig |= IC_SIG_HAS_USER_AGENT;
	else if (stream == IC_STREAM_HTTP && method.p) /* else nothing of the request was logged */
		sig |= IC_SIG_NO_USER_AGENT;
	if ((b->flags[r] & IC_ROW_UPGRADE) || f->base.service == IC_WEBSOCKET ||
	    stream == IC_STREAM_WEBSOCKET)
		sig |= IC_SIG_UPGRADE;
	if (b->flags[r] & IC_ROW_OPEN)
		sig |= IC_SIG_OPEN;
	if (b->flags[r] & IC_ROW_BLOCKED)
		sig |= IC_SIG_BLOCKED;
	if (b->flags[r] & IC_ROW_PROXIED)
		sig |= IC_SIG_PROXIED;
	return sig;
}

/* What logs of one protocol leave unsaid because all their rows have it in common. */
static void fill_protocol(const ic_batch *b, uint32_t r, ic_obs_full *f)
{
	ic_obs *row = &f->base;
	if (row->stream == IC_STREAM_SSL) {
		if (row->service == IC_SERVICE_NONE)
			row->service = IC_TLS;
		if (row->transport == IC_TRANSPORT_NONE)
			row->transport = row->service == IC_QUIC ? IC_UDP : IC_TCP;
	}
	if (row->stream != IC_STREAM_HTTP && row->stream != IC_STREAM_WEBSOCKET)
		return;
	if (row->service == IC_SERVICE_NONE)
		row->service = row->stream == IC_STREAM_WEBSOCKET ? IC_WEBSOCKET : IC_HTTP;
	if (row->transport == IC_TRANSPORT_NONE)
		row->transport = IC_TCP;
	int64_t body = field_long(b, IC_F_REQUEST_BODY_BYTES, r);
	if (row->size == IC_SIZE_UNKNOWN)
		row->size = HTTP_ROW_SIZE + field_text(b, IC_F_URI, r).n +
			    field_text(b, IC_F_USER_AGENT, r).n + (body > 0 ? body : 0);
	if (row->bytes_out < 0 && body >= 0)
		row->bytes_out = body;
	int64_t answer = field_long(b, IC_F_RESPONSE_BODY_BYTES, r);
	if (row->bytes_in < 0 && answer >= 0)
		row->bytes_in = answer;
}

/* "http://192.0.2.1:8080/x" or "192.0.2.1:443": the address and port, if it is an address. */
static bool url_address(ic_str url, ic_ip *ip, uint16_t *port)
{
	const char *p = url.p, *end = p ? p + url.n : p;
	const char *colon = p ? memchr(p, ':', url.n) : NULL;
	*port = 0;
	if (colon && end - colon > 2 && colon[1] == '/' && colon[2] == '/') {
		*port = ic_str_istarts(url, IC_STR("https:")) ? 443 : 80;
		p = colon + 3;
	}
	const char *stop = p;
	while (stop < end && *stop != '/' && *stop != '?' && *stop != '#')
		stop++;
	const char *tail = stop, *at = p;
	if (p < stop && *p == '[') {
		const char *close = memchr(p, ']', (size_t)(stop - p));
		if (!close)
			return false;
		at = p + 1;
		tail = close;
	} else if ((colon = p < stop ? memchr(p, ':', (size_t)(stop - p)) : NULL)) {
		tail = colon;
	}
	const char *digits = tail < stop && *tail == ']' ? tail + 1 : tail;
	if (digits < stop && *digits == ':' && stop - digits <= 6) {
		unsigned v = 0;
		for (digits++; digits < stop && *digits >= '0' && *digits <= '9'; digits++)
			v = v * 10 + (unsigned)(*digits - '0');
		if (v > 0 && v <= UINT16_MAX)
			*port = (uint16_t)v;
	}
	return tail > at && ic_ip_parse((ic_str){ at, (uint32_t)(tail - at) }, ip);
}

/* A proxy that was asked for an address: that address is the destination. False: no memory. */
static bool proxied_address(const ic_observation *o, const ic_batch *b, uint32_t r, ic_obs_full *f)
{
	ic_ip ip;
	uint16_t port;
	if (!(f->signals & IC_SIG_PROXIED) || f->name || !url_address(field_text(b, IC_F_URI, r), &ip, &port))
		return true;
	if (!intern_ip(o, &ip, &f->base.dst))
		return false;
	if (port)
		f->base.port = port;
	f->base.in_scope = o->cfg.scope_all || ic_observe_outside(o, &ip);
	if (!f->base.in_scope)
		f->signals &=
		    (uint16_t)~IC_SIG_PROXIED; /* asked for an inside address: nothing public in it */
	return true;
}

static verdict full_row(const ic_observation *o, const ic_batch *b, const base_columns *c, uint32_t r,
			ic_obs_full *f, uint8_t *part)
{
	*f = (ic_obs_full){ .count = 1 };
	put_base(&f->base, c, b, r, b->stream[r], (ends){ 0 });
	f->base.ticks += b->stream[r] == IC_STREAM_CONN ? 0 : IC_OBS_EARLIER;
	bool has_src = !null_at(&c->src_ip, r), has_dst = !null_at(&c->dst_ip, r);
	if (has_src && !intern_ip(o, &c->src_ip.ip[r], &f->src_ip))
		return NO_MEMORY;
	if (has_dst && !intern_ip(o, &c->dst_ip.ip[r], &f->base.dst))
		return NO_MEMORY;
	if (!fill_texts(o, b, r, f))
		return NO_MEMORY;
	ic_str user = field_text(b, IC_F_USER, r), uid = field_text(b, IC_F_UID, r);
	if (f->src_host) {
		f->base.src = f->src_host;
		*part = text_partition(field_text(b, IC_F_SRC_HOST, r));
	} else if (has_src) {
		f->base.src = f->src_ip;
		*part = ip_partition(&c->src_ip.ip[r]);
	} else if (user.p) {
		if (!intern(o, user, &f->base.src))
			return NO_MEMORY;
		*part = text_partition(user);
	}
	f->base.internal_src = has_src ? ic_cidrs_has(&o->cfg.internal, &c->src_ip.ip[r]) : f->src_host != 0;
	f->base.in_scope = !has_dst || o->cfg.scope_all || ic_observe_outside(o, &c->dst_ip.ip[r]);
	if (uid.p) {
		f->uid = ic_hash(uid.p, uid.n);
		f->uid += f->uid == 0;
	}
	int64_t count = field_long(b, IC_F_COUNT, r);
	if (count > 1)
		f->count = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
	fill_protocol(b, r, f);
	f->signals = (uint16_t)signals_of(b, r, f);
	if (!proxied_address(o, b, r, f))
		return NO_MEMORY;
	return f->base.src && (f->base.dst || f->name) ? KEEP : OUT_OF_SCOPE;
}

/* The next address in a list of answers, whatever separates and surrounds them. */
static bool next_answer(ic_str *rest, ic_ip *ip)
{
	static const char separators[] = ",; |[]\"'\t";
	while (rest->n) {
		uint32_t skip = 0, n;
		while (skip < rest->n && strchr(separators, rest->p[skip]) != NULL)
			skip++;
		for (n = skip; n < rest->n && strchr(separators, rest->p[n]) == NULL; n++)
			;
		ic_str token = { rest->p + skip, n - skip };
		*rest = (ic_str){ rest->p + n, rest->n - n };
		if (token.n && ic_ip_parse(token, ip))
			return true;
	}
	return false;
}

/* The name asked for: lower case, no final dot. {NULL, 0} if it is none. */
static ic_str query_name(const ic_batch *b, uint32_t r, char buf[MAX_NAME + 1])
{
	ic_str q = field_text(b, IC_F_DST_NAME, r);
	if (!q.p)
		q = field_text(b, IC_F_DNS_QUERY, r);
	if (q.n && q.p[q.n - 1] == '.')
		q.n--;
	if (q.n == 0 || q.n > MAX_NAME)
		return (ic_str){ NULL, 0 };
	for (uint32_t i = 0; i < q.n; i++)
		buf[i] = ic_lower(q.p[i]);
	return (ic_str){ buf, q.n };
}

/* One observation for each address in the answer: src, dst and dns_name. False: the parcel has no
 * room for all of them. */
static bool dns_rows(const ic_observation *o, const ic_batch *b, const base_columns *c, uint32_t r,
		     ic_parcel *p, uint64_t *dropped)
{
	char buf[MAX_NAME + 1];
	ic_str name = query_name(b, r, buf), rest = field_text(b, IC_F_DNS_ANSWERS, r), host;
	if (p->room - p->n < MAX_ANSWERS)
		return false;
	if (!name.p || !rest.p)
		return true;
	ic_ip ip;
	ic_obs_full head = { .count = 1 };
	uint8_t part = 0;
	if (!next_answer(&rest, &ip))
		return true;
	host = field_text(b, IC_F_SRC_HOST, r);
	bool ok = true;
	if (host.p) {
		ok = intern(o, host, &head.base.src);
		part = text_partition(host);
	} else if (!null_at(&c->src_ip, r)) {
		ok = intern_ip(o, &c->src_ip.ip[r], &head.base.src);
		part = ip_partition(&c->src_ip.ip[r]);
	} else {
		return true;
	}
	head.base.ticks = c->time.i[r] + IC_OBS_EARLIER;
	head.base.stream = IC_STREAM_DNS;
	ok = ok && intern(o, name, &head.dns_name);
	ic_obs_full *to = (ic_obs_full *)(void *)p->rows;
	for (unsigned n = 0; ok && n < MAX_ANSWERS; n++) {
		ok = intern_ip(o, &ip, &head.base.dst);
		if (ok) {
			p->part[p->n] = part;
			to[p->n++] = head;
		}
		if (!next_answer(&rest, &ip))
			break;
	}
	*dropped += !ok;
	return true;
}

static uint32_t full_rows(ic_observation *o, const ic_batch *b, uint32_t r, ic_parcel *p, uint64_t *out_scope,
			  uint64_t *dropped)
{
	base_columns c;
	base_columns_init(&c, b);
	for (; r < b->rows && p->n < p->room; r++) {
		if (b->stream[r] >= IC_STREAM_NONE)
			continue;
		if (null_at(&c.time, r)) {
			++*dropped;
			continue;
		}
		if (b->stream[r] == IC_STREAM_DNS) {
			if (!dns_rows(o, b, &c, r, p, dropped))
				break;
			continue;
		}
		ic_obs_full *to = (ic_obs_full *)(void *)p->rows + p->n;
		switch (full_row(o, b, &c, r, to, &p->part[p->n])) {
		case KEEP: p->n++; break;
		case OUT_OF_SCOPE: ++*out_scope; break;
		case NO_MEMORY: ++*dropped; break;
		}
	}
	return r;
}

uint32_t ic_observe_rows(ic_observation *o, const ic_batch *b, uint32_t first, ic_parcel *p,
			 uint64_t *out_scope, uint64_t *dropped)
{
	return o->cfg.full ? full_rows(o, b, first, p, out_scope, dropped)
			   : plain_rows(o, b, first, p, out_scope, dropped);
}
