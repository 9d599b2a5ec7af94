/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/functions.h"

const ic_function ic_functions[IC_FN_COUNT] = {
#define IC_FN(id, name, aliases, args, ret, flags, help)                                                     \
	[IC_FN_##id] = { name, aliases, args, ret, flags, help },
#include "plan/functions.def"
#undef IC_FN
};

const ic_function ic_aggregates[IC_AGG_COUNT_OF] = {
#define IC_AGG(id, name, aliases, args, ret, flags, help)                                                    \
	[IC_AGG_##id] = { name, aliases, args, ret, flags, help },
#include "plan/aggregates.def"
#undef IC_AGG
};

/* ---- names --------------------------------------------------------------------------- */

/* The next of the names split by '|'; false at the end. */
static bool next_alias(const char **aliases, ic_str *ret)
{
	const char *p = *aliases;
	if (!p || !*p)
		return false;
	uint32_t n = 0;
	while (p[n] && p[n] != '|')
		n++;
	*ret = (ic_str){ p, n };
	*aliases = p + n + (p[n] == '|');
	return true;
}

static bool same_name(ic_str a, ic_str b, unsigned language)
{
	return language == IC_FN_AQL ? ic_str_ieq(a, b) : ic_str_eq(a, b);
}

static bool is_named(const ic_function *f, ic_str name, unsigned language)
{
	const char *aliases = f->aliases;
	ic_str alias;
	if (!f->name || !(f->flags & language))
		return false;
	if (same_name(ic_str_of(f->name), name, language))
		return true;
	while (next_alias(&aliases, &alias))
		if (same_name(alias, name, language))
			return true;
	return false;
}

static int find(const ic_function *table, int count, ic_str name, unsigned language)
{
	for (int i = 0; i < count; i++)
		if (is_named(&table[i], name, language))
			return i;
	return -1;
}

int ic_function_find(ic_str name, unsigned language)
{
	return find(ic_functions, IC_FN_COUNT, name, language);
}

int ic_aggregate_find(ic_str name, unsigned language)
{
	return find(ic_aggregates, IC_AGG_COUNT_OF, name, language);
}

enum { NAME_MOST = 64 };

/* Insertions, deletions, replacements and swaps of neighbours (restricted Damerau-Levenshtein), any case. */
static unsigned distance(ic_str a, ic_str b)
{
	unsigned row[3][NAME_MOST + 1];
	for (unsigned k = 0; k <= b.n; k++)
		row[0][k] = k;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned *now = row[i % 3], *before = row[(i + 2) % 3], *two = row[(i + 1) % 3];
		now[0] = i;
		for (unsigned k = 1; k <= b.n; k++) {
			bool same = ic_lower(a.p[i - 1]) == ic_lower(b.p[k - 1]);
			unsigned best = before[k - 1] + !same;
			if (before[k] + 1 < best)
				best = before[k] + 1;
			if (now[k - 1] + 1 < best)
				best = now[k - 1] + 1;
			if (i > 1 && k > 1 && ic_lower(a.p[i - 1]) == ic_lower(b.p[k - 2]) &&
			    ic_lower(a.p[i - 2]) == ic_lower(b.p[k - 1]) && two[k - 2] + 1 < best)
				best = two[k - 2] + 1;
			now[k] = best;
		}
	}
	return row[a.n % 3][b.n];
}

typedef struct nearest {
	ic_str name;
	unsigned language;
	unsigned best; /* a name must be nearer than this */
	const char *found;
} nearest;

static void try_table(nearest *w, const ic_function *table, int count)
{
	for (int i = 0; i < count; i++) {
		const ic_function *f = &table[i];
		ic_str known = ic_str_of(f->name);
		if (!f->name || !(f->flags & w->language) || (f->flags & IC_FN_NOT_PLANNED) ||
		    known.n > NAME_MOST)
			continue;
		unsigned d = distance(w->name, known);
		if (d < w->best) {
			w->best = d;
			w->found = f->name;
		}
	}
}

const char *ic_function_near(ic_str name, unsigned language)
{
	if (name.n < 2 || name.n > NAME_MOST)
		return NULL;
	nearest w = { name, language, name.n / 3 + 1 > 3 ? 4 : name.n / 3 + 1, NULL };
	if (w.best < 2)
		w.best = 2;
	try_table(&w, ic_functions, IC_FN_COUNT);
	try_table(&w, ic_aggregates, IC_AGG_COUNT_OF);
	return w.found;
}

/* ---- signatures ---------------------------------------------------------------------- */

/* A signature taken apart: letters that must be there, a group that may follow, letters after it. */
typedef struct signature {
	ic_str before, group, after;
	bool repeats; /* the group any number of times; else its letters one by one */
} signature;

static signature take_apart(const char *args)
{
	signature s = { .before = { args, 0 } };
	while (*args && *args != '[' && *args != '*')
		args++;
	s.before.n = (uint32_t)(args - s.before.p);
	if (*args == '*') { /* the last letter once or more */
		s.group = (ic_str){ args - 1, 1 };
		s.repeats = true;
		args++;
	} else if (*args == '[') {
		s.group.p = ++args;
		while (*args && *args != ']' && *args != '*')
			args++;
		s.group.n = (uint32_t)(args - s.group.p);
		for (; *args == ']' || *args == '*'; args++)
			s.repeats |= *args == '*';
	}
	s.after = ic_str_of(args);
	return s;
}

void ic_function_arity(const ic_function *f, uint32_t *fewest, uint32_t *most)
{
	signature s = take_apart(f->args);
	*fewest = s.before.n + s.after.n;
	*most = s.repeats ? UINT32_MAX : *fewest + s.group.n;
}

static char letter(const ic_function *f, uint32_t i, uint32_t n)
{
	signature s = take_apart(f->args);
	if (i < s.before.n)
		return s.before.p[i];
	if (n != UINT32_MAX && s.after.n && i >= n - s.after.n)
		return s.after.p[i - (n - s.after.n)];
	i -= s.before.n;
	if (s.repeats)
		return s.group.p[i % s.group.n];
	if (i < s.group.n)
		return s.group.p[i];
	i -= s.group.n;
	return (char)(i < s.after.n ? s.after.p[i] : 0);
}

char ic_function_arg(const ic_function *f, uint32_t i)
{
	return letter(f, i, UINT32_MAX);
}

char ic_function_arg_of(const ic_function *f, uint32_t i, uint32_t n)
{
	return (char)(i < n ? letter(f, i, n) : 0);
}

/* ---- types --------------------------------------------------------------------------- */

ic_qtype ic_qtype_common(ic_qtype a, ic_qtype b)
{
	if (a == b || b == IC_Q_NULL)
		return a;
	if (a == IC_Q_NULL)
		return b;
	if (ic_qtype_is_text(a) && ic_qtype_is_text(b))
		return IC_Q_STRING;
	if (ic_qtype_is_number(a) && ic_qtype_is_number(b))
		return a > b ? a : b; /* int, long, real, decimal in that order */
	return IC_QTYPES;
}

/* Whether an argument of this type fits the letter. */
static bool fits(char letter_, ic_qtype t)
{
	if (t == IC_Q_NULL)
		return true;
	switch (letter_) {
	case 'b':
	case 'B':
	case 'u': return t == IC_Q_BOOL;
	case 'i':
	case 'I': return t == IC_Q_INT || t == IC_Q_LONG;
	case 'n':
	case 'N':
	case 'r':
	case 'R': return ic_qtype_is_number(t);
	case 's':
	case 'S':
	case 'T': return ic_qtype_is_text(t);
	case 't': return t == IC_Q_DATETIME;
	case 'p':
	case 'P': return t == IC_Q_TIMESPAN;
	case 'd':
	case 'D': return t == IC_Q_DYNAMIC;
	case 'o':
	case 'O': return t != IC_Q_DYNAMIC;
	case 'g':
	case 'G': return t == IC_Q_GUID;
	default: /* a, x, c, y */ return true;
	}
}

static bool whole(ic_qtype t)
{
	return t == IC_Q_INT || t == IC_Q_LONG;
}

/* A number of at least long's width. */
static ic_qtype widened(ic_qtype a, ic_qtype b)
{
	ic_qtype t = ic_qtype_common(a, b);
	return t == IC_Q_INT || t == IC_Q_NULL ? IC_Q_LONG : t;
}

static bool number_or_null(ic_qtype t)
{
	return ic_qtype_is_number(t) || t == IC_Q_NULL;
}

static ic_qtype type_of_add(ic_qtype a, ic_qtype b)
{
	if (number_or_null(a) && number_or_null(b))
		return widened(a, b);
	if (a == IC_Q_DATETIME && (b == IC_Q_TIMESPAN || b == IC_Q_NULL))
		return a;
	if ((a == IC_Q_TIMESPAN || a == IC_Q_NULL) && b == IC_Q_DATETIME)
		return b;
	return ic_qtype_common(a, b) == IC_Q_TIMESPAN ? IC_Q_TIMESPAN : IC_QTYPES;
}

static ic_qtype type_of_sub(ic_qtype a, ic_qtype b)
{
	if (a == IC_Q_DATETIME && b == IC_Q_DATETIME)
		return IC_Q_TIMESPAN;
	if (b == IC_Q_DATETIME)
		return a == IC_Q_NULL ? IC_Q_TIMESPAN : IC_QTYPES;
	return type_of_add(a, b);
}

static ic_qtype type_of_mul(ic_qtype a, ic_qtype b)
{
	if (number_or_null(a) && number_or_null(b))
		return widened(a, b);
	return (a == IC_Q_TIMESPAN && number_or_null(b)) || (number_or_null(a) && b == IC_Q_TIMESPAN)
		   ? IC_Q_TIMESPAN
		   : IC_QTYPES;
}

static ic_qtype type_of_div(ic_qtype a, ic_qtype b)
{
	if (number_or_null(a) && number_or_null(b))
		return widened(a, b);
	if (a == IC_Q_TIMESPAN)
		return b == IC_Q_TIMESPAN ? IC_Q_REAL : number_or_null(b) ? IC_Q_TIMESPAN : IC_QTYPES;
	return a == IC_Q_NULL && b == IC_Q_TIMESPAN ? IC_Q_REAL : IC_QTYPES;
}

static ic_qtype type_of_mod(ic_qtype a, ic_qtype b)
{
	if (number_or_null(a) && number_or_null(b))
		return widened(a, b);
	return (a == IC_Q_TIMESPAN || a == IC_Q_DATETIME) && b == IC_Q_TIMESPAN ? IC_Q_TIMESPAN : IC_QTYPES;
}

/* A time in steps of a span, or numbers. */
static ic_qtype type_of_bin(const ic_qtype *arg, uint32_t n)
{
	bool at_time = arg[0] == IC_Q_DATETIME || arg[0] == IC_Q_TIMESPAN;
	if (at_time && (arg[1] == IC_Q_TIMESPAN || arg[1] == IC_Q_NULL))
		return n < 3 || ic_qtype_common(arg[0], arg[2]) == arg[0] ? arg[0] : IC_QTYPES;
	ic_qtype t = arg[0];
	for (uint32_t i = 0; i < n; i++) {
		if (!number_or_null(arg[i]))
			return IC_QTYPES;
		t = widened(t, arg[i]);
	}
	return t;
}

/* int becomes long. */
static ic_qtype type_of_number(ic_qtype t)
{
	return number_or_null(t) ? widened(t, t) : IC_QTYPES;
}

/* The type that all arguments share. Numbers of different width do: int and long, and with `mixed` all. */
static ic_qtype shared(const ic_qtype *arg, uint32_t n, bool mixed)
{
	ic_qtype t = IC_Q_NULL;
	for (uint32_t i = 0; i < n; i++) {
		ic_qtype both = ic_qtype_common(t, arg[i]);
		if (!mixed && both != t && ic_qtype_is_number(t) && !(whole(t) && whole(arg[i])))
			return IC_QTYPES;
		if (!mixed && both == t && ic_qtype_is_number(t) && arg[i] != t && arg[i] != IC_Q_NULL &&
		    !(whole(t) && whole(arg[i])))
			return IC_QTYPES;
		t = both;
		if (t == IC_QTYPES)
			return t;
	}
	return t;
}

/* The result of the functions whose signature says '?'. */
static ic_qtype special_type(ic_fn_id id, const ic_qtype *arg, uint32_t n)
{
	ic_qtype a = n ? arg[0] : IC_Q_NULL, b = n > 1 ? arg[1] : IC_Q_NULL;
	switch (id) {
	case IC_FN_ADD:
	case IC_FN_SQL_ADD: return type_of_add(a, b);
	case IC_FN_SUB:
	case IC_FN_SQL_SUB: return type_of_sub(a, b);
	case IC_FN_MUL:
	case IC_FN_SQL_MUL: return type_of_mul(a, b);
	case IC_FN_DIV:
	case IC_FN_SQL_DIV: return type_of_div(a, b);
	case IC_FN_MOD:
	case IC_FN_SQL_MOD: return type_of_mod(a, b);
	case IC_FN_BIN:
	case IC_FN_BIN_AT: return type_of_bin(arg, n);
	case IC_FN_NEG:
	case IC_FN_ABS: return a == IC_Q_TIMESPAN ? a : type_of_number(a);
	case IC_FN_ROUND:
	case IC_FN_CEILING: return type_of_number(a);
	case IC_FN_EXTRACT: return n > 3 ? arg[3] : IC_Q_STRING;
	case IC_FN_EXTRACT_JSON: return n > 2 ? arg[2] : IC_Q_STRING;
	case IC_FN_PERCENTILE_TDIGEST: return n > 2 ? arg[2] : IC_Q_REAL;
	default: return shared(arg, n, true);
	}
}

static ic_qtype plain_type(char ret)
{
	switch (ret) {
	case 'b': return IC_Q_BOOL;
	case 'i': return IC_Q_LONG;
	case 'I': return IC_Q_INT;
	case 'r': return IC_Q_REAL;
	case 's': return IC_Q_STRING;
	case 't': return IC_Q_DATETIME;
	case 'p': return IC_Q_TIMESPAN;
	case 'd': return IC_Q_DYNAMIC;
	case 'g': return IC_Q_GUID;
	case 'm': return IC_Q_DECIMAL;
	default: return IC_QTYPES;
	}
}

static bool arguments_fit(const ic_function *f, const ic_qtype *arg, uint32_t n)
{
	uint32_t fewest, most;
	ic_function_arity(f, &fewest, &most);
	signature s = take_apart(f->args);
	if (n < fewest || n > most || (s.repeats && (n - fewest) % s.group.n != 0))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!fits(letter(f, i, n), arg[i]))
			return false;
	return true;
}

