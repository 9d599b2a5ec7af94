/* SPDX-License-Identifier: Apache-2.0 */
/* The binder: what a query's columns are, what is refused, and with which words. Nothing is run. */
#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/lang.h"

/* ---- a catalog of three tables */

static ic_qcolumn flows[] = {
	{ { "Timestamp", 9 }, IC_Q_DATETIME }, { { "host", 4 }, IC_Q_STRING }, { { "ip", 2 }, IC_Q_IP },
	{ { "port", 4 }, IC_Q_INT },	       { { "bytes", 5 }, IC_Q_LONG },  { { "score", 5 }, IC_Q_REAL },
	{ { "bag", 3 }, IC_Q_DYNAMIC },	       { { "flag", 4 }, IC_Q_BOOL },
};
static ic_qcolumn zeek[] = {
	{ { "ts", 2 }, IC_Q_DATETIME },
	{ { "id.orig_h", 9 }, IC_Q_STRING },
	{ { "id.resp_p", 9 }, IC_Q_LONG },
};
static ic_qcolumn alerts[] = { { { "TimeGenerated", 13 }, IC_Q_DATETIME }, { { "bytes", 5 }, IC_Q_STRING } };
static const ic_table tables[] = {
	{ { "Flows", 5 }, { flows, 8 }, NULL },
	{ { "conn", 4 }, { zeek, 3 }, NULL },
	{ { "Alerts", 6 }, { alerts, 2 }, NULL },
};

static ic_status find_table(void *ctx, ic_plan *plan, ic_str name, unsigned language, ic_op **ret,
			    ic_diag *diag)
{
	(void)ctx;
	(void)language;
	(void)diag;
	*ret = NULL;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (ic_str_eq(tables[i].name, name)) {
			*ret = ic_op_new(plan, IC_OP_SCAN, (ic_place){ 0 }, "scan", NULL);
			if (!*ret)
				return IC_E_NOMEM;
			(*ret)->scan.table = &tables[i];
			(*ret)->out = tables[i].schema;
		}
	return IC_OK;
}

static ic_str table_name(void *ctx, size_t i)
{
	(void)ctx;
	return i < sizeof tables / sizeof *tables ? tables[i].name : (ic_str){ NULL, 0 };
}

static const ic_catalog catalog = { .table = find_table, .name = table_name };

/* ---- helpers */

static ic_status compile(const char *text, ic_plan *plan, ic_diag *diag)
{
	*diag = (ic_diag){ 0 };
	ic_plan_init(plan, NULL);
	return ic_lang_compile(ic_str_of(text), IC_FN_KQL, &catalog, plan, diag);
}

/* The columns of the result, "name:type name:type". */
static void gives(const char *text, const char *columns)
{
	ic_plan plan;
	ic_diag diag;
	char buf[2000] = "";
	size_t n = 0;
	ic_status st = compile(text, &plan, &diag);
	if (st != IC_OK)
		fail_msg("%s\n%u:%u: %s", text, diag.at.line, diag.at.column, diag.message);
	for (uint32_t i = 0; i < plan.root->out.n && n < sizeof buf; i++) {
		const ic_qcolumn *c = &plan.root->out.column[i];
		n += (size_t)snprintf(buf + n, sizeof buf - n, "%s%.*s:%s", i ? " " : "", (int)c->name.n,
				      c->name.p, ic_qtype_name(c->type));
	}
	assert_string_equal(buf, columns);
	ic_plan_clear(&plan);
}

/* The query is refused with this kind, and words in message or hint. */
static void refused(const char *text, ic_diag_kind kind, const char *words)
{
	ic_plan plan;
	ic_diag diag;
	ic_status st = compile(text, &plan, &diag);
	if (st == IC_OK)
		fail_msg("%s\nwas accepted", text);
	assert_int_equal(st, kind == IC_DIAG_LIMIT ? IC_E_LIMIT : IC_E_USAGE);
	assert_true(diag.set);
	if (diag.kind != kind || (!strstr(diag.message, words) && !strstr(diag.hint, words)))
		fail_msg("%s\nkind %d: %s (%s)", text, (int)diag.kind, diag.message, diag.hint);
	ic_plan_clear(&plan);
}

