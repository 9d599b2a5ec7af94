/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/unicode.h"
#include "engine/table_file.h"
#include "source/walk.h"

enum { RULES_MAX = 10000, RULE_BYTES = 1 << 20 };

struct ic_rules {
	ic_arena arena;
	ic_rule *list;
	size_t n, room;
	ic_error *faults; /* of the files that are no rules */
	size_t faults_n, faults_room;
};

/* ---- heads ----------------------------------------------------------------------------------- */

static const struct {
	const char *key;
	size_t at;
} keys[] = {
	{ "id", offsetof(ic_rule, id) },
	{ "title", offsetof(ic_rule, title) },
	{ "attack", offsetof(ic_rule, attack) },
	{ "description", offsetof(ic_rule, description) },
	{ "falsepositives", offsetof(ic_rule, false_positives) },
	{ "author", offsetof(ic_rule, author) },
	{ "date", offsetof(ic_rule, date) },
};

static int level_of(ic_str name)
{
	for (int l = IC_INFO; l <= IC_CRITICAL; l++)
		if (ic_str_eq(name, ic_str_of(ic_level_name(l))))
			return l;
	return -1;
}

/* "key: value" of a comment line; false: it is none. */
static bool head_line(ic_str line, ic_str *key, ic_str *value)
{
	if (line.n < 2 || (memcmp(line.p, "//", 2) != 0 && memcmp(line.p, "--", 2) != 0))
		return false;
	const char *colon = memchr(line.p, ':', line.n);
	if (!colon)
		return false;
	*key = ic_str_trim((ic_str){ line.p + 2, (uint32_t)(colon - line.p) - 2 });
	*value = ic_str_trim((ic_str){ colon + 1, line.n - (uint32_t)(colon + 1 - line.p) });
	return true;
}

static ic_status read_head(ic_rules *r, ic_rule *rule, ic_error *err)
{
	int level = -1;
	const size_t n = strlen(rule->text);
	const char *p = rule->text + ic_utf8_mark(rule->text, n), *end = rule->text + n;
	for (uint64_t number = 1; p < end; number++) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		ic_str line = { p, (uint32_t)((eol ? eol : end) - p) }, key, value;
		p = eol ? eol + 1 : end;
		if (!head_line(line, &key, &value))
			break;
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
			if (!ic_str_eq(key, ic_str_of(keys[i].key)))
				continue;
			const char *copy = ic_arena_dup(&r->arena, value.p, value.n);
			if (!copy)
				return ic_fail_nomem(err);
			memcpy((char *)rule + keys[i].at, &copy, sizeof copy);
		}
		if (!ic_str_eq(key, IC_STR("level")))
			continue;
		level = level_of(value);
		if (level < 0)
			return ic_fail_at(err, IC_E_FORMAT, rule->file, number, 1,
					  "level is one of info, low, medium, high, critical");
	}
	if (!rule->id[0] || !rule->title[0] || level < 0)
		return ic_fail_at(err, IC_E_FORMAT, rule->file, 1, 1,
				  "the head of a rule needs id, title and level");
	rule->level = (ic_level)level;
	return IC_OK;
}

static ic_status add_rule(ic_rules *r, const char *file, const char *text, size_t n, ic_error *err)
{
	if (r->n == RULES_MAX)
		return ic_fail(err, IC_E_LIMIT, "there are more than %d rules", RULES_MAX);
	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 32;
		ic_rule *more = ic_reallocarray(r->list, room, sizeof *more);
		if (!more)
			return ic_fail_nomem(err);
		r->list = more;
		r->room = room;
	}
	ic_rule *rule = &r->list[r->n];
	*rule = (ic_rule){ .id = "",
			   .title = "",
			   .attack = "",
			   .description = "",
			   .false_positives = "",
			   .author = "",
			   .date = "" };
	rule->file = ic_arena_dup(&r->arena, file, strlen(file));
	rule->text = ic_arena_dup(&r->arena, text, n);
	if (!rule->file || !rule->text)
		return ic_fail_nomem(err);
	ic_status st = read_head(r, rule, err);
	for (size_t i = 0; i < r->n && st == IC_OK; i++)
		if (strcmp(r->list[i].id, rule->id) == 0)
			st = ic_fail_at(err, IC_E_FORMAT, rule->file, 1, 1, "the id %s is that of %s too",
					rule->id, r->list[i].file);
	r->n += st == IC_OK;
	return st;
}

/* ---- folders --------------------------------------------------------------------------------- */

