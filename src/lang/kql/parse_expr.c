/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions, by precedence climbing. */
#include "lang/kql/parser.h"
#include "lang/near.h"

/* Kusto's own order: string operators bind tighter than arithmetic. */
enum { OR = 1, AND, EQUALITY, RELATION, SUM, PRODUCT, TEXT };

typedef struct infix {
	const char *sign;
	ic_fn_id fn;
	bool negated;
	uint8_t precedence;
} infix;

static const infix infixes[] = {
	{ "or", IC_FN_OR, false, OR },
	{ "and", IC_FN_AND, false, AND },
	{ "==", IC_FN_EQ, false, EQUALITY },
	{ "!=", IC_FN_NE, false, EQUALITY },
	{ "<>", IC_FN_NE, false, EQUALITY },
	{ "in", IC_FN_IN, false, EQUALITY },
	{ "!in", IC_FN_IN, true, EQUALITY },
	{ "in~", IC_FN_IN_CI, false, EQUALITY },
	{ "!in~", IC_FN_IN_CI, true, EQUALITY },
	{ "has_any", IC_FN_HAS_ANY, false, EQUALITY },
	{ "!has_any", IC_FN_HAS_ANY, true, EQUALITY },
	{ "has_all", IC_FN_HAS_ALL, false, EQUALITY },
	{ "!has_all", IC_FN_HAS_ALL, true, EQUALITY },
	{ "between", IC_FN_BETWEEN, false, EQUALITY },
	{ "!between", IC_FN_BETWEEN, true, EQUALITY },
	{ "<", IC_FN_LT, false, RELATION },
	{ "<=", IC_FN_LE, false, RELATION },
	{ ">", IC_FN_GT, false, RELATION },
	{ ">=", IC_FN_GE, false, RELATION },
	{ "+", IC_FN_ADD, false, SUM },
	{ "-", IC_FN_SUB, false, SUM },
	{ "*", IC_FN_MUL, false, PRODUCT },
	{ "/", IC_FN_DIV, false, PRODUCT },
	{ "%", IC_FN_MOD, false, PRODUCT },
	{ "=~", IC_FN_EQ_CI, false, TEXT },
	{ "!~", IC_FN_NE_CI, false, TEXT },
	{ "has", IC_FN_HAS, false, TEXT },
	{ "!has", IC_FN_HAS, true, TEXT },
	{ "has_cs", IC_FN_HAS_CS, false, TEXT },
	{ "!has_cs", IC_FN_HAS_CS, true, TEXT },
	{ "hasprefix", IC_FN_HASPREFIX, false, TEXT },
	{ "!hasprefix", IC_FN_HASPREFIX, true, TEXT },
	{ "hasprefix_cs", IC_FN_HASPREFIX_CS, false, TEXT },
	{ "!hasprefix_cs", IC_FN_HASPREFIX_CS, true, TEXT },
	{ "hassuffix", IC_FN_HASSUFFIX, false, TEXT },
	{ "!hassuffix", IC_FN_HASSUFFIX, true, TEXT },
	{ "hassuffix_cs", IC_FN_HASSUFFIX_CS, false, TEXT },
	{ "!hassuffix_cs", IC_FN_HASSUFFIX_CS, true, TEXT },
	{ "contains", IC_FN_CONTAINS, false, TEXT },
	{ "!contains", IC_FN_CONTAINS, true, TEXT },
	{ "contains_cs", IC_FN_CONTAINS_CS, false, TEXT },
	{ "!contains_cs", IC_FN_CONTAINS_CS, true, TEXT },
	{ "startswith", IC_FN_STARTSWITH, false, TEXT },
	{ "!startswith", IC_FN_STARTSWITH, true, TEXT },
	{ "startswith_cs", IC_FN_STARTSWITH_CS, false, TEXT },
	{ "!startswith_cs", IC_FN_STARTSWITH_CS, true, TEXT },
	{ "endswith", IC_FN_ENDSWITH, false, TEXT },
	{ "!endswith", IC_FN_ENDSWITH, true, TEXT },
	{ "endswith_cs", IC_FN_ENDSWITH_CS, false, TEXT },
	{ "!endswith_cs", IC_FN_ENDSWITH_CS, true, TEXT },
	{ "matches", IC_FN_MATCHES_REGEX, false, TEXT },
	/* as older queries write them */
	{ "notcontains", IC_FN_CONTAINS, true, TEXT },
	{ "containscs", IC_FN_CONTAINS_CS, false, TEXT },
	{ "notcontainscs", IC_FN_CONTAINS_CS, true, TEXT },
};