static void warns(const char *text, uint32_t count, const char *words)
{
	ic_plan plan;
	ic_diag diag;
	ic_status st = compile(text, &plan, &diag);
	if (st != IC_OK)
		fail_msg("%s\n%s", text, diag.message);
	bool found = false;
	for (uint32_t i = 0; i < plan.warnings; i++) {
		char buf[600];
		snprintf(buf, sizeof buf, "%.*s", (int)plan.warning[i].n, plan.warning[i].p);
		found |= strstr(buf, words) != NULL;
	}
	assert_int_equal(plan.warnings, count);
	if (count && !found)
		fail_msg("%s\n%.*s", text, (int)plan.warning[0].n, plan.warning[0].p);
	ic_plan_clear(&plan);
}

/* ---- names of results */

static void test_names(void **state)
{
	(void)state;
	gives("print 1, 'a', 2.5", "print_0:long print_1:string print_2:real");
	gives("Flows | project bag.a.b, bag['c'], port", "bag_a_b:dynamic bag_c:dynamic port:int");
	gives("Flows | project strlen(host), bytes + 1, hash(host)",
	      "strlen_host:long Column1:long Column2:long");
	gives("Flows | project startofday(Timestamp), round(bytes, 1), gettype(host), toupper(host)",
	      "Timestamp:datetime bytes:long type_host:string Column1:string");
	gives("Flows | project split(host, '.')[0], parse_json(host).a, iff(flag, 1, 2)",
	      "host_0:dynamic host_a:dynamic Column1:long");
	gives("Flows | project extract_all('(a)', host)[0], bag_pack('k', 1).k", "0:dynamic k:dynamic");
	gives("Flows | extend round(bytes / 2.0, 2), round(bytes, 2) | project bytes, Column1",
	      "bytes:long Column1:real");
	gives("Flows | project array_sort_asc(bag.a)", "bag_a_sorted:dynamic");
	gives("Flows | summarize sum(toint(host)), max(abs(bytes)), avg(strlen(host)), dcount(tolower(host))",
	      "sum_host:long max_bytes:long avg_strlen_host:real dcount_:long");
	gives("Flows | project bytes, bytes", "bytes:long bytes1:long");
	gives("Flows | summarize count(), sum(bytes), avg(bytes * 2), make_set(host), percentile(bytes, 95)",
	      "count_:long sum_bytes:long avg_:real set_host:dynamic percentile_bytes_95:long");
	gives("Flows | summarize count() by bin(Timestamp, 1h), strlen(host), tolower(host)",
	      "Timestamp:datetime strlen_host:long Column1:string count_:long");
	gives("Flows | summarize arg_max(bytes, host), arg_min(bytes, host) by port",
	      "port:int bytes:long host:string bytes1:long host1:string");
	gives("Flows | project host, port, bytes | summarize arg_max(bytes, *) by port",
	      "port:int bytes:long host:string");
	gives("Flows | summarize a = max(bytes), arg_max(bytes, port) by k = port > 1",
	      "k:bool a:long bytes:long port:int");
	gives("Flows | summarize (x, y) = arg_max(bytes, port)", "x:long y:int");
	gives("Flows | summarize r = 1.0 * countif(flag) / count()", "r:real");
	gives("Flows | summarize percentiles(bytes, 5, 99.9)",
	      "percentile_bytes_5:long percentile_bytes_99_9:long");
	gives("Flows | summarize percentile(bytes, decimal(2.5))", "percentile_bytes_2_5:long");
	gives("Flows | summarize round(avg(bytes), 2), avg(bytes), tolong(count()), strlen(max(host)), "
	      "make_set(host)[0], max(bytes) - min(bytes), round(percentile(bytes, 95))",
	      "avg_bytes:real avg_bytes1:real count_:long strlen_max_host:long set_host_0:dynamic "
	      "Column1:long Column2:long");
	gives("Flows | make-series round(avg(bytes)), count() * 2 on Timestamp step 1h",
	      "avg_bytes:dynamic Column1:dynamic Timestamp:dynamic");
	gives("Flows | extend 2FA = port, 24h_count = 1 | project 2FA, 24h_count", "2FA:int 24h_count:long");
	gives("Flows | count", "Count:long");
	gives("print s = dynamic([1]) | project st = series_stats(s)", "st:real");
	gives("print s = dynamic([1]) | project series_stats(s)",
	      "series_stats_s_min:real series_stats_s_min_idx:long series_stats_s_max:real "
	      "series_stats_s_max_idx:long series_stats_s_avg:real series_stats_s_stdev:real "
	      "series_stats_s_variance:real");
}

