/* SPDX-License-Identifier: Apache-2.0 */
/* ASIM's parsers: tables of the catalog that are called like functions, whose parameters keep some rows.
 *
 * Each becomes a function in KQL, `let parser = (parameters) { rows | where ... }`, bound over the table. */
#include "base/buf.h"
#include "lang/kql/bind.h"
#include "lang/kql/parse.h"

/* One parameter, with the value that it has when it is not given, and the rows that go on. */
typedef struct parameter {
	const char *declared, *keeps;
} parameter;

static const parameter
    begin = { "starttime: datetime = datetime(null)", "isnull(starttime) or TimeGenerated >= starttime" },
    end = { "endtime: datetime = datetime(null)", "isnull(endtime) or TimeGenerated <= endtime" },
    from = { "srcipaddr_has_any_prefix: dynamic = dynamic([])",
	     "array_length(srcipaddr_has_any_prefix) == 0"
	     " or has_any_ipv4_prefix(SrcIpAddr, srcipaddr_has_any_prefix)" },
    to = { "dstipaddr_has_any_prefix: dynamic = dynamic([])",
	   "array_length(dstipaddr_has_any_prefix) == 0"
	   " or has_any_ipv4_prefix(DstIpAddr, dstipaddr_has_any_prefix)" },
    either = { "ipaddr_has_any_prefix: dynamic = dynamic([])",
	       "array_length(ipaddr_has_any_prefix) == 0"
	       " or has_any_ipv4_prefix(SrcIpAddr, ipaddr_has_any_prefix)"
	       " or has_any_ipv4_prefix(DstIpAddr, ipaddr_has_any_prefix)" },
    port = { "dstportnumber: int = int(null)", "isnull(dstportnumber) or DstPortNumber == dstportnumber" },
    host = { "hostname_has_any: dynamic = dynamic([])",
	     "array_length(hostname_has_any) == 0 or SrcHostname has_any (hostname_has_any)"
	     " or DstHostname has_any (hostname_has_any)" },
    action = { "dvcaction: dynamic = dynamic([])",
	       "array_length(dvcaction) == 0 or DvcAction has_any (dvcaction)" },
    result = { "eventresult: string = '*'", "eventresult == '*' or EventResult =~ eventresult" },
    url = { "url_has_any: dynamic = dynamic([])",
	    "array_length(url_has_any) == 0 or Url has_any (url_has_any)" },
    agent = { "httpuseragent_has_any: dynamic = dynamic([])",
	      "array_length(httpuseragent_has_any) == 0"
	      " or HttpUserAgent has_any (httpuseragent_has_any)" },
    details = { "eventresultdetails_in: dynamic = dynamic([])",
		"array_length(eventresultdetails_in) == 0"
		" or EventResultDetails in (eventresultdetails_in)" },
    source = { "srcipaddr: string = '*'", "srcipaddr == '*' or SrcIpAddr == srcipaddr" },
    domain = { "domain_has_any: dynamic = dynamic([])",
	       "array_length(domain_has_any) == 0 or DnsQuery has_any (domain_has_any)" },
    code = { "responsecodename: string = '*'",
	     "responsecodename == '*' or DnsResponseCodeName =~ responsecodename" },
    answer = { "response_has_ipv4: string = '*'",
	       "response_has_ipv4 == '*' or has_ipv4(DnsResponseName, response_has_ipv4)" },
    answers = { "response_has_any_prefix: dynamic = dynamic([])",
		"array_length(response_has_any_prefix) == 0"
		" or has_any_ipv4_prefix(DnsResponseName, response_has_any_prefix)" },
    type = { "eventtype: string = 'Query'", "true" }, /* nothing else is in the table */
    disabled = { "disabled: bool = false", "not(disabled)" }, packed = { "pack: bool = false", "true" };

enum { PARAMETERS_MOST = 12 };

static const struct parser {
	const char *name[2]; /* as the catalog has them */
	const parameter *parameter[PARAMETERS_MOST];
} parsers[] = {
	{ { "_Im_NetworkSession", "imNetworkSession" },
	  { &begin, &end, &from, &to, &either, &port, &host, &action, &result, &disabled, &packed } },
	{ { "_Im_WebSession", "imWebSession" },
	  { &begin, &end, &from, &either, &url, &agent, &details, &result, &disabled, &packed } },
	{ { "_Im_Dns", "imDns" },
	  { &begin, &end, &source, &domain, &code, &answer, &answers, &type, &disabled, &packed } },
};

static const struct parser *parser_of(ic_str name)
{
	for (size_t i = 0; i < sizeof parsers / sizeof *parsers; i++)
		for (size_t k = 0; k < 2; k++)
			if (ic_str_eq(ic_str_of(parsers[i].name[k]), name))
				return &parsers[i];
	return NULL;
}

static ic_str parser_text(ic_binder *b, const struct parser *p)
{
	ic_buf text;
	ic_buf_init(&text, 1 << 16);
	ic_buf_puts(&text, "let parser = (");
	for (const parameter *const *q = p->parameter; *q; q++) {
		ic_buf_puts(&text, q == p->parameter ? "" : ", ");
		ic_buf_puts(&text, (*q)->declared);
	}
	ic_buf_puts(&text, ") { rows");
	for (const parameter *const *q = p->parameter; *q; q++) {
		ic_buf_puts(&text, q == p->parameter ? " | where (" : ") and (");
		ic_buf_puts(&text, (*q)->keeps);
	}
	ic_buf_puts(&text, ") }; rows");
	return ic_bind_written(b, &text);
}

bool ic_bind_parser(ic_binder *b, const ic_bind_name *names, const ic_kql_expr *call, ic_rel *r)
{
	const struct parser *p = parser_of(call->call.name.text);
	ic_kql_block block;
	if (!call->call.args)
		return true;
	if (!p) {
		ic_bind_warn(b, call->at,
			     "'%.*s' is a table here: what stands in its brackets is passed over",
			     IC_BIND_NAME(call->call.name.text));
		return true;
	}
	ic_str text = parser_text(b, p);
	if (!text.p)
		return false;
	b->status = ic_kql_parse_text(&b->plan->arena, text, call->at, &block, b->diag);
	if (b->status != IC_OK)
		return false;
	ic_bind_name *f = ic_bind_push(b, NULL, call->call.name, IC_BIND_FUNCTION);
	if (!f)
		return false;
	f->stmt = &block.stmt[0];
	*f->used = true;
	ic_bind_scope s = { .names = names };
	const ic_bind_name *inner = ic_bind_arguments(b, &s, f, call, NULL);
	ic_rel start = *r;
	return inner && ic_bind_pipe(b, inner, f->stmt->body->result->pipe.first->next, NULL, &start, r);
}
