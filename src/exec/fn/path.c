/* SPDX-License-Identifier: Apache-2.0 */
/* extractjson(): the value at a path of a JSON text. */
#include "base/num.h"
#include "exec/fn/convert.h"
#include "exec/fn/text.h"

enum { MOST_STEPS = 64 };

/* One step from the front of *path: .name, ['name'] or [number]. false: it is none. */
static bool take_step(ic_str *path, ic_str *name, int64_t *index)
{
	ic_str s = *path;
	uint32_t n = 1;
	*name = (ic_str){ 0 };
	if (s.p[0] == '.') {
		while (n < s.n && s.p[n] != '.' && s.p[n] != '[')
			n++;
		*name = (ic_str){ s.p + 1, n - 1 };
		*path = (ic_str){ s.p + n, s.n - n };
		return n > 1;
	}
	const char *end = s.p[0] == '[' ? memchr(s.p, ']', s.n) : NULL;
	if (!end)
		return false;
	ic_str inside = { s.p + 1, (uint32_t)(end - s.p) - 1 };
	*path = (ic_str){ end + 1, s.n - inside.n - 2 };
	bool quoted = inside.n > 2 && (inside.p[0] == '\'' || inside.p[0] == '"') &&
		      inside.p[inside.n - 1] == inside.p[0];
	if (quoted)
		*name = (ic_str){ inside.p + 1, inside.n - 2 };
	return quoted || (ic_parse_i64(inside, index) && *index >= 0);
}

static ic_value extract_row(ic_call *c, const ic_value *arg)
{
	ic_qtype type = c->expr->type;
	ic_str path = ic_str_trim(arg[0].s);
	bool ok;
	if (arg[0].null || arg[1].null || path.n == 0 || path.p[0] != '$')
		return ic_value_null(type);
	const ic_dyn *d = ic_dyn_parse(c->arena, arg[1].s, &ok);
	if (!d)
		return ok ? ic_call_nomem(c) : ic_value_null(type);
	path = (ic_str){ path.p + 1, path.n - 1 };
	for (unsigned steps = 0; path.n && d; steps++) {
		ic_str name;
		int64_t index = 0;
		if (steps == MOST_STEPS || !take_step(&path, &name, &index))
			return ic_value_null(type);
		d = name.p ? ic_dyn_member_of(d, name) : ic_dyn_item(d, index);
	}
	if (!d || d->kind == IC_DYN_NULL)
		return ic_value_null(type);
	ic_value v = ic_value_dyn(d);
	return type == IC_Q_DYNAMIC ? v : ic_value_convert(c, type, &v);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_EXTRACT_JSON, { .row = extract_row } },
};
IC_KERNELS(path, entries);