static void test_columns(void **state)
{
	(void)state;
	gives("Flows | project-away bag, flag, s*, Time*", "host:string ip:string port:int bytes:long");
	gives("Flows | project-keep p*, host", "host:string port:int");
	gives("Flows | project host, port | project-rename name = host", "name:string port:int");
	gives("Flows | project b = 1, a = 2, c = 3 | project-reorder c, * asc", "c:long a:long b:long");
	gives("Flows | project host | extend host = strlen(host), x = 1", "host:long x:long");
	gives("Flows | project TimeGenerated", "TimeGenerated:datetime");
	gives("conn | project id.orig_h, id_resp_p, ['id.orig_h']",
	      "id_orig_h:string id_resp_p:long id.orig_h:string");
	gives("Flows | project host | getschema",
	      "ColumnName:string ColumnOrdinal:int DataType:string ColumnType:string");
	gives("Flows | distinct host, port", "host:string port:int");
	gives("Flows | project ip | union (Flows | project ip = host)", "ip:string");
}

static void test_types(void **state)
{
	(void)state;
	gives("print a = 1 + 2.0, b = 7 / 2, c = 1d / 1h, d = now() - 1d, e = 2 * 1h, f = now() - now()",
	      "a:real b:long c:real d:datetime e:timespan f:timespan");
	gives("print a = toint(1) + toint(2), b = -toint(1), c = coalesce(toint(1), 2)",
	      "a:long b:long c:long");
	gives(
	    "Flows | where port == '443' and ip == '10.0.0.1' and bag.x == 'y' and bag.n > 5 | project port",
	    "port:int");
	gives("Flows | where ip in ('10.0.0.1') and port in (80, '443') and bag.a in ('x') | project port",
	      "port:int");
	gives("Flows | project x = iff(flag, bag.a, host), y = iff(flag, ip, ip)", "x:string y:string");
	gives("print w = datetime_diff('week', now(), now()), d = datetime_diff('day', now(), now())",
	      "w:real d:long");
	gives("print toupper(5), substring(12.5, 1), split(1d, '.'), strcat_delim(1, 'a', 2)",
	      "print_0:string print_1:string print_2:dynamic print_3:string");
	gives("print round(5), round(2.5), round(decimal(2.5))", "print_0:long print_1:real print_2:decimal");
	gives("let five = () { 5 }; print True, FALSE, 1., five, 'a' notcontains 'b'",
	      "print_0:bool print_1:bool print_2:real print_3:long print_4:bool");
	refused("print replace_string(5, 'a', 'b')", IC_DIAG_TYPE, "should be string");
	refused("print iff(true, 1, 2.5)", IC_DIAG_TYPE, "long and real");
	refused("print case(true, 'a', false, 'b')", IC_DIAG_TYPE, "otherwise");
	refused("print 'a' + 'b'", IC_DIAG_TYPE, "strcat()");
	refused("Flows | where bag == bag", IC_DIAG_TYPE, "dynamic and dynamic");
	refused("Flows | extend x = bag.a + 1", IC_DIAG_TYPE, "dynamic and long");
	refused("Flows | sort by bag", IC_DIAG_TYPE, "tostring()");
	refused("Flows | summarize count by host", IC_DIAG_NAME, "count()");
	refused("Flows | summarize count() by bag", IC_DIAG_TYPE, "a key cannot be dynamic");
	refused("Flows | where host > 5 and bytes has 'x'", IC_DIAG_TYPE, "long and string");
	refused("Flows | where bytes", IC_DIAG_TYPE, "takes bool, not long");
	refused("Flows | mv-expand host", IC_DIAG_TYPE, "parse_json()");
	refused("Flows | extend x = host.y", IC_DIAG_TYPE, "parse_json()");
	refused("print strlen()", IC_DIAG_TYPE, "takes 1 argument, not 0");
	refused("print startofday(1)", IC_DIAG_TYPE, "should be datetime");
	refused("Flows | where Timestamp > 5", IC_DIAG_TYPE, "datetime and long");
	refused("range x from 1 to now() step 1", IC_DIAG_TYPE, "from long to datetime");
}

