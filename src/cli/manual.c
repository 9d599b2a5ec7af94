/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page ictus(1), from the tables of verbs and options and the lists of the library. */
#include <string.h>

#include "cli/cli.h"

/* Text into roff: backslash, hyphen, and a dot or quote at the start of a line. */
static void roff(FILE *to, const char *text)
{
	for (const char *c = text; *c; c++) {
		bool start = c == text || c[-1] == '\n';
		if (start && (*c == '.' || *c == '\''))
			fputs("\\&", to);
		if (*c == '\\')
			fputs("\\e", to);
		else if (*c == '-')
			fputs("\\-", to);
		else
			fputc(*c, to);
	}
}

static void paragraphs(FILE *to, const char *text)
{
	for (const char *at = text; *at;) {
		const char *end = strstr(at, "\n\n");
		size_t n = end ? (size_t)(end - at) : strlen(at);
		char part[2048];
		snprintf(part, sizeof(part), "%.*s", (int)(n < sizeof(part) ? n : sizeof(part) - 1), at);
		fputs(".PP\n", to);
		roff(to, part);
		fputc('\n', to);
		at += n + (end ? 2 : 0);
	}
}

static void man_option(FILE *to, const cli_option *o)
{
	fputs(".TP\n", to);
	if (o->letter)
		fprintf(to, "\\fB\\-%c\\fR, ", o->letter);
	fputs("\\fB\\-\\-", to);
	roff(to, o->name);
	fputs("\\fR", to);
	if (o->arg)
		fprintf(to, " \\fI%s\\fR", o->arg);
	fputc('\n', to);
	roff(to, o->help);
	fputs(".\n", to);
	const char *word;
	for (size_t i = 0; (word = cli_option_word(o, i)); i++) {
		fputs(i ? ", " : "One of: ", to);
		roff(to, word);
	}
	if (cli_option_word(o, 0))
		fputs(".\n", to);
}

static void man_group(FILE *to, const cli_group *g)
{
	fputs(".PP\n", to);
	roff(to, g->title);
	fputs(":\n", to);
	for (const cli_option *o = g->options; o->name; o++)
		man_option(to, o);
}

static void man_verb(FILE *to, const cli_verb *v)
{
	fprintf(to, ".SS ictus %s [options] ", v->name);
	roff(to, v->operands);
	fputc('\n', to);
	roff(to, v->help);
	fputs(".\n", to);
	if (v->about)
		paragraphs(to, v->about);
	for (const cli_group *g = v->groups; g && g->title; g++)
		man_group(to, g);
}

static void man_list(FILE *to, const char *title, ic_list list)
{
	ic_list_entry e;
	fprintf(to, ".SH %s\n", title);
	for (size_t i = 0; ic_list_get(list, i, &e); i++) {
		fputs(".TP\n.B ", to);
		roff(to, e.name);
		fputc('\n', to);
		roff(to, e.help && e.help[0] ? e.help : "-");
		fputc('\n', to);
	}
}

static const struct {
	const char *code, *meaning;
} exits[] = {
	{ "0", "it ran" },
	{ "1", "it ran and there are findings at or above the level of --fail-on; wins over 4" },
	{ "2", "an option, an operand, a query, or what stands in a file that an option names is wrong; or a "
	       "query met a limit" },
	{ "3", "nothing readable, a folder without logs, a file that an option names cannot be read, or the "
	       "output cannot be written" },
	{ "4", "some rows, files or rules were bad; the results of the others are valid" },
	{ "5", "an internal error, or no memory" },
	{ "128+n", "stopped by signal n" },
};

void cli_manual(FILE *to)
{
	fputs(".TH ICTUS 1 \"\" \"ictus " IC_VERSION "\" \"User Commands\"\n"
	      ".SH NAME\nictus \\- find command\\-and\\-control beacons in web telemetry\n"
	      ".SH SYNOPSIS\n.B ictus\n.I VERB\n[options]\n.RI [ PATH... ]\n"
	      ".SH DESCRIPTION\n",
	      to);
	roff(to,
	     "ictus reads web telemetry, scores every source and destination for automation, adds what the "
	     "context says, and explains what it found (MITRE ATT&CK T1071.001). A PATH is a file, a folder, "
	     "which is walked, or - for stdin; the format is found from the content. Data go to stdout, "
	     "everything else to stderr. No network call is ever made unasked.\n");
	fputs(".SH VERBS\n", to);
	for (const cli_verb *const *v = cli_verbs; *v; v++)
		man_verb(to, *v);
	fputs(".SH COMMON OPTIONS\n", to);
	for (const cli_option *o = cli_common_group.options; o->name; o++)
		man_option(to, o);
	fputs(".SH EXIT STATUS\n", to);
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		fprintf(to, ".TP\n.B %s\n", exits[i].code);
		roff(to, exits[i].meaning);
		fputs(".\n", to);
	}
	man_list(to, "DETECTORS", IC_LIST_DETECTORS);
	man_list(to, "INPUT FORMATS", IC_LIST_INPUT_TYPES);
	man_list(to, "FIELDS", IC_LIST_FIELDS);
	man_list(to, "PROFILES OF SIMULATE", IC_LIST_PROFILES);
	fputs(".SH ENVIRONMENT\n"
	      ".TP\n.B NO_COLOR\nIf set and not empty, no colour unless \\-\\-color always.\n"
	      ".TP\n.B COLUMNS\nThe width of tables when the output is not a terminal.\n"
	      ".TP\n.B TMPDIR\nWhere a query puts what \\-\\-memory leaves no room for; /tmp if not set.\n"
	      ".SH EXAMPLES\n.nf\n"
	      "ictus scan /var/log/zeek\n"
	      "ictus scan \\-\\-ports all \\-\\-since 24h \\-\\-format ndjson eve.json\n"
	      "ictus explain 0123456789abcdef /var/log/zeek\n"
	      "zcat ssl.log.gz | ictus convert \\-\\-format csv \\-\n"
	      ".fi\n",
	      to);
}