/* The type that the x arguments share. */
static ic_qtype type_of_x(const ic_function *f, const ic_qtype *arg, uint32_t n)
{
	ic_qtype t = IC_Q_NULL;
	for (uint32_t i = 0; i < n; i++)
		if (letter(f, i, n) == 'x') {
			ic_qtype both[2] = { t, arg[i] };
			t = shared(both, 2, false);
			if (t == IC_QTYPES)
				return t;
		}
	return t;
}

static ic_qtype typed(const ic_function *f, const ic_qtype *arg, uint32_t n)
{
	ic_qtype x = type_of_x(f, arg, n);
	if (x == IC_QTYPES)
		return x;
	if (f->ret == 'x')
		return x;
	if (f->ret >= '1' && f->ret <= '3')
		return (uint32_t)(f->ret - '1') < n ? arg[f->ret - '1'] : IC_QTYPES;
	return plain_type(f->ret);
}

ic_qtype ic_function_type(ic_fn_id id, const ic_qtype *arg, uint32_t n)
{
	const ic_function *f = &ic_functions[id];
	if (!arguments_fit(f, arg, n))
		return IC_QTYPES;
	return f->ret == '?' ? special_type(id, arg, n) : typed(f, arg, n);
}

ic_qtype ic_aggregate_type(ic_agg_id id, const ic_qtype *arg, uint32_t n)
{
	const ic_function *f = &ic_aggregates[id];
	if (!arguments_fit(f, arg, n))
		return IC_QTYPES;
	if (f->ret != '?')
		return typed(f, arg, n);
	bool mean = id == IC_AGG_AVG || id == IC_AGG_AVGIF;
	bool extreme = id == IC_AGG_AQL_MIN || id == IC_AGG_AQL_MAX;
	ic_qtype t = n ? arg[0] : IC_Q_NULL;
	if (extreme)
		return ic_qtype_is_number(t) ? IC_Q_REAL : t;
	/* sums and means: of numbers, spans and, for the mean, times */
	switch (t) {
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_NULL: return mean ? IC_Q_REAL : IC_Q_LONG;
	case IC_Q_REAL:
	case IC_Q_DYNAMIC: return IC_Q_REAL;
	case IC_Q_DECIMAL:
	case IC_Q_TIMESPAN: return t;
	case IC_Q_DATETIME: return mean ? t : IC_QTYPES;
	default: return IC_QTYPES;
	}
}

ic_fn_id ic_conversion_to(ic_qtype t)
{
	switch (t) {
	case IC_Q_BOOL: return IC_FN_TO_BOOL;
	case IC_Q_INT: return IC_FN_TO_INT;
	case IC_Q_LONG: return IC_FN_TO_LONG;
	case IC_Q_REAL: return IC_FN_TO_REAL;
	case IC_Q_DECIMAL: return IC_FN_TO_DECIMAL;
	case IC_Q_DATETIME: return IC_FN_TO_DATETIME;
	case IC_Q_TIMESPAN: return IC_FN_TO_TIMESPAN;
	case IC_Q_GUID: return IC_FN_TO_GUID;
	case IC_Q_DYNAMIC: return IC_FN_TO_DYNAMIC;
	default: return IC_FN_TO_STRING;
	}
}