/* ---- what names mean */

static void test_refused_names(void **state)
{
	(void)state;
	refused("Flows | where hots == 'a'", IC_DIAG_NAME, "did you mean 'host'?");
	refused("Flows | where host == Public", IC_DIAG_NAME, "quotes: \"Public\"");
	refused("Flows | extend x == 1", IC_DIAG_NAME, "one `=`");
	refused("Flows | where Timestamp > now - 1d", IC_DIAG_NAME, "did you mean now()?");
	refused("Flows | where Timestamp > ago('7d')", IC_DIAG_TYPE, "without quotes");
	refused("Flows | where Timestamp > 2024-01-01", IC_DIAG_TYPE, "datetime(2024");
	refused("Flows | where host.contains('x')", IC_DIAG_TYPE, "f(x), not x.f()");
	refused("Flows | where dateDiff('day', Timestamp, now()) > 1", IC_DIAG_NAME, "datetime_diff()");
	refused("Flow | take 1", IC_DIAG_NAME, "did you mean 'Flows'?");
	refused("print strlne('a')", IC_DIAG_NAME, "did you mean strlen()?");
	refused("print Concat('a', 'b')", IC_DIAG_NAME, "did you mean strcat()?");
	refused("Flows | summarize list(bytes)", IC_DIAG_NAME, "did you mean make_list()?");
	refused("Flows | evaluate basket()", IC_DIAG_UNSUPPORTED, "--help kql");
	refused("Flows | extend c = bytes + 1, d = c", IC_DIAG_NAME, "second one");
	refused("Flows | summarize sum(bytes) by bin(Timestamp, 1h) | sort by bin_Timestamp", IC_DIAG_NAME,
		"bin_Timestamp");
	refused("Flows | summarize make_list(bytes) + x", IC_DIAG_NAME, "'x'");
	refused("evaluate http_request('https://x')", IC_DIAG_UNSUPPORTED, "without rows");
	refused("Flows | evaluate python(typeof(*), 'x')", IC_DIAG_UNSUPPORTED, "Python");
	refused("cluster('c').database('d')", IC_DIAG_TYPE, "missing behind database()");
	refused("Flows | where not(host = 'a')", IC_DIAG_TYPE, "`==` compares 'host'");
	refused("Flows | summarize x = host", IC_DIAG_TYPE, "inside an aggregate");
	refused("Flows | where port == 443L", IC_DIAG_NAME, "no suffix such as L");
	refused("Flows | extend x = count()", IC_DIAG_TYPE, "belongs in summarize");
	refused("Flows | summarize sum(max(bytes))", IC_DIAG_TYPE, "another aggregate");
	refused("Flows | project host | distinct port", IC_DIAG_NAME, "'port'");
	refused("Flows | join Alerts on nothing", IC_DIAG_NAME, "left side");
	refused("Flows | join Alerts on bytes", IC_DIAG_TYPE, "long and string");
	refused("Flows | evaluate autocluster()", IC_DIAG_UNSUPPORTED, "autocluster()");
}

