/* SPDX-License-Identifier: Apache-2.0 */
/* A call of any function: its name on the first line (else a number by its first byte), one argument on
 * each line after it, of the type that the line's first letter says. Run as a constant and over columns. */
#include "exec/eval/kernel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_ARGS = 8 };

static ic_str take_line(ic_str *s)
{
	const char *end = s->n ? memchr(s->p, '\n', s->n) : NULL;
	ic_str line = { s->p, end ? (uint32_t)(end - s->p) : s->n };
	*s = end ? (ic_str){ end + 1, s->n - line.n - 1 } : (ic_str){ s->p + s->n, 0 };
	return line;
}

static ic_value value_of(ic_plan *p, ic_str line)
{
	ic_value text = ic_value_str((ic_str){ line.p + 1, line.n - 1 }), v = { 0 };
	bool ok = true;
	switch (*line.p) {
	case 'd': return ic_value_dyn(ic_dyn_parse(&p->arena, text.s, &ok));
	case 'i': v.type = IC_Q_LONG; break;
	case 'r': v.type = IC_Q_REAL; break;
	case 'n':
		return ic_value_null(line.n > 1 ? (ic_qtype)((unsigned char)line.p[1] % IC_Q_NULL)
						: IC_Q_LONG);
	case 't':
		v.type = IC_Q_DATETIME;
		ok = ic_parse_datetime(text.s, &v.i);
		break;
	case 'p':
		v.type = IC_Q_TIMESPAN;
		ok = ic_parse_timespan(text.s, &v.i);
		break;
	case 'a':
		v.type = IC_Q_IP;
		ok = ic_ip_parse(text.s, &v.ip);
		break;
	default: return text;
	}
	if (v.type == IC_Q_LONG || v.type == IC_Q_REAL)
		memcpy(&v.i, text.s.p, text.s.n < sizeof v.i ? text.s.n : sizeof v.i);
	return ok ? v : ic_value_null(v.type);
}

/* The function's own number of arguments or more; false: it cannot be called with these. */
static bool callable(ic_fn_id id, uint32_t n, const ic_qtype *type)
{
	uint32_t fewest, most;
	const ic_function *f = &ic_functions[id];
	ic_function_arity(f, &fewest, &most);
	if (n < fewest || n > most || (f->flags & IC_FN_SERIAL) || !ic_kernel_of(id))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		char letter = ic_function_arg(f, i);
		bool number = ic_qtype_is_number(type[i]), text = ic_qtype_is_text(type[i]);
		if (letter >= 'A' && letter <= 'Z' && letter != 'T')
			letter = (char)(letter | 0x20);
		if ((letter == 'b' && type[i] != IC_Q_BOOL) || (letter == 'u' && type[i] != IC_Q_BOOL) ||
		    (letter == 'i' && type[i] != IC_Q_LONG) ||
		    ((letter == 'n' || letter == 'r') && !number) ||
		    ((letter == 's' || letter == 'T') && !text) ||
		    (letter == 't' && type[i] != IC_Q_DATETIME) ||
		    (letter == 'p' && type[i] != IC_Q_TIMESPAN) ||
		    (letter == 'd' && type[i] != IC_Q_DYNAMIC) || (letter == 'g' && type[i] != IC_Q_GUID) ||
		    letter == 'c' || letter == 'y')
			return false;
	}
	return ic_function_type(id, type, n) < IC_Q_NULL;
}

/* Every byte of a result is there. */
static void look_at(ic_plan *p, const ic_value *v)
{
	ic_str s = ic_value_text(&p->arena, v);
	volatile char last;
	for (uint32_t i = 0; i < s.n; i++)
		last = s.p[i];
	(void)last;
}

static void over_columns(ic_plan *p, ic_fn_id id, const ic_value *arg, const ic_qtype *type, uint32_t n)
{
	enum { ROWS = 70 };
	ic_vector col[MOST_ARGS], ret;
	ic_qcolumn column[MOST_ARGS];
	ic_schema schema = { column, n };
	ic_chunk chunk = { .rows = ROWS, .columns = n, .col = col };
	ic_expr *call = ic_expr_call(p, (ic_place){ 0 }, id, ic_function_type(id, type, n), n);
	if (!call)
		return;
	for (uint32_t i = 0; i < n; i++) {
		ic_vector_out o;
		ic_value null = ic_value_null(type[i]);
		bool constant = ic_function_arg(&ic_functions[id], i) < 'a';
		column[i] = (ic_qcolumn){ { "c", 1 }, type[i] };
		call->call.arg[i] = constant ? ic_expr_const(p, (ic_place){ 0 }, arg[i])
					     : ic_expr_column(p, (ic_place){ 0 }, &schema, i);
		if (!call->call.arg[i] || !ic_vector_make(&o, &p->arena, type[i], ROWS))
			return;
		for (uint32_t r = 0; r < ROWS; r++)
			ic_vector_set(&o, r, r % 9 == 5 ? &null : &arg[i]);
		col[i] = o.v;
	}
	ic_eval *e;
	ic_diag diag = { 0 };
	ic_error err = { 0 };
	if (ic_eval_new(p, &call, 1, &e, &diag) != IC_OK)
		return;
	if (ic_eval_run(e, &chunk, &p->arena, &ret, &err) == IC_OK)
		for (uint32_t r = 0; r < ROWS; r += 5) {
			ic_value v = ic_vector_value(&ret, r);
			look_at(p, &v);
		}
	ic_eval_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ic_str s = { (const char *)data, (uint32_t)size }, line;
	ic_value arg[MOST_ARGS];
	ic_qtype type[MOST_ARGS];
	uint32_t n = 0;
	if (size == 0 || size > 4096)
		return 0;
	line = take_line(&s);
	int id = ic_function_find(line, IC_FN_KQL);
	if (id < 0)
		id = ic_function_find(line, IC_FN_AQL);
	if (id < 0)
		id = data[0] % IC_FN_COUNT;
	ic_plan p;
	ic_plan_init(&p, NULL);
	p.language = ic_functions[id].flags & IC_FN_AQL ? IC_FN_AQL : IC_FN_KQL;
	while (s.n && n < MOST_ARGS) {
		line = take_line(&s);
		if (line.n == 0)
			continue;
		arg[n] = value_of(&p, line);
		type[n] = arg[n].type;
		n++;
	}
	ic_expr *call =
	    callable((ic_fn_id)id, n, type)
		? ic_expr_call(&p, (ic_place){ 0 }, (ic_fn_id)id, ic_function_type((ic_fn_id)id, type, n), n)
		: NULL;
	if (call) {
		ic_value v;
		ic_diag diag = { 0 };
		for (uint32_t i = 0; i < n; i++)
			if (!(call->call.arg[i] = ic_expr_const(&p, (ic_place){ 0 }, arg[i])))
				abort();
		if (ic_eval_fold(&p, call, &v, &diag) == IC_OK)
			look_at(&p, &v);
		over_columns(&p, (ic_fn_id)id, arg, type, n);
	}
	ic_plan_clear(&p);
	return 0;
}