static const infix *infix_here(const ic_parser *p)
{
	if (p->tok.kind != IC_TOKEN_NAME && p->tok.kind != IC_TOKEN_SIGN)
		return NULL;
	ic_str text = ic_token_text(p);
	for (size_t i = 0; i < sizeof infixes / sizeof *infixes; i++)
		if (infixes[i].sign[0] == text.p[0] && ic_str_eq(text, ic_str_of(infixes[i].sign)))
			return &infixes[i];
	return NULL;
}

const char *ic_kql_near_infix(ic_str word)
{
	if (word.n < 4)
		return NULL;
	for (size_t i = 0; i < sizeof infixes / sizeof *infixes; i++)
		if (strlen(infixes[i].sign) >= 4 && ic_letters_apart(word, ic_str_of(infixes[i].sign)) <= 2)
			return infixes[i].sign;
	return NULL;
}

ic_kql_expr *ic_kql_expr_new(ic_parser *p, ic_kql_expr_kind kind, ic_place at, uint32_t length)
{
	ic_kql_expr *e = ic_arena_alloc(p->arena, sizeof *e);
	if (!e)
		return ic_parse_nomem(p);
	*e = (ic_kql_expr){ .kind = kind, .at = at, .length = length, .height = 1 };
	if (ic_kql_own(p)->tree < 1)
		ic_kql_own(p)->tree = 1;
	return e;
}

ic_kql_expr *ic_kql_above(ic_parser *p, ic_kql_expr *e, const ic_kql_expr *child)
{
	if (!child)
		return NULL;
	if (child->height >= e->height)
		e->height = (uint16_t)(child->height + 1);
	if (e->height > ic_kql_own(p)->tree)
		ic_kql_own(p)->tree = e->height;
	if (e->height > IC_PARSE_TREE_MAX)
		return ic_parse_fail(p, IC_DIAG_LIMIT, e->at, e->length,
				     "an expression is nested deeper than %d operations", IC_PARSE_TREE_MAX);
	return e;
}

static ic_kql_expr *binary(ic_parser *p, unsigned least);

ic_kql_expr *ic_kql_scalar(ic_parser *p)
{
	return binary(p, OR);
}

ic_kql_expr *ic_kql_sum(ic_parser *p)
{
	return binary(p, SUM);
}

ic_kql_expr *ic_kql_either(ic_parser *p)
{
	if (ic_kql_tabular_here(p, false))
		return ic_kql_pipe_of(p, NULL);
	ic_kql_expr *e = ic_kql_scalar(p);
	if (!e || !ic_is_sign(p, '|'))
		return e;
	if (e->kind != IC_KE_NAME && e->kind != IC_KE_CALL && e->kind != IC_KE_MEMBER &&
	    e->kind != IC_KE_METHOD && e->kind != IC_KE_PIPE)
		return ic_parse_fail(p, IC_DIAG_SYNTAX, p->tok.at, 1,
				     "what stands before `|` is not a table");
	return ic_kql_pipe_of(p, e);
}

bool ic_kql_scalars(ic_parser *p, ic_kql_exprs *ret)
{
	*ret = (ic_kql_exprs){ 0 };
	do {
		if (!IC_PARSE_ROOM(p, ret->expr, ret->n) || !(ret->expr[ret->n] = ic_kql_scalar(p)))
			return false;
		ret->n++;
	} while (ic_take_sign(p, ','));
	return true;
}

/* ---- constants ------------------------------------------------------------------------ */

static bool signed_number(ic_parser *p, ic_value *ret)
{
	bool negative = p->tok.sign == '-';
	ic_token next = ic_peek(p);
	if (next.kind != IC_TOKEN_NUMBER)
		return false;
	ic_next(p);
	*ret = p->tok.value;
	if (negative && ret->type == IC_Q_REAL)
		ret->d = -ret->d;
	else if (negative)
		ret->i = (int64_t)(0 - (uint64_t)ret->i);
	ic_next(p);
	return true;
}

