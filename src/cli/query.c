/* SPDX-License-Identifier: Apache-2.0 */
/* ictus query: KQL and AQL over local telemetry. */
#include <string.h>

#include "cli/verbs.h"

/* ---- options ----------------------------------------------------------------------- */

static bool set_text(cli_args *a, const char *v, const char **why)
{
	*why = a->query.text ? "one query at a time" : "the text of a query";
	const bool ok = *v && !a->query.text;
	a->query.text = v;
	return ok;
}
static bool set_file(cli_args *a, const char *v, const char **why)
{
	*why = a->query.file ? "one query at a time" : "the name of a file";
	const bool ok = *v && !a->query.file;
	a->query.file = v;
	return ok;
}
static bool set_language(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->query.language = v;
	return true;
}

/* "NAME=PATH", each name once; cli_args_clear frees the names. */
static bool add_binding(ic_query_binding *list, size_t *n, const char *v, const char **why)
{
	const char *equals = strchr(v, '=');
	if (!equals || equals == v || !equals[1])
		return false;
	const size_t length = (size_t)(equals - v);
	for (size_t i = 0; i < *n; i++) {
		if (strlen(list[i].name) == length && memcmp(list[i].name, v, length) == 0) {
			*why = "one file for each NAME";
			return false;
		}
	}
	char *name = strndup(v, length);
	list[*n] = (ic_query_binding){ name, equals + 1 };
	*n += name != NULL;
	return name != NULL;
}
static bool set_table(cli_args *a, const char *v, const char **why)
{
	*why = "NAME=PATH";
	return add_binding(a->tables, &a->query.table_count, v, why);
}
static bool set_schema(cli_args *a, const char *v, const char **why)
{
	*why = "NAME=FILE.json";
	return add_binding(a->schemas, &a->query.schema_count, v, why);
}
static bool set_format(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->format = v;
	return true;
}
static bool set_check(cli_args *a, const char *v, const char **why)
{
	(void)v, (void)why;
	return a->query.check = true;
}
static bool set_explain(cli_args *a, const char *v, const char **why)
{
	(void)v, (void)why;
	return a->query.explain = true;
}
static bool set_extract(cli_args *a, const char *v, const char **why)
{
	(void)v, (void)why;
	return a->query.extract = true;
}
static bool set_max_rows(cli_args *a, const char *v, const char **why)
{
	return cli_set_count(&a->query.max_rows, v, UINT64_MAX, why);
}
static bool set_timezone(cli_args *a, const char *v, const char **why)
{
	*why = "a time zone such as Europe/Vienna";
	a->query.timezone = v;
	return *v != 0;
}
static bool set_arithmetic(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->query.integer_division = strcmp(v, "integer") == 0;
	return true;
}
static bool set_folder(cli_args *a, const char *v, const char **why)
{
	*why = "a folder";
	a->query.folder = v;
	return *v != 0;
}

static const char *const language_words[] = { "kql", "aql", NULL };
static const char *const arithmetic_words[] = { "qradar", "integer", NULL };

static const cli_option options[] = {
	{ "query", 'e', "TEXT", "the query itself", set_text },
	{ "file", 'f', "FILE", "the file with the query, '-' for stdin", set_file, .reads = CLI_READS_FILE },
	{ "lang", 0, "LANGUAGE", "kql or aql (default: by the first word)", set_language, language_words },
	{ "table", 't', "NAME=PATH",
	  "a table of this name from a file: NDJSON, CSV or typed JSON, plain, gzip or zstd; may be repeated",
	  set_table, .many = true, .reads = CLI_READS_NAMED },
	{ "schema", 0, "NAME=FILE",
	  "types of that table: {\"columns\":[{\"name\":...,\"type\":...}]}; without --table an empty table",
	  set_schema, .many = true, .reads = CLI_READS_NAMED },
	{ "format", 0, "FORMAT", "table (default on a terminal), ndjson (default otherwise), json, csv",
	  set_format, NULL, 1 + IC_LIST_QUERY_FORMATS },
	{ "check", 0, NULL, "only say whether the query is right", set_check },
	{ "explain", 0, NULL, "run it and show the plan with the rows in and out of each step", set_explain },
	{ "extract", 0, NULL, "take the query out of the text of a page, and say what was left out",
	  set_extract },
	{ "max-rows", 0, "N", "most rows that mv-expand and join may make (default 100000000)",
	  set_max_rows },
	{ "timezone", 0, "ZONE", "zone of dates in text (default UTC)", set_timezone },
	{ "aql-arith", 0, "RULE", "qradar (default), or integer: whole numbers divide to whole numbers",
	  set_arithmetic, arithmetic_words },
	{ "lists", 0, "FOLDER",
	  "where externaldata and watch lists are looked for, by the last part of their names (default: .)",
	  set_folder },
	{ 0 },
};

