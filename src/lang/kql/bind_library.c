/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins of evaluate that are queries themselves: text in KQL, bound over the rows that come in.
 *
 * The text sees a column or a value for each argument, by the parameter's name, and nothing else. In it,
 * between quotes, $1 is the name of the column that argument 1 is, or the number that it is; $* the further
 * columns, each behind a comma. */
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "lang/kql/bind.h"
#include "lang/kql/parse.h"

typedef enum parameter_kind {
	COLUMN,	   /* a column of the input */
	ROW_VALUE, /* an expression over the row */
	VALUE,	   /* a constant */
	OPTIONAL,  /* a constant; without it the one before counts */
	COLUMNS,   /* any number of columns; they keep their names */
} parameter_kind;

enum { PARAMETERS_MOST = 9, COLUMNS_MOST = 100 };

/* What is behind a plugin's name. */
typedef struct query {
	bool keeps; /* the columns of the input go on; else only those that the arguments name */
	struct {
		const char *name;
		parameter_kind kind;
	} parameter[PARAMETERS_MOST + 1];
	const char *text;
} query;

static const query rows_near = {
	true,
	{ { "_near", ROW_VALUE }, { "_before", VALUE }, { "_after", OPTIONAL } },
	"rows | serialize _number = row_number()"
	"| scan declare (_last: long = -1000000000000) with (step s: true => _last = iff(_near, _number, "
	"s._last);)"
	"| sort by _number desc"
	"| scan declare (_next: long = 1000000000000) with (step s: true => _next = iff(_near, _number, "
	"s._next);)"
	"| sort by _number asc"
	"| where _number - _last <= _after or _next - _number <= _before"
	"| project-away _near, _number, _last, _next",
};

static const query rolling_percentile = {
	false,
	{ { "_value", COLUMN },
	  { "_percentage", VALUE },
	  { "_index", COLUMN },
	  { "_bin", VALUE },
	  { "_bins", VALUE },
	  { "", COLUMNS } },
	"rows | mv-expand _on = range(0, _bins - 1, 1) to typeof(long)"
	"| summarize _own = countif(_on == 0),"
	" ['rolling_$5_percentile_$1_$2'] = percentile(_value, _percentage)"
	" by ['$3'] = bin(_index, _bin) + _on * _bin$*"
	"| where _own > 0"
	"| project-away _own"
	"| sort by ['$3'] asc",
};

static const query sliding_window_counts = {
	false,
	{ { "_id", COLUMN },
	  { "_time", COLUMN },
	  { "_start", VALUE },
	  { "_end", VALUE },
	  { "_lookback", VALUE },
	  { "_bin", VALUE },
	  { "", COLUMNS } },
	"rows | where _time > _start - _lookback and _time <= _end"
	"| extend _from = bin_at(_time, _bin, _start)"
	"| mv-expand _window = range(_from, _from + _lookback - 1tick, _bin) to typeof(datetime)"
	"| where _window between (_start .. _end)"
	"| summarize Count = count(), dcount = dcount(_id) by ['$2'] = _window$*"
	"| sort by ['$2'] asc",
};

static const query activity_counts_metrics = {
	false,
	{ { "_id", COLUMN },
	  { "_time", COLUMN },
	  { "_start", VALUE },
	  { "_end", VALUE },
	  { "_window", VALUE },
	  { "", COLUMNS } },
	"rows | where _time between (_start .. _end)"
	"| summarize _rows = count() by _id, _bin = bin_at(_time, _window, _start)$*"
	"| extend _key = tostring(pack_array(_id$*))"
	"| sort by _key asc, _bin asc"
	"| extend _new = row_number(1, _key != prev(_key)) == 1"
	"| summarize ['count'] = sum(_rows), dcount = count(), new_dcount = countif(_new) by ['$2'] = "
	"_bin$*"
	"| extend _key = tostring(pack_array(0$*))"
	"| sort by _key asc, ['$2'] asc"
	"| extend aggregated_dcount = row_cumsum(new_dcount, _key != prev(_key))"
	"| project-away _key",
};