bool ic_kql_constant(ic_parser *p, ic_value *ret)
{
	ic_str text;
	if (p->tok.kind == IC_TOKEN_NUMBER) {
		*ret = p->tok.value;
		ic_next(p);
		return true;
	}
	if (p->tok.kind == IC_TOKEN_TEXT) {
		if (!ic_kql_string_literal(p, &text))
			return false;
		*ret = ic_value_str(text);
		return true;
	}
	if (ic_is_sign(p, '-') || ic_is_sign(p, '+'))
		return signed_number(p, ret);
	bool yes = ic_is_word(p, "true") || ic_is_word(p, "True") || ic_is_word(p, "TRUE");
	if (yes || ic_is_word(p, "false") || ic_is_word(p, "False") || ic_is_word(p, "FALSE")) {
		*ret = ic_value_bool(yes);
		ic_next(p);
		return true;
	}
	return ic_kql_typed_literal_here(p) && ic_kql_typed_literal(p, ret);
}

static ic_kql_expr *literal(ic_parser *p, ic_place at, uint32_t start, ic_value v)
{
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_LITERAL, at, p->last_end - start);
	if (e)
		e->value = v;
	return e;
}

/* ---- primaries ------------------------------------------------------------------------ */

static bool call_arg(ic_parser *p, ic_kql_arg *arg)
{
	*arg = (ic_kql_arg){ 0 };
	ic_token next = ic_peek(p);
	bool ends = next.kind == IC_TOKEN_SIGN && (next.sign == ',' || next.sign == ')');
	if (ic_is_sign(p, '*') && ends) {
		arg->expr = ic_kql_expr_new(p, IC_KE_STAR, p->tok.at, 1);
		ic_next(p);
		return arg->expr != NULL;
	}
	if (p->tok.kind == IC_TOKEN_NAME && next.kind == IC_TOKEN_SIGN && next.sign == '=') {
		if (!ic_kql_name_of(p, "an argument's name", &arg->name))
			return false;
		ic_next(p);
	}
	return (arg->expr = ic_kql_either(p)) != NULL;
}

ic_kql_expr *ic_kql_call(ic_parser *p, ic_kql_name name, ic_kql_expr *object)
{
	ic_kql_expr *e = ic_kql_expr_new(p, object ? IC_KE_METHOD : IC_KE_CALL, name.at, name.length);
	if (!e || !ic_parse_enter(p) || (object && !ic_kql_above(p, e, object)))
		return NULL;
	e->call.name = name;
	e->call.object = object;
	ic_next(p);
	while (!ic_is_sign(p, ')')) {
		if (!IC_PARSE_ROOM(p, e->call.arg, e->call.args) ||
		    !call_arg(p, &e->call.arg[e->call.args]) ||
		    !ic_kql_above(p, e, e->call.arg[e->call.args].expr))
			return NULL;
		e->call.args++;
		if (!ic_take_sign(p, ','))
			break;
		if (ic_is_sign(p, ')'))
			return ic_expected(p, "an argument");
	}
	ic_parse_leave(p);
	return ic_expect_sign(p, ')', "`,` or `)`") ? e : NULL;
}

static ic_kql_expr *bracketed(ic_parser *p)
{
	if (!ic_parse_enter(p))
		return NULL;
	ic_next(p);
	ic_kql_expr *e = ic_kql_either(p);
	if (!e)
		return NULL;
	if (!ic_take_sign(p, ')')) {
		ic_expected(p, "`)`");
		if (ic_is_sign(p, ','))
			ic_diag_hint(p->diag,
				     "brackets hold one value; `in`, `has_any` and `has_all` take lists");
		return NULL;
	}
	ic_parse_leave(p);
	e->bracketed = true;
	return e;
}

static ic_kql_expr *type_argument(ic_parser *p)
{
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_TYPEOF, p->tok.at, p->tok.length);
	return e && ic_kql_typeof(p, &e->type) ? e : NULL;
}