static void test_lets(void **state)
{
	(void)state;
	gives("let n = 5; let T = Flows | where bytes > n; T | project host", "host:string");
	gives("let f = (x:long, y:long = 3) { let z = x * y; z + 1 }; print a = f(2), b = f(y=1, x=2)",
	      "a:long b:long");
	gives("let f = (t:(bytes:long), k:long) { t | where bytes > k }; Flows | project bytes | invoke f(1)",
	      "bytes:long");
	gives("let f = () { Flows | project host }; f | take 1", "host:string");
	gives("let host = 5; Flows | project x = host", "x:string");
	gives(
	    "Flows | project host, bytes | as T | where bytes > 1 | join kind=leftsemi (T | take 1) on host",
	    "host:string bytes:long");
	gives("let m = toscalar(Flows | summarize max(bytes)); print x = m", "x:long");
	gives("let l = toscalar(Flows | summarize make_set(host)); Flows | where host in (l) | project host",
	      "host:string");
	gives("Flows | where host in (Flows | distinct host) and host has_any (Flows | distinct host) | "
	      "project host",
	      "host:string");
	refused("let f = (x:long) { f(x) }; print f(1)", IC_DIAG_NAME, "'f'");
	refused("let T = T | take 1; T", IC_DIAG_NAME, "'T'");
	refused("let f = (x:long) { x }; print f('a')", IC_DIAG_TYPE, "should be long");
	refused("let f = (x:long) { x }; print f()", IC_DIAG_TYPE, "no value for 'x'");
	refused("let f = (x:long) { toscalar(Flows | where bytes > x | count) }; Flows | project f(bytes)",
		IC_DIAG_TYPE, "from row to row");
	/* a let of a function's body is computed for the row that the function is called for, and for no other */
	gives("let f = (x:string) { let y = toupper(x); let g = (z:string) { strcat(z, y) }; g(x) }; "
	      "Flows | project a = f(host), b = f('b')",
	      "a:string b:string");
	refused("let f = (x:long) { let y = x + 1; toscalar(Flows | where bytes > y | count) }; "
		"Flows | project f(bytes)",
		IC_DIAG_TYPE, "'y' differs from row to row");
	/* what has no name goes to the parameters that nobody named */
	gives("let f = (x:long, y:string) { y }; print a = f(x=1, 'b'), b = f(y='b', 1)",
	      "a:string b:string");
	refused("let f = (x:long) { x }; print f(x=1, 2)", IC_DIAG_TYPE, "takes 1 argument, not 2");
	gives("print a = assert(1 < 2, 'never')", "a:bool");
	refused("let f = (x:bool) { assert(x, 'above zero') and x }; print f(false)", IC_DIAG_TYPE,
		"assert() has failed: above zero");
	refused("Flows | where assert(bytes > 0, 'x')", IC_DIAG_TYPE, "a constant");
	gives("Flows | project a = iscolumnexists('host'), b = iscolumnexists('nowhere')", "a:bool b:bool");
	refused("let x = strlen(1); Flows", IC_DIAG_TYPE, "strlen");
}

static void test_joins(void **state)
{
	(void)state;
	gives("Flows | project host, port | join (Flows | project host, port, bytes) on host",
	      "host:string port:int host1:string port1:int bytes:long");
	gives("Flows | project host | join kind=inner (Flows | project host) on host | join kind=inner "
	      "(Flows | project host) on host",
	      "host:string host1:string host2:string");
	gives("Flows | project host | join kind=rightsemi (Flows | project h = ip) on $left.host == $right.h",
	      "h:string");
	gives("Flows | project host, bytes | lookup (Flows | project host, bytes, port) on host",
	      "host:string bytes:long bytes1:long port:int");
	gives("union withsource=src Flows, Alerts | project src, Timestamp, bytes_long, bytes_string",
	      "src:string Timestamp:datetime bytes_long:long bytes_string:string");
	gives("union isfuzzy=true Nowhere, Alerts | project bytes, Unknown", "bytes:string Unknown:dynamic");
	gives("union kind=inner (Flows | project host, bytes), (Flows | project bytes, port)", "bytes:long");
	gives("Flows | project host | search 'x' or host:'y*'", "$table:string host:string");
	refused("union isfuzzy=true Nowhere, Never", IC_DIAG_NAME, "none of the tables");
}

