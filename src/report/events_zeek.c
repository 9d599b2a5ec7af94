/* SPDX-License-Identifier: Apache-2.0 */
/* Zeek logs, TSV and JSON: Zeek's names, order of columns and spelling of values. Times of opening and
 * closing are left out of the header: the same events give the same bytes. */
#include "report/events.h"

#include "base/time.h"

#define END IC_FIELD_COUNT
#define ID  IC_F_SRC_IP, IC_F_SRC_PORT, IC_F_DST_IP, IC_F_DST_PORT

/* The order of columns in each log (the names are the catalogue's). */
static const ic_field order[IC_STREAM_COUNT_OF][24] = {
	[IC_STREAM_CONN] = { IC_F_TIME, IC_F_UID, ID, IC_F_TRANSPORT, IC_F_SERVICE, IC_F_DURATION,
			     IC_F_BYTES_OUT, IC_F_BYTES_IN, IC_F_CONN_STATE, IC_F_PACKETS_OUT,
			     IC_F_IP_BYTES_OUT, IC_F_PACKETS_IN, IC_F_IP_BYTES_IN, IC_F_COMMUNITY_ID, END },
	[IC_STREAM_HTTP] = { IC_F_TIME, IC_F_UID, ID, IC_F_METHOD, IC_F_HOST, IC_F_URI, IC_F_REFERRER,
			     IC_F_USER_AGENT, IC_F_REQUEST_BODY_BYTES, IC_F_RESPONSE_BODY_BYTES, IC_F_STATUS,
			     IC_F_USER, IC_F_CONTENT_TYPE, IC_F_COMMUNITY_ID, END },
	[IC_STREAM_SSL] = { IC_F_TIME, IC_F_UID, ID, IC_F_TLS_VERSION, IC_F_SNI, IC_F_ALPN, IC_F_CERT_SUBJECT,
			    IC_F_CERT_ISSUER, IC_F_CERT_VALID, IC_F_JA3, IC_F_JA3S, IC_F_JA4,
			    IC_F_COMMUNITY_ID, END },
	[IC_STREAM_DNS] = { IC_F_TIME, IC_F_UID, ID, IC_F_TRANSPORT, IC_F_DNS_QUERY, IC_F_DNS_ANSWERS,
			    IC_F_COMMUNITY_ID, END },
	[IC_STREAM_WEBSOCKET] = { IC_F_TIME, IC_F_UID, ID, IC_F_HOST, IC_F_URI, IC_F_USER_AGENT, END },
	[IC_STREAM_COUNT] = { END },
	[IC_STREAM_BURST] = { END },
};

static const char *zeek_name(ic_field f)
{
	return ic_fields[f].zeek ? ic_fields[f].zeek : ic_fields[f].name;
}

static ic_status plan(ic_event_writer *w, const ic_field *fields, size_t n)
{
	ic_status s = IC_OK;
	if (w->picked || w->stream >= IC_STREAM_COUNT) {
		for (size_t i = 0; i < n && s == IC_OK; i++)
			if (w->picked || ic_fields[fields[i]].zeek)
				s = ic_event_column_add(w, fields[i], zeek_name(fields[i]));
		return s;
	}
	ic_fieldset asked = 0;
	for (size_t i = 0; i < n; i++)
		asked |= IC_FIELD_BIT(fields[i]);
	for (const ic_field *f = order[w->stream]; *f != END && s == IC_OK; f++)
		if (asked & IC_FIELD_BIT(*f))
			s = ic_event_column_add(w, *f, zeek_name(*f));
	return s;
}

static bool is_vector(ic_field f)
{
	return f == IC_F_CONTENT_TYPE || f == IC_F_DNS_ANSWERS;
}

static const char *zeek_type(ic_field f)
{
	if (f == IC_F_SRC_PORT || f == IC_F_DST_PORT)
		return "port";
	if (f == IC_F_TRANSPORT)
		return "enum";
	if (f == IC_F_DURATION)
		return "interval";
	if (f == IC_F_CERT_VALID)
		return "string";
	if (is_vector(f))
		return "vector[string]";
	static const char *const names[] = {
		[IC_T_BOOL] = "bool", [IC_T_LONG] = "count", [IC_T_REAL] = "double",
		[IC_T_TIME] = "time", [IC_T_IP] = "addr",    [IC_T_STRING] = "string",
	};
	return names[ic_fields[f].type];
}