static ic_kql_expr *term(ic_parser *p, ic_kql_name name)
{
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_TERM, name.at, name.length);
	if (!e)
		return NULL;
	ic_next(p);
	if (p->tok.kind != IC_TOKEN_TEXT)
		return ic_expected(p, "the text to search for, in quotes");
	e->term.column = name;
	return ic_kql_string_literal(p, &e->term.text) ? e : NULL;
}

static ic_kql_expr *named(ic_parser *p)
{
	ic_kql_name name;
	bool quoted = p->tok.kind == IC_TOKEN_SIGN;
	if (ic_is_word(p, "null")) {
		ic_parse_fail(p, IC_DIAG_SYNTAX, p->tok.at, p->tok.length, "a bare null has no type");
		ic_diag_hint(p->diag,
			     "write long(null), datetime(null), ... ; a string is empty instead: \"\"");
		return NULL;
	}
	if (ic_is_word(p, "typeof"))
		return type_argument(p);
	if (!ic_kql_name_of(p, "an expression", &name))
		return NULL;
	if (ic_is_sign(p, '(') && !quoted)
		return ic_kql_call(p, name, NULL);
	if (ic_kql_own(p)->in_search && ic_is_sign(p, ':'))
		return term(p, name);
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_NAME, name.at, name.length);
	if (e) {
		e->name = name;
		e->quoted = quoted;
	}
	return e;
}

static ic_kql_expr *primary(ic_parser *p)
{
	ic_value v;
	ic_token start = p->tok;
	if (ic_is_sign(p, '('))
		return bracketed(p);
	if (ic_kql_constant(p, &v))
		return literal(p, start.at, start.pos, v);
	if (p->status != IC_OK)
		return NULL;
	if (ic_is_sign(p, '*')) {
		ic_next(p);
		return ic_kql_expr_new(p, IC_KE_STAR, start.at, 1);
	}
	if (p->tok.kind == IC_TOKEN_NAME || ic_is_sign(p, '[')) {
		ic_kql_expr *e = named(p);
		if (!e && start.kind == IC_TOKEN_SIGN && p->diag->set)
			ic_diag_hint(p->diag, "a list is written dynamic([...])");
		return e;
	}
	return ic_expected(p, "an expression");
}

static ic_kql_expr *member(ic_parser *p, ic_kql_expr *object)
{
	ic_kql_name name;
	ic_next(p);
	if (p->tok.kind == IC_TOKEN_NAME && p->lex.text.p[p->tok.pos] != '!') { /* any word behind a dot */
		name = (ic_kql_name){ ic_token_text(p), p->tok.at, p->tok.length };
		ic_next(p);
	} else if (!ic_kql_name_of(p, "a member's name", &name)) {
		return NULL;
	}
	if (ic_is_sign(p, '('))
		return ic_kql_call(p, name, object);
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_MEMBER, name.at, name.length);
	if (!e)
		return NULL;
	e->member.object = object;
	e->member.name = name;
	return ic_kql_above(p, e, object);
}

static ic_kql_expr *indexed(ic_parser *p, ic_kql_expr *object)
{
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_INDEX, p->tok.at, 1);
	if (!e || !ic_parse_enter(p))
		return NULL;
	ic_next(p);
	e->index.object = object;
	e->index.index = ic_kql_scalar(p);
	if (!ic_kql_above(p, e, object) || !ic_kql_above(p, e, e->index.index) ||
	    !ic_expect_sign(p, ']', "`]`"))
		return NULL;
	ic_parse_leave(p);
	return e;
}

static ic_kql_expr *postfix(ic_parser *p)
{
	ic_kql_expr *e = primary(p);
	while (e) {
		if (ic_is_sign(p, '.'))
			e = member(p, e);
		else if (ic_is_sign(p, '['))
			e = indexed(p, e);
		else
			return e;
	}
	return NULL;
}

static ic_kql_expr *unary(ic_parser *p)
{
	ic_token sign = p->tok;
	bool minus = ic_is_sign(p, '-');
	if (!minus && !ic_is_sign(p, '+'))
		return postfix(p);
	ic_token next = ic_peek(p);
	if (next.kind == IC_TOKEN_NUMBER)
		return postfix(p); /* the sign belongs to the constant */
	ic_next(p);
	ic_kql_expr *operand = postfix(p);
	if (!operand || !minus)
		return operand;
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_NEGATE, sign.at, 1);
	if (!e)
		return NULL;
	e->operand = operand;
	return ic_kql_above(p, e, operand);
}