static void test_order(void **state)
{
	(void)state;
	gives("Flows | sort by bytes asc | extend d = bytes - prev(bytes), n = row_number() | project d, n",
	      "d:long n:long");
	gives("Flows | serialize | where bytes > prev(bytes) | project bytes", "bytes:long");
	gives("Flows | top 3 by bytes | project r = row_number(1, bytes != prev(bytes))", "r:long");
	refused("Flows | extend x = prev(bytes)", IC_DIAG_TYPE, "serialize");
	refused("Flows | sort by bytes | summarize count() | extend x = row_number()", IC_DIAG_TYPE,
		"serialize");
	refused("Flows | sort by bytes | extend x = prev(bytes, 1, bytes)", IC_DIAG_TYPE, "constant");
}

static void test_operators(void **state)
{
	(void)state;
	gives("Flows | project bag | mv-expand bag", "bag:dynamic");
	gives("Flows | project bag | mv-expand with_itemindex=i x = bag.list to typeof(long)",
	      "bag:dynamic x:long i:long");
	gives("Flows | project host, bag | mv-apply x = bag to typeof(long) on (summarize m = max(x))",
	      "host:string bag:dynamic m:long");
	gives("Flows | project host | parse host with a:long '.' * '-' host:string", "host:string a:long");
	gives("Flows | project host | parse-kv host as (x:long, y:string) with (pair_delimiter=',')",
	      "host:string x:long y:string");
	gives(
	    "Flows | make-series n = count() default = 0 on Timestamp from ago(1d) to now() step 1h by host",
	    "host:string n:dynamic Timestamp:dynamic");
	gives("Flows | top-nested 2 of host by sum(bytes), top-nested of port by m = max(bytes) desc",
	      "host:string aggregated_host:long port:int m:long");
	gives("Flows | project bag | evaluate bag_unpack(bag) | project anything = strlen(other)",
	      "anything:long");
	gives("Flows | project host, bag | evaluate bag_unpack(bag) : (host:string, a:long)",
	      "host:string a:long");
	gives("Flows | project bytes | sort by bytes asc | scan declare (s:long = 0) with (step p: true => s "
	      "= p.s + bytes;)",
	      "bytes:long s:long");
	gives("Flows | project bytes | sort by bytes asc | scan with_match_id=id partition by bytes, 1 with "
	      "(step p: true; step q output=last: bytes > p.bytes;)",
	      "bytes:long id:long");
	refused("Flows | sort by bytes | scan with (step p: q.bytes > 1; step q: true;)", IC_DIAG_NAME,
		"'q'");
	gives("Flows | project host, bytes | partition by host (top 2 by bytes | extend more = 1.5)",
	      "host:string bytes:long more:real");
	gives("Flows | project bytes | where around(bytes, 10, 2)", "bytes:long");
	gives("Flows | project-by-names 'port', dynamic(['s*', 'none', 'port'])", "port:int score:real");
	gives("Flows | project-by-names column_names_of(Alerts)", "bytes:long");
	refused("Flows | project-by-names 5", IC_DIAG_TYPE, "arrays of texts");
	gives("datatable(a:long, b:real, c:string)[1, 2, 'x', 3, 4.5, 'y']", "a:long b:real c:string");
	gives("range t from datetime(2024-01-01) to datetime(2024-01-02) step 1h", "t:datetime");
	gives("externaldata(a:string, b:long)['file.csv']", "a:string b:long");
	gives("_GetWatchlist('x') | project Anything", "Anything:dynamic");
	refused("datatable(a:long)['x']", IC_DIAG_TYPE, "the column is long");
	refused("datatable(a:long, a:long)[1, 2]", IC_DIAG_NAME, "two columns");
	refused("Flows | scan declare (s:long = 0) with (step p: true => s = 1;)", IC_DIAG_TYPE, "order");
}