static const query activity_metrics = {
	false,
	{ { "_id", COLUMN },
	  { "_time", COLUMN },
	  { "_start", VALUE },
	  { "_end", VALUE },
	  { "_window", VALUE },
	  { "", COLUMNS } },
	"rows | where _time between (_start .. _end)"
	"| summarize by _id, _bin = bin_at(_time, _window, _start)$*"
	"| extend _key = tostring(pack_array(_id$*))"
	"| sort by _key asc, _bin asc"
	"| extend _new = row_number(1, _key != prev(_key)) == 1,"
	" _back = _key == prev(_key) and prev(_bin) == _bin - _window"
	"| summarize dcount_values = count(), dcount_newvalues = countif(_new), _back = countif(_back)"
	" by ['$2'] = _bin$*"
	"| extend _key = tostring(pack_array(0$*))"
	"| sort by _key asc, ['$2'] asc"
	"| extend _before = iff(_key == prev(_key) and prev(['$2']) == ['$2'] - _window, "
	"prev(dcount_values), 0)"
	"| extend retention_rate = 1.0 * _back / _before, churn_rate = 1.0 * (_before - _back) / _before"
	"| project-away _key, _back, _before",
};

static const query active_users_count = {
	false,
	{ { "_id", COLUMN },
	  { "_time", COLUMN },
	  { "_start", VALUE },
	  { "_end", VALUE },
	  { "_lookback", VALUE },
	  { "_period", VALUE },
	  { "_active", VALUE },
	  { "_bin", VALUE },
	  { "", COLUMNS } },
	"rows | where _time > _start - _lookback and _time <= _end"
	"| summarize by _id, _seen = bin_at(_time, _period, _start)$*"
	"| mv-expand _at = range(_seen, _seen + _lookback - 1tick, _period) to typeof(datetime)"
	"| summarize _periods = count(), _now = countif(_at == _seen) by _id, _at$*"
	"| where _now > 0 and _periods >= _active and _at between (_start .. _end)"
	"| summarize dcount = dcount(_id) by ['$2'] = bin_at(_at, _bin, _start)$*"
	"| sort by ['$2'] asc",
};

typedef struct library {
	const query *query;
	const ic_bind_plugin *called;
	ic_str name[PARAMETERS_MOST]; /* of the columns and whole numbers that arguments are */
	ic_str column[COLUMNS_MOST];  /* the further ones */
	uint32_t columns;
	ic_bind_cols cols;
	const ic_bind_name *seen;
} library;

static bool take_column(ic_binder *b, library *l, const ic_bind_scope *s, const ic_kql_expr *e, uint32_t k)
{
	int32_t i = ic_bind_named(b, s, e);
	const ic_schema *in = &s->row->op->out;
	if (i < 0)
		return false;
	ic_str own = in->column[i].name;
	bool further = l->query->parameter[k].kind == COLUMNS;
	if (further && l->columns >= COLUMNS_MOST)
		return ic_bind_plugin_usage(b, l->called);
	if (further)
		l->column[l->columns++] = own;
	else
		l->name[k] = own;
	return ic_bind_cols_add(b, &l->cols, further ? own : ic_str_of(l->query->parameter[k].name),
				ic_bind_column_at(b, e->at, in, (uint32_t)i));
}

static bool take_value(ic_binder *b, library *l, const ic_bind_name *names, const ic_kql_expr *e, uint32_t k)
{
	ic_bind_scope s = { .names = names };
	const char *text = l->query->parameter[k].name;
	ic_kql_name name = { ic_str_of(text), e->at, e->length };
	ic_value v;
	if (!ic_bind_value(b, ic_bind_expr(b, &s, e), IC_QTYPES, text, &v))
		return false;
	ic_bind_name *n = ic_bind_push(b, l->seen, name, IC_BIND_VALUE);
	if (!n || !(n->value = ic_bind_const(b, e->at, v)))
		return false;
	*n->used = true;
	l->seen = n;
	if (v.null || (v.type != IC_Q_LONG && v.type != IC_Q_INT))
		return true;
	char number[24];
	int length = snprintf(number, sizeof number, "%" PRId64, v.i);
	l->name[k] = (ic_str){ ic_arena_dup(&b->plan->arena, number, (size_t)length), (uint32_t)length };
	return l->name[k].p || ic_bind_nomem(b);
}