/* ---- infix ---------------------------------------------------------------------------- */

static ic_kql_expr *between(ic_parser *p, ic_kql_expr *left, const infix *op, ic_token at)
{
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_BETWEEN, at.at, at.length);
	if (!e || !ic_parse_enter(p))
		return NULL;
	if (!ic_is_sign(p, '(')) {
		ic_expected(p, "`(`");
		ic_diag_hint(p->diag, "write %s (low .. high)", op->sign);
		return NULL;
	}
	ic_next(p);
	e->between.negated = op->negated;
	e->between.what = left;
	if (!(e->between.low = ic_kql_scalar(p)))
		return NULL;
	if (!ic_expect_sign(p, IC_SIGN('.', '.'), "`..`")) {
		ic_diag_hint(p->diag, "write %s (low .. high)", op->sign);
		return NULL;
	}
	if (!(e->between.high = ic_kql_scalar(p)) || !ic_expect_sign(p, ')', "`)`"))
		return NULL;
	ic_parse_leave(p);
	return ic_kql_above(p, e, left) && ic_kql_above(p, e, e->between.low)
		   ? ic_kql_above(p, e, e->between.high)
		   : NULL;
}

/* The constants of a list so far become expressions, because one that is none follows. */
static bool unpack_list(ic_parser *p, ic_kql_expr *e, ic_place at)
{
	for (uint32_t i = 0; i < e->in.values; i++) {
		if (!IC_PARSE_ROOM(p, e->in.list.expr, i))
			return false;
		ic_kql_expr *one = ic_kql_expr_new(p, IC_KE_LITERAL, at, 1);
		if (!one)
			return false;
		one->value = e->in.value[i];
		e->in.list.expr[i] = one;
	}
	e->in.list.n = e->in.values;
	e->in.value = NULL;
	e->in.values = 0;
	return true;
}

static bool list_exprs(ic_parser *p, ic_kql_expr *e)
{
	do {
		ic_kql_exprs *list = &e->in.list;
		if (!IC_PARSE_ROOM(p, list->expr, list->n) || !(list->expr[list->n] = ic_kql_either(p)) ||
		    !ic_kql_above(p, e, list->expr[list->n]))
			return false;
		list->n++;
	} while (ic_take_sign(p, ',') && !ic_is_sign(p, ')'));
	return true;
}

/* Constants as long as only such come. */
static bool list_items(ic_parser *p, ic_kql_expr *e)
{
	ic_value *value = NULL;
	uint32_t n = 0;
	while (!ic_is_sign(p, ')')) {
		ic_parser before = *p;
		if (!IC_PARSE_ROOM(p, value, n))
			return false;
		e->in.value = value;
		e->in.values = n;
		bool constant = ic_kql_constant(p, &value[n]);
		if (p->status != IC_OK)
			return false;
		if (!constant || (!ic_is_sign(p, ',') && !ic_is_sign(p, ')'))) {
			*p = before;
			return unpack_list(p, e, p->tok.at) && list_exprs(p, e);
		}
		e->in.values = ++n;
		if (!ic_take_sign(p, ','))
			break;
	}
	return true;
}

static ic_kql_expr *in_list(ic_parser *p, ic_kql_expr *left, const infix *op, ic_token at)
{
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_IN, at.at, at.length);
	if (!e || !ic_parse_enter(p))
		return NULL;
	e->in.fn = op->fn;
	e->in.negated = op->negated;
	e->in.sign = ic_str_of(op->sign);
	e->in.left = left;
	if (!ic_kql_above(p, e, left))
		return NULL;
	if (!ic_is_sign(p, '(')) {
		ic_expected(p, "`(` and a list");
		ic_diag_hint(p->diag, "write %s (a, b), also for a single value", op->sign);
		return NULL;
	}
	ic_next(p);
	if (!list_items(p, e) || !ic_expect_sign(p, ')', "`,` or `)`"))
		return NULL;
	ic_parse_leave(p);
	return e;
}