/* A file that is no rule does not stop the others. */
static ic_status add_fault(ic_rules *r, const ic_error *fault, ic_error *err)
{
	if (r->faults_n == RULES_MAX)
		return ic_fail(err, IC_E_LIMIT, "more than %d rules are wrong", RULES_MAX);
	if (r->faults_n == r->faults_room) {
		size_t room = r->faults_room ? r->faults_room * 2 : 4;
		ic_error *more = ic_reallocarray(r->faults, room, sizeof *more);
		if (!more)
			return ic_fail_nomem(err);
		r->faults = more;
		r->faults_room = room;
	}
	r->faults[r->faults_n++] = *fault;
	return IC_OK;
}

static bool is_rule(const char *path)
{
	ic_str name = ic_str_of(path);
	return ic_str_iends(name, IC_STR(".kql")) || ic_str_iends(name, IC_STR(".aql"));
}

static ic_status add_file(ic_rules *r, const char *path, ic_error *err)
{
	char *text = NULL;
	size_t n = 0;
	ic_error fault = { .code = IC_OK };
	ic_status st = ic_table_text_read(path, RULE_BYTES, &text, &n, &fault);
	if (st == IC_OK && memchr(text, 0, n))
		st = ic_fail_at(&fault, IC_E_FORMAT, path, 0, 0, "a rule is text");
	if (st == IC_OK)
		st = add_rule(r, path, text, n, &fault);
	ic_free(text);
	if (st == IC_OK)
		return st;
	if (st == IC_E_FORMAT || st == IC_E_IO || fault.file[0])
		return add_fault(r, &fault, err);
	*err = fault;
	return st;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const ic_found *)a)->path, ((const ic_found *)b)->path);
}

static ic_status add_folder(ic_rules *r, const char *folder, ic_error *err)
{
	ic_walk w = { 0 };
	ic_status st = ic_walk_paths(&w, &folder, 1, err);
	/* what is said of them comes in one order everywhere */
	if (w.n)
		qsort(w.list, w.n, sizeof *w.list, by_path);
	for (size_t i = 0; i < w.n && st == IC_OK; i++) {
		const ic_found *f = &w.list[i];
		ic_error fault;
		if (f->error)
			st = ic_fail_at(&fault, IC_E_IO, f->path, 0, 0, "%s", strerror(f->error));
		if (f->error && f->named)
			*err = fault;
		else if (f->error)
			st = add_fault(r, &fault, err);
		else if (is_rule(f->path))
			st = add_file(r, f->path, err);
	}
	if (st == IC_OK && r->n == 0 && r->faults_n == 0)
		st = ic_fail_at(err, IC_E_NOINPUT, folder, 0, 0, "no rule (*.kql, *.aql) is here");
	ic_walk_clear(&w);
	return st;
}

ic_status ic_rules_open(const char *folder, ic_rules **ret, ic_error *err)
{
	ic_rules *r = ic_calloc(1, sizeof *r);
	if (!r)
		return ic_fail_nomem(err);
	ic_arena_init(&r->arena, 0, NULL);
	ic_status st = IC_OK;
	if (folder)
		st = add_folder(r, folder, err);
	for (const ic_rule_text *t = ic_rules_built_in; !folder && t->name && st == IC_OK; t++)
		st = add_rule(r, t->name, t->text, strlen(t->text), err);
	if (st != IC_OK) {
		ic_rules_close(r);
		return st;
	}
	*ret = r;
	return IC_OK;
}

void ic_rules_close(ic_rules *r)
{
	if (!r)
		return;
	ic_arena_clear(&r->arena);
	ic_free(r->list);
	ic_free(r->faults);
	ic_free(r);
}

const ic_rule *ic_rules_get(const ic_rules *r, size_t i)
{
	return i < r->n ? &r->list[i] : NULL;
}

const ic_error *ic_rules_fault(const ic_rules *r, size_t i)
{
	return i < r->faults_n ? &r->faults[i] : NULL;
}

/* ---- checking -------------------------------------------------------------------------------- */

const char *ic_rule_language(const ic_rule *rule)
{
	return ic_str_iends(ic_str_of(rule->file), IC_STR(".aql")) ? "aql" : "kql";
}

ic_status ic_rule_check(const ic_rule *rule, ic_query_diag *diag, ic_error *err)
{
	ic_query_options q;
	ic_query_options_init(&q);
	q.text = rule->text;
	q.file = rule->file;
	q.language = ic_rule_language(rule);
	q.check = true;
	return ic_query(&q, NULL, NULL, NULL, diag, err);
}
