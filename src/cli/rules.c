/* SPDX-License-Identifier: Apache-2.0 */
/* ictus rules: list, show and check detection content. */
#include <string.h>

#include "cli/verbs.h"

static bool set_folder(cli_args *a, const char *v, const char **why)
{
	*why = "a folder with rules";
	a->rules = v;
	return *v != 0;
}

static const cli_option options[] = {
	{ "rules", 0, "DIR", "the rules of this folder (*.kql, *.aql) instead of those that are built in",
	  set_folder, .reads = CLI_READS_RULES },
	{ 0 },
};

static const cli_group groups[] = {
	{ "Which rules", options },
	{ 0 },
};

/* ---- list -------------------------------------------------------------------------- */

/* Says what is wrong with files of the folder; returns how many there are. */
static size_t say_faults(const ic_rules *rules)
{
	const ic_error *fault;
	size_t n = 0;
	for (; (fault = ic_rules_fault(rules, n)); n++)
		cli_say_error(fault);
	return n;
}

static int list(const ic_rules *rules)
{
	const ic_rule *r;
	for (size_t i = 0; (r = ic_rules_get(rules, i)); i++) {
		char id[256], title[1024];
		ic_text_safe(id, sizeof id, r->id);
		ic_text_safe(title, sizeof title, r->title);
		printf("%-26s %-8s ", id, ic_level_name((int)r->level));
		cli_wrap(stdout, title, 36, 36);
	}
	return say_faults(rules) ? EXIT_PARTLY : EXIT_RAN;
}

/* ---- show -------------------------------------------------------------------------- */

static const ic_rule *find(const ic_rules *rules, const char *id)
{
	const ic_rule *r;
	for (size_t i = 0; (r = ic_rules_get(rules, i)); i++)
		if (strcmp(r->id, id) == 0)
			return r;
	return NULL;
}

static const char *rule_id(const void *ctx, size_t i)
{
	const ic_rule *r = ic_rules_get(ctx, i);
	return r ? r->id : NULL;
}

static int show(const ic_rules *rules, const char *id)
{
	const ic_rule *r = find(rules, id);
	if (!r) {
		const char *near = cli_nearest(id, rule_id, rules);
		return near ? cli_usage("rules", "no rule is called '%s'; did you mean '%s'?", id, near)
			    : cli_usage("rules", "no rule is called '%s'", id);
	}
	fputs(r->text, stdout);
	return EXIT_RAN;
}

/* ---- check ------------------------------------------------------------------------- */

static int check(const ic_rules *rules)
{
	const ic_rule *r;
	const size_t faults = say_faults(rules);
	size_t wrong = faults, i = 0;
	for (; (r = ic_rules_get(rules, i)); i++) {
		ic_query_diag diag;
		ic_error err = { 0 };
		if (ic_rule_check(r, &diag, &err) == IC_OK)
			continue;
		wrong++;
		cli_say_error(&err);
		if (diag.line[0])
			fprintf(stderr, "  %s\n  %s\n", diag.line, diag.caret);
		if (diag.hint[0])
			fprintf(stderr, "  %s\n", diag.hint);
	}
	printf("%zu rule%s, %zu wrong\n", i + faults, IC_S(i + faults), wrong);
	return wrong ? EXIT_USAGE : EXIT_RAN;
}

/* ---- the verb ---------------------------------------------------------------------- */

enum { LIST, SHOW, CHECK, WORDS };
static const char *const words[WORDS] = { [LIST] = "list", [SHOW] = "show", [CHECK] = "check" };

static const char *word(size_t i)
{
	return i < WORDS ? words[i] : NULL;
}

static int run(cli_args *args)
{
	size_t what = LIST;
	if (args->path_count)
		while (what < WORDS && strcmp(words[what], args->paths[0]) != 0)
			what++;
	if (what == WORDS)
		return cli_usage("rules", "rules takes list, show or check, not '%s'", args->paths[0]);
	if (what == SHOW ? args->path_count != 2 : args->path_count > 1)
		return cli_usage("rules", what == SHOW
					      ? "show needs the id of one rule"
					      : "list and check take no words: --rules DIR names a folder");
	ic_rules *rules = NULL;
	ic_error err = { 0 };
	ic_status st = ic_rules_open(args->rules, &rules, &err);
	if (st != IC_OK) {
		cli_say_error(&err);
		return st == IC_E_LIMIT ? EXIT_USAGE : EXIT_UNREADABLE;
	}
	int code = what == SHOW ? show(rules, args->paths[1]) : what == CHECK ? check(rules) : list(rules);
	ic_rules_close(rules);
	return code;
}

const cli_verb cli_rules = {
	.name = "rules",
	.operands = "[list | show ID | check]",
	.help = "list, show or check detection content",
	.about = "Rules are KQL and AQL queries with a head of metadata. `list` names them, `show` prints "
		 "one, ready to be changed and given to `ictus query -f`, `check` parses and binds all of a "
		 "folder. `ictus scan --rules DIR` runs those of a folder and reports their rows beside the "
		 "findings of the detectors.",
	.groups = groups,
	.run = run,
	.prints = true,
	.word = word,
};