static bool take_arguments(ic_binder *b, library *l, const ic_bind_name *names, const ic_rel *r)
{
	ic_bind_scope s = { .names = names, .row = r, .base = r->op };
	const ic_kql_expr *c = l->called->call;
	uint32_t k = 0, given = 0;
	for (; given < c->call.args && l->query->parameter[k].name; given++) {
		const ic_kql_expr *e = c->call.arg[given].expr;
		bool ok = true;
		switch (l->query->parameter[k].kind) {
		case COLUMN:
		case COLUMNS: ok = take_column(b, l, &s, e, k); break;
		case VALUE:
		case OPTIONAL: ok = take_value(b, l, names, e, k); break;
		case ROW_VALUE:
			ok = ic_bind_cols_add(b, &l->cols, ic_str_of(l->query->parameter[k].name),
					      ic_bind_expr(b, &s, e));
			break;
		}
		if (!ok)
			return false;
		k += l->query->parameter[k].kind != COLUMNS;
	}
	if (given < c->call.args)
		return ic_bind_plugin_usage(b, l->called);
	if (l->query->parameter[k].name && l->query->parameter[k].kind == OPTIONAL)
		return given && take_value(b, l, names, c->call.arg[given - 1].expr, k);
	return !l->query->parameter[k].name || l->query->parameter[k].kind == COLUMNS ||
	       ic_bind_plugin_usage(b, l->called);
}

/* A name between the quotes of a name. */
static void put_name(ic_buf *to, ic_str name)
{
	for (uint32_t i = 0; i < name.n; i++) {
		if (name.p[i] == '\'' || name.p[i] == '\\')
			ic_buf_putc(to, '\\');
		ic_buf_putc(to, name.p[i]);
	}
}

static ic_str query_text(ic_binder *b, const library *l)
{
	ic_buf text;
	ic_buf_init(&text, 1 << 20);
	for (const char *p = l->query->text; *p; p++) {
		if (*p != '$') {
			ic_buf_putc(&text, *p);
		} else if (*++p != '*') {
			put_name(&text, l->name[*p - '1']);
		} else {
			for (uint32_t i = 0; i < l->columns; i++) {
				ic_buf_puts(&text, ", ['");
				put_name(&text, l->column[i]);
				ic_buf_puts(&text, "']");
			}
		}
	}
	return ic_bind_written(b, &text);
}

static bool bind_query(ic_binder *b, const ic_bind_plugin *p, ic_rel *r)
{
	const ic_kql_expr *call = p->call;
	library l = { .query = p->plugin->own, .called = p };
	ic_kql_block block;
	if (l.query->keeps && !ic_bind_cols_input(b, &l.cols, call->at, r->op))
		return false;
	if (!take_arguments(b, &l, p->names, r) || !ic_bind_cols_project(b, &l.cols, p->o, false, r))
		return false;
	ic_str text = query_text(b, &l);
	if (!text.p)
		return false;
	b->status = ic_kql_parse_text(&b->plan->arena, text, call->at, &block, b->diag);
	if (b->status != IC_OK)
		return false;
	ic_rel start = *r;
	return ic_bind_pipe(b, l.seen, block.result->pipe.first->next, NULL, &start, r);
}

const ic_bind_evaluated ic_bind_library[] = {
	{ "rows_near", "rows_near(condition, rows [, rows after])", bind_query, &rows_near },
	{ "rolling_percentile", "rolling_percentile(value, percentage, index, bin, bins [, columns...])",
	  bind_query, &rolling_percentile },
	{ "sliding_window_counts",
	  "sliding_window_counts(id, time, start, end, lookback, bin [, columns...])", bind_query,
	  &sliding_window_counts },
	{ "activity_counts_metrics", "activity_counts_metrics(id, time, start, end, window [, columns...])",
	  bind_query, &activity_counts_metrics },
	{ "activity_metrics", "activity_metrics(id, time, start, end, window [, columns...])", bind_query,
	  &activity_metrics },
	{ "active_users_count",
	  "active_users_count(id, time, start, end, lookback, period, active periods, bin [, columns...])",
	  bind_query, &active_users_count },
	{ 0 },
};