/* The value as Zeek spells it: "ssl" for tls, the text of validation_status for a verdict. */
static bool get(const ic_event_row *r, ic_field f, ic_event_value *v)
{
	if (f == IC_F_CERT_VALID) {
		ic_str status = ic_event_get_str(r, IC_F_CERT_STATUS);
		if (status.p) {
			*v = (ic_event_value){ .type = IC_T_STRING, .s = status };
			return true;
		}
		if (!ic_event_get(r, f, v))
			return false;
		*v = (ic_event_value){ .type = IC_T_STRING, .s = v->b ? IC_STR("ok") : IC_STR("invalid") };
		return true;
	}
	if (!ic_event_get(r, f, v))
		return false;
	if (f == IC_F_SERVICE && ic_str_eq(v->s, IC_STR("tls")))
		v->s = IC_STR("ssl");
	return true;
}

static void put_epoch(ic_buf *to, int64_t ticks)
{
	char text[40];
	ic_buf_put(to, text, ic_time_format_epoch(ticks, text));
}

/* ---- TSV --------------------------------------------------------------------------- */

static void tsv_header(const ic_event_writer *w, ic_buf *to)
{
	ic_buf_puts(to,
		    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t");
	ic_buf_puts(to, w->stream < IC_STREAM_NONE ? ic_stream_name(w->stream) : "events");
	ic_buf_puts(to, "\n#fields");
	for (size_t i = 0; i < w->columns; i++) {
		ic_buf_putc(to, '\t');
		ic_buf_puts(to, w->column[i].name);
	}
	ic_buf_puts(to, "\n#types");
	for (size_t i = 0; i < w->columns; i++) {
		ic_buf_putc(to, '\t');
		ic_buf_puts(to, zeek_type(w->column[i].field));
	}
	ic_buf_putc(to, '\n');
}

static void tsv_text(ic_buf *to, ic_str s)
{
	/* what would read back as unset or empty, or turn the line into a comment */
	bool special = ic_str_eq(s, IC_STR("-")) || ic_str_eq(s, IC_STR("(empty)")) || (s.n && s.p[0] == '#');
	if (!special) {
		ic_buf_zeek(to, s);
		return;
	}
	ic_buf_printf(to, "\\x%02x", (unsigned char)s.p[0]);
	if (s.n > 1)
		ic_buf_zeek(to, (ic_str){ s.p + 1, s.n - 1 });
}

static void tsv_row(const ic_event_writer *w, const ic_event_row *r, ic_buf *to)
{
	ic_event_value v;
	for (size_t i = 0; i < w->columns; i++) {
		if (i)
			ic_buf_putc(to, '\t');
		if (!get(r, w->column[i].field, &v)) {
			ic_buf_putc(to, '-');
			continue;
		}
		switch (v.type) {
		case IC_T_BOOL: ic_buf_putc(to, v.b ? 'T' : 'F'); break;
		case IC_T_TIME: put_epoch(to, v.i); break;
		case IC_T_IP: ic_event_put_ip(to, v.ip); break;
		case IC_T_STRING: tsv_text(to, v.s); break;
		default: ic_event_put_json(to, &v); break;
		}
	}
	ic_buf_putc(to, '\n');
}

const ic_event_ops ic_event_zeek_tsv = { .plan = plan, .header = tsv_header, .row = tsv_row };

/* ---- JSON -------------------------------------------------------------------------- */

/* Vectors are kept joined by ','. */
static void json_vector(ic_buf *to, ic_str s)
{
	ic_buf_putc(to, '[');
	for (uint32_t at = 0; s.n && at <= s.n;) {
		const char *comma = memchr(s.p + at, ',', s.n - at);
		uint32_t end = comma ? (uint32_t)(comma - s.p) : s.n;
		if (at)
			ic_buf_putc(to, ',');
		ic_buf_json(to, (ic_str){ s.p + at, end - at });
		at = end + 1;
	}
	ic_buf_putc(to, ']');
}

static void json_row(const ic_event_writer *w, const ic_event_row *r, ic_buf *to)
{
	ic_event_value v;
	bool first = true;
	for (size_t i = 0; i < w->columns; i++) {
		const ic_event_column *c = &w->column[i];
		if (!get(r, c->field, &v))
			continue; /* as Zeek does: unset fields are not written */
		ic_buf_putc(to, first ? '{' : ',');
		ic_buf_put(to, c->key.p + 1, c->key.n - 1);
		first = false;
		if (v.type == IC_T_TIME)
			put_epoch(to, v.i);
		else if (is_vector(c->field))
			json_vector(to, v.s);
		else
			ic_event_put_json(to, &v);
	}
	ic_buf_puts(to, first ? "{}\n" : "}\n");
}

const ic_event_ops ic_event_zeek_json = { .plan = plan, .row = json_row };