static const cli_group groups[] = {
	{ "The query", options },
	{ "What to look at (everything, unless given)", cli_input_options },
	{ "When", cli_time_options },
	{ "How to read", cli_file_options },
	{ 0 },
};

/* ---- help topics ------------------------------------------------------------------- */

static const struct {
	const char *name, *title;
	ic_list list;
} topics[] = {
	{ "functions", "Operators, functions and aggregates of KQL", IC_LIST_KQL },
	{ "functions", "Functions and aggregates of AQL", IC_LIST_AQL },
	{ "kql", "Operators, functions and aggregates of KQL", IC_LIST_KQL },
	{ "aql", "Functions and aggregates of AQL", IC_LIST_AQL },
	{ "tables", "Tables over telemetry", IC_LIST_TABLES },
	{ "fields", "Canonical fields", IC_LIST_FIELDS },
};

/* The lists as a page. */
static bool reference(void)
{
	puts("# Reference of the query languages\n\nMade from the tables of the program: `ictus query --help "
	     "reference`.");
	for (size_t i = 1; i < sizeof(topics) / sizeof(topics[0]); i++) {
		ic_list_entry e;
		if (strcmp(topics[i].name, "functions") == 0)
			continue;
		printf("\n## %s\n\n| name | what it is |\n| --- | --- |\n", topics[i].title);
		for (size_t k = 0; ic_list_get(topics[i].list, k, &e); k++) {
			printf("| `%s` | ", e.name);
			for (const char *p = e.help; *p; p++)
				printf(*p == '|' ? "\\|" : "%c", *p);
			puts(" |");
		}
	}
	return true;
}

static bool topic(const char *name)
{
	enum { INDENT = 30 };
	bool found = false;
	if (strcmp(name, "reference") == 0)
		return reference();
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		ic_list_entry e;
		if (strcmp(topics[i].name, name) != 0)
			continue;
		printf("%s%s:\n", found ? "\n" : "", topics[i].title);
		found = true;
		for (size_t k = 0; ic_list_get(topics[i].list, k, &e); k++) {
			int at = printf("  %s", e.name);
			if (at >= INDENT) {
				putchar('\n');
				at = 0;
			}
			printf("%*s", INDENT - at, "");
			cli_wrap(stdout, e.help, INDENT, INDENT);
			putchar('\n');
		}
	}
	return found;
}

/* ---- running ----------------------------------------------------------------------- */

static void init(cli_args *args)
{
	ic_query_options_init(&args->query);
	args->input = args->query.input;
}

static ic_status call(cli_args *args, const ic_observer *obs, const ic_output *out, ic_summary *sum,
		      ic_error *err)
{
	args->query.input = args->input;
	args->query.tables = args->tables;
	args->query.schemas = args->schemas;
	return ic_query(&args->query, obs, out, sum, &args->query_diag, err);
}

/* Whether stdin would be read for several things, of which the first would leave nothing to the others. */
static bool is_torn(const cli_args *args)
{
	size_t uses = 0;
	for (size_t i = 0; i < args->path_count && uses == 0; i++)
		uses += strcmp(args->paths[i], "-") == 0; /* of several the same is read once */
	uses += args->query.file && strcmp(args->query.file, "-") == 0;
	for (size_t i = 0; i < args->query.table_count; i++)
		uses += strcmp(args->tables[i].path, "-") == 0;
	for (size_t i = 0; i < args->query.schema_count; i++)
		uses += strcmp(args->schemas[i].path, "-") == 0;
	return uses > 1;
}

static int run(cli_args *args)
{
	if (!args->query.text == !args->query.file)
		return cli_usage("query", "query needs one query: -e TEXT or -f FILE");
	if (is_torn(args))
		return cli_usage("query",
				 "stdin ('-') can be one thing only: the query, a PATH, a table or a schema");
	args->query.format = args->format ? args->format : cli_output_is_terminal(args) ? "table" : "ndjson";
	int code = cli_run(args, call);
	const ic_query_diag *d = &args->query_diag;
	if (d->kind && d->line[0])
		fprintf(stderr, "    %s\n    %s\n", d->line, d->caret);
	if (d->kind && d->hint[0])
		fprintf(stderr, "hint: %s\n", d->hint);
	return code;
}

const cli_verb cli_query = {
	.name = "query",
	.operands = "(-e TEXT | -f FILE) [PATH...]",
	.help = "run a KQL or AQL query over telemetry and tables",
	.about =
	    "Reads telemetry in any supported format and offers it under the table and column names of the "
	    "products: DeviceNetworkEvents, CommonSecurityLog and others for KQL, conn, http, ssl and dns "
	    "under Zeek's names, events and flows for AQL. Files of any origin become tables with "
	    "--table.\n\n"
	    "Lists of what the languages know: --help functions, --help kql, --help aql, --help tables, "
	    "--help fields; all of them as a page: --help reference.",
	.groups = groups,
	.init = init,
	.run = run,
	.topic = topic,
};