/* Those of evaluate that do not look at rows first. */
static void test_plugins(void **state)
{
	(void)state;
	gives("Flows | project host, bytes, Timestamp | evaluate rows_near(bytes > 5, 2)",
	      "host:string bytes:long Timestamp:datetime");
	gives(
	    "Flows | evaluate sliding_window_counts(host, Timestamp, ago(7d), now(), 3d, 1d, port, ['flag'])",
	    "Timestamp:datetime port:int flag:bool Count:long dcount:long");
	gives("Flows | evaluate activity_counts_metrics(host, Timestamp, ago(7d), now(), 1d)",
	      "Timestamp:datetime count:long dcount:long new_dcount:long aggregated_dcount:long");
	gives("Flows | evaluate activity_metrics(host, Timestamp, ago(7d), now(), 1d, port)",
	      "Timestamp:datetime port:int dcount_values:long dcount_newvalues:long retention_rate:real "
	      "churn_rate:real");
	gives("Flows | evaluate active_users_count(host, Timestamp, ago(7d), now(), 8d, 1d, 3, 7d)",
	      "Timestamp:datetime dcount:long");
	gives("Flows | summarize a = hll(host), b = hll(port, 2) | evaluate dcount_intersect(a, b)",
	      "s0:long s1:long");
	gives("datatable(x:real, y:real)[1, 1] | evaluate geo_polygon_lookup(datatable(n:string, "
	      "p:dynamic)['a', "
	      "dynamic(null)], p, x, y)",
	      "x:real y:real n:string");
	gives(
	    "datatable(x:real, y:real)[1, 1] | evaluate geo_line_lookup(datatable(n:string, p:dynamic)['a', "
	    "dynamic(null)], p, x, y, 50, return_lookup_key = true)",
	    "x:real y:real n:string p:dynamic");
	refused("Flows | evaluate sliding_window_counts(host, Timestamp, ago(7d))", IC_DIAG_TYPE,
		"is used as");
	refused("Flows | evaluate rows_near(host, 1)", IC_DIAG_TYPE, "");
	refused("Flows | evaluate rows_near(port > 1, 1, 2, 3)", IC_DIAG_TYPE, "is used as");
	refused("Flows | evaluate autocluster()", IC_DIAG_UNSUPPORTED, "autocluster");
	/* what goes wrong inside stands where the plugin was called */
	ic_plan plan;
	ic_diag diag;
	assert_int_equal(
	    compile("Flows\n| evaluate sliding_window_counts(host, port, 1, 9, 3, 1)", &plan, &diag),
	    IC_E_USAGE);
	assert_int_equal(diag.at.line, 2);
	assert_int_equal(diag.at.column, 12);
	ic_plan_clear(&plan);
}

/* ---- notes */

static void test_notes(void **state)
{
	(void)state;
	warns("Flows | take 1", 0, "");
	warns("let unused = 5; Flows | take 1", 1, "'unused' is never used");
	warns("Flows | project strcat(host, tail = ';')", 1, "the name 'tail' says nothing");
	warns("cluster('c').database('d').Flows | take 1", 1, "'Flows' is looked for");
	warns("cluster('c').database('d').table('Flows') | take 1", 1, "'Flows' is looked for");
	warns("table('Flows') | take 1", 0, "");
	warns("Flows | summarize n = count(), m = max(bytes) by host | project host, n", 1,
	      "'m' is computed");
	warns("Flows | extend x = bytes * 2 | summarize sum(x)", 0, "");
	warns("Flows | extend x = bytes * 2 | summarize sum(bytes)", 1, "'x' is computed");
	warns("Flows | where bytes between (1 .. 900) | extend l = iff(bytes between (895 .. 905), 1, 0)", 1,
	      "only 895 to 900");
	warns("Flows | where bytes between (1 .. 900) | extend bytes = bytes * 10 | where bytes between (895 "
	      ".. 905)",
	      0, "");
	warns("Flows | where bytes between (1 .. 900) | where bytes between (1000 .. 2000)", 1,
	      "is never between");
	warns(
	    "Flows | summarize n = count(), d = max(bytes) - min(bytes) | extend a = d / (n - 1) | project a",
	    1, "not a beat");
}