static ic_kql_expr *binary_node(ic_parser *p, const infix *op, ic_place at, uint32_t length,
				ic_kql_expr *left, ic_kql_expr *right)
{
	ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_BINARY, at, length);
	if (!e)
		return NULL;
	e->binary.fn = op->fn;
	e->binary.negated = op->negated;
	e->binary.sign = ic_str_of(op->sign);
	e->binary.left = left;
	e->binary.right = right;
	return ic_kql_above(p, e, left) ? ic_kql_above(p, e, right) : NULL;
}

typedef struct chain {
	ic_kql_expr *operand;
	ic_token at; /* the operator before it */
} chain;

/* A balanced tree: thousands of conditions with `or` between make no deep one. */
static ic_kql_expr *balanced(ic_parser *p, const infix *op, const chain *c, uint32_t n)
{
	if (n == 1)
		return c->operand;
	uint32_t half = (n + 1) / 2;
	ic_kql_expr *left = balanced(p, op, c, half), *right = balanced(p, op, c + half, n - half);
	if (!left || !right)
		return NULL;
	return binary_node(p, op, c[half].at.at, c[half].at.length, left, right);
}

static ic_kql_expr *logical(ic_parser *p, const infix *op, ic_kql_expr *first)
{
	chain *c = NULL;
	uint32_t n = 0;
	ic_token at = p->tok;
	do {
		if (!IC_PARSE_ROOM(p, c, n))
			return NULL;
		c[n++] = (chain){ first, at };
		if (infix_here(p) != op)
			return balanced(p, op, c, n);
		at = p->tok;
		ic_next(p);
		first = binary(p, op->precedence + 1u);
	} while (first);
	return NULL;
}

static ic_kql_expr *compare(ic_parser *p, const infix *op, ic_kql_expr *left)
{
	ic_token at = p->tok;
	ic_next(p);
	if (op->fn == IC_FN_BETWEEN)
		return between(p, left, op, at);
	if (op->fn == IC_FN_IN || op->fn == IC_FN_IN_CI || op->fn == IC_FN_HAS_ANY || op->fn == IC_FN_HAS_ALL)
		return in_list(p, left, op, at);
	if (op->fn == IC_FN_MATCHES_REGEX && !ic_expect_word(p, "regex")) {
		ic_diag_hint(p->diag, "write `matches regex`");
		return NULL;
	}
	ic_kql_expr *right = binary(p, op->precedence + 1u);
	return right ? binary_node(p, op, at.at, at.length, left, right) : NULL;
}

static ic_kql_expr *binary(ic_parser *p, unsigned least)
{
	ic_kql_expr *left = unary(p);
	while (left) {
		const infix *op = infix_here(p);
		if (!op || op->precedence < least)
			return left;
		left = op->precedence <= AND ? logical(p, op, left) : compare(p, op, left);
	}
	return NULL;
}

/* ---- lists of expressions ------------------------------------------------------------- */

/* (a, b) = ... : takes the names and the sign, or nothing. */
static bool tuple_names(ic_parser *p, ic_kql_item *ret)
{
	ic_parser before = *p;
	ic_kql_name name;
	ic_next(p);
	while (ic_kql_name_here(p)) {
		if (!IC_PARSE_ROOM(p, ret->name, ret->names) || !ic_kql_name_of(p, "a name", &name))
			return false;
		ret->name[ret->names++] = name;
		if (!ic_take_sign(p, ','))
			break;
	}
	if (ret->names && ic_take_sign(p, ')') && ic_take_sign(p, '=')) {
		ret->tuple = true;
		return true;
	}
	*p = before;
	ret->name = NULL;
	ret->names = 0;
	return true;
}

/* Does `name =` or `['name'] =` stand here? */
static bool assignment_here(const ic_parser *p)
{
	ic_lexer l = p->lex;
	if (!ic_kql_name_here(p)) {
		/* a word that is reserved in front of = is meant as a name: let the error say so */
		ic_token next = ic_peek(p);
		return p->tok.kind == IC_TOKEN_NAME && next.kind == IC_TOKEN_SIGN && next.sign == '=';
	}
	if (p->tok.kind == IC_TOKEN_SIGN) {
		ic_kql_lex(&l);
		ic_kql_lex(&l);
	}
	ic_token t = ic_kql_lex(&l);
	return t.kind == IC_TOKEN_SIGN && t.sign == '=';
}

