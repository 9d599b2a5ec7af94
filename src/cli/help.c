/* SPDX-License-Identifier: Apache-2.0 */
/* Help texts, from the tables of verbs and options. */
#include <string.h>

#include "cli/verbs.h"

#define COLUMNS	    80
#define HELP_COLUMN 28 /* where the text about an option starts */
#define VERB_COLUMN 14

void cli_wrap(FILE *to, const char *text, unsigned indent, unsigned at)
{
	bool first = true;
	while (*text) {
		if (*text == '\n') {
			fputc('\n', to);
			text++;
			at = 0;
			first = true;
			continue;
		}
		if (*text == ' ') {
			text++;
			continue;
		}
		size_t n = strcspn(text, " \n");
		if (!first && at + 1 + n > COLUMNS) {
			fputc('\n', to);
			at = 0;
			first = true;
		}
		if (first)
			at += (unsigned)fprintf(to, "%*s", at < indent ? (int)(indent - at) : 0, "");
		else
			at += (unsigned)fprintf(to, " ");
		fwrite(text, 1, n, to);
		at += (unsigned)n;
		text += n;
		first = false;
	}
	fputc('\n', to);
}

/* With the values to choose from, unless the text names them. */
static void help_option(FILE *to, const cli_option *o)
{
	int at = o->letter ? fprintf(to, "  -%c, ", o->letter) : fprintf(to, "      ");
	at += fprintf(to, "--%s", o->name);
	if (o->arg)
		at += fprintf(to, " %s", o->arg);
	if (at + 2 > HELP_COLUMN) {
		fputc('\n', to);
		at = 0;
	}
	char words[CLI_WORDS_MAX], text[CLI_WORDS_MAX + 256];
	const char *help = o->help;
	if (cli_option_words(o, words) && !strstr(help, cli_option_word(o, 0))) {
		(void)snprintf(text, sizeof(text), "%s: %s", help, words);
		help = text;
	}
	cli_wrap(to, help, HELP_COLUMN, (unsigned)at);
}

static void help_group(FILE *to, const cli_group *g)
{
	fprintf(to, "\n%s:\n", g->title);
	for (const cli_option *o = g->options; o->name; o++)
		help_option(to, o);
}

static void help_program(FILE *to)
{
	fputs("ictus finds command-and-control beacons in web telemetry (MITRE ATT&CK T1071.001).\n\n"
	      "Usage: ictus VERB [options] [PATH...]\n\n",
	      to);
	for (const cli_verb *const *v = cli_verbs; *v; v++) {
		int at = fprintf(to, "  %s", (*v)->name);
		cli_wrap(to, (*v)->help, VERB_COLUMN, (unsigned)at);
	}
	fputs("\n"
	      "  ictus scan /var/log/zeek          what beats in these logs?\n"
	      "  ictus explain ID /var/log/zeek    why?\n\n"
	      "'ictus VERB --help' shows the options of a verb. No network call is ever made\n"
	      "unasked. Data go to stdout, everything else to stderr.\n",
	      to);
}

void cli_help(FILE *to, const cli_verb *verb)
{
	if (!verb) {
		help_program(to);
		return;
	}
	fprintf(to, "ictus %s: ", verb->name);
	cli_wrap(to, verb->help, 0, (unsigned)strlen(verb->name) + 8);
	fprintf(to, "\nUsage: ictus %s [options] %s\n", verb->name, verb->operands);
	if (verb->about) {
		fputc('\n', to);
		cli_wrap(to, verb->about, 0, 0);
	}
	for (const cli_group *g = verb->groups; g && g->title; g++)
		help_group(to, g);
	help_group(to, &cli_common_group);
}

/* ---- the verb ---------------------------------------------------------------------- */

static bool set_man(cli_args *a, const char *v, const char **why)
{
	(void)v, (void)why;
	return a->manual = true;
}

static const cli_option options[] = {
	{ "man", 0, NULL, "write the manual page ictus(1) as roff", set_man },
	{ 0 },
};
static const cli_group groups[] = { { "What to show", options }, { 0 } };

static int run(cli_args *args)
{
	if (args->path_count > 1)
		return cli_usage("help", "help takes one verb, not '%s' as well", args->paths[1]);
	if (args->manual && args->path_count)
		return cli_usage("help", "--man takes no verb: the page is about all of them");
	if (args->manual) {
		cli_manual(stdout);
		return EXIT_RAN;
	}
	const cli_verb *verb = args->path_count ? cli_verb_find(args->paths[0]) : NULL;
	if (args->path_count && !verb)
		return cli_unknown_verb(args->paths[0]);
	cli_help(stdout, verb);
	return EXIT_RAN;
}

const cli_verb cli_help_verb = {
	.name = "help",
	.operands = "[VERB]",
	.help = "show help about ictus or one verb",
	.groups = groups,
	.run = run,
	.prints = true,
	.word = cli_verb_name,
};