/* ---- hostile queries end */

static char *repeated(const char *head, const char *format, int n, const char *tail)
{
	size_t room = strlen(head) + strlen(tail) + (size_t)n * (strlen(format) + 40) + 1, at = 0;
	char *text = test_malloc(room);
	at += (size_t)snprintf(text, room, "%s", head);
	for (int i = 1; i <= n; i++) {
		/* the format is one of this file's: up to three numbers */
		char piece[200];
		const char *p = format;
		size_t k = 0;
		for (; *p && k + 12 < sizeof piece; p++) {
			if (*p == '#')
				k += (size_t)snprintf(piece + k, sizeof piece - k, "%d", i);
			else if (*p == '@')
				k += (size_t)snprintf(piece + k, sizeof piece - k, "%d", i - 1);
			else
				piece[k++] = *p;
		}
		piece[k] = '\0';
		at += (size_t)snprintf(text + at, room - at, "%s", piece);
	}
	snprintf(text + at, room - at, "%s", tail);
	return text;
}

static void limited(char *text)
{
	refused(text, IC_DIAG_LIMIT, "");
	test_free(text);
}

static void test_limits(void **state)
{
	(void)state;
	limited(repeated("let t0 = Flows;", "let t# = union t@, t@;", 40, "t40"));
	limited(repeated("let f0 = (x:long) { x + x };", "let f# = (x:long) { f@(x) + f@(x) };", 40,
			 "print f40(1)"));
	limited(repeated("let a0 = 1;", "let a# = a@ + 1;", 1900, "print a1900"));
	limited(repeated("Flows", "| where bytes > #", 3000, ""));
	limited(repeated("let a0 = 1;", "let a# = 1;", 5000, "print 1"));
	limited(repeated("Flows | sort by bytes | scan with (", "step a#: true;", 65, ")"));
}

/* Every request of memory may fail: then there is no plan and nothing leaks. */
static void starve(const char *text)
{
	ic_status st = IC_E_NOMEM;
	for (uint64_t n = 1; n < 1000 && st != IC_OK; n++) {
		ic_plan plan;
		ic_diag diag;
		ic_alloc_fail_after(n);
		st = compile(text, &plan, &diag);
		ic_alloc_fail_after(0);
		assert_true(st == IC_OK || st == IC_E_NOMEM);
		ic_plan_clear(&plan);
	}
	assert_int_equal(st, IC_OK);
}

static void test_memory(void **state)
{
	(void)state;
	starve(
	    "let f = (x:long) { toscalar(Flows | summarize max(bytes)) + x };"
	    "Flows | where host in ('a', 'b') and ip == '10.0.0.1' | extend x = f(bytes), s = bag.a "
	    "| join kind=leftouter (union withsource=src Flows, Alerts) on host "
	    "| summarize c = count(), arg_max(bytes, *) by bin(Timestamp, 1h), port "
	    "| mv-expand bag | evaluate bag_unpack(bag) | sort by c | extend p = prev(c) | project p, other");
	starve("Flows | evaluate sliding_window_counts(host, Timestamp, ago(7d), now(), 3d, 1d, port) "
	       "| partition by port (take 2) | sort by Count | scan with_match_id=m partition by port, Count "
	       "declare (a: long) with (step x: true => a = x.a + 1; step y output=last: Count > x.Count;) "
	       "| evaluate geo_line_lookup(Flows, bag, a, m, 5) | summarize h = hll(port) "
	       "| evaluate dcount_intersect(h, h)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	      cmocka_unit_test(test_plugins),
		cmocka_unit_test(test_columns),	      cmocka_unit_test(test_types),
		cmocka_unit_test(test_refused_names), cmocka_unit_test(test_lets),
		cmocka_unit_test(test_joins),	      cmocka_unit_test(test_order),
		cmocka_unit_test(test_operators),     cmocka_unit_test(test_notes),
		cmocka_unit_test(test_limits),	      cmocka_unit_test(test_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