bool ic_kql_item_of(ic_parser *p, ic_kql_item *ret)
{
	*ret = (ic_kql_item){ .type = IC_QTYPES };
	ic_kql_name name;
	if (ic_is_sign(p, '(') && !tuple_names(p, ret))
		return false;
	if (!ret->names && assignment_here(p)) {
		if (!ic_kql_name_of(p, "a name", &name) || !(ret->name = ic_kql_copy_name(p, name)))
			return false;
		ret->names = 1;
		ic_next(p);
	}
	return (ret->expr = ic_kql_scalar(p)) != NULL;
}

bool ic_kql_items_of(ic_parser *p, ic_kql_items *ret)
{
	*ret = (ic_kql_items){ 0 };
	do {
		if (!IC_PARSE_ROOM(p, ret->item, ret->n) || !ic_kql_item_of(p, &ret->item[ret->n]))
			return false;
		ret->n++;
	} while (ic_take_sign(p, ','));
	return true;
}

static bool key_of(ic_parser *p, ic_kql_key *ret)
{
	*ret = (ic_kql_key){ .descending = true };
	if (!(ret->expr = ic_kql_scalar(p)))
		return false;
	if (ic_take_word(p, "asc"))
		ret->descending = false;
	else
		ic_take_word(p, "desc");
	ret->nulls_first = !ret->descending;
	if (ic_take_word(p, "nulls")) {
		ret->nulls_first = ic_is_word(p, "first");
		if (!ret->nulls_first && !ic_is_word(p, "last"))
			return ic_expected(p, "`first` or `last`");
		ic_next(p);
	}
	return true;
}

bool ic_kql_keys_of(ic_parser *p, ic_kql_keys *ret)
{
	*ret = (ic_kql_keys){ 0 };
	do {
		if (!IC_PARSE_ROOM(p, ret->key, ret->n) || !key_of(p, &ret->key[ret->n]))
			return false;
		ret->n++;
	} while (ic_take_sign(p, ','));
	return true;
}

/* ---- tables --------------------------------------------------------------------------- */

static bool wildcard_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '*';
}

static ic_kql_expr *table_name(ic_parser *p, bool wildcards)
{
	if (wildcards && (p->tok.kind == IC_TOKEN_NAME || ic_is_sign(p, '*'))) {
		ic_parser before = *p;
		ic_token start = p->tok;
		ic_str run = ic_kql_lex_run(&p->lex, &p->tok, wildcard_byte);
		if (run.n && memchr(run.p, '*', run.n)) {
			p->tok.length = run.n;
			ic_next(p);
			ic_kql_expr *e = ic_kql_expr_new(p, IC_KE_WILDCARD, start.at, run.n);
			if (e)
				e->name = (ic_kql_name){ run, start.at, run.n };
			return e;
		}
		*p = before;
	}
	if (ic_kql_name_here(p))
		return named(p);
	ic_str found = ic_token_text(p);
	void *none = ic_expected(p, "a table");
	if (p->diag->set && found.n > 3 && memcmp(found.p, "```", 3) == 0)
		ic_diag_hint(p->diag, "--extract takes the query out of the page that is around it");
	return none;
}

ic_kql_expr *ic_kql_table(ic_parser *p, bool wildcards)
{
	ic_kql_expr *e = ic_is_sign(p, '(') ? bracketed(p) : table_name(p, wildcards);
	if (!e)
		return NULL;
	while (e && ic_is_sign(p, '.') && (e->kind == IC_KE_CALL || e->kind == IC_KE_METHOD))
		e = member(p, e);
	if (e && e->kind != IC_KE_NAME && e->kind != IC_KE_CALL && e->kind != IC_KE_MEMBER &&
	    e->kind != IC_KE_METHOD && e->kind != IC_KE_PIPE && e->kind != IC_KE_WILDCARD)
		return ic_parse_fail(p, IC_DIAG_SYNTAX, e->at, e->length,
				     "expected a table, found an expression");
	return e;
}
