/* SPDX-License-Identifier: Apache-2.0 */
/* ictus VERB [options] [PATH...] */
#include <errno.h>
#include <string.h>

#include "cli/verbs.h"

const cli_verb *const cli_verbs[] = {
	&cli_scan,     &cli_query, &cli_explain,    &cli_score,	    &cli_convert, &cli_fingerprint,
	&cli_simulate, &cli_rules, &cli_completion, &cli_help_verb, NULL,
};

const cli_verb *cli_verb_find(const char *name)
{
	for (const cli_verb *const *v = cli_verbs; *v; v++)
		if (strcmp((*v)->name, name) == 0)
			return *v;
	return NULL;
}

const char *cli_verb_name(size_t i)
{
	return cli_verbs[i] ? cli_verbs[i]->name : NULL;
}

static const char *name_at(const void *ctx, size_t i)
{
	(void)ctx;
	return cli_verb_name(i);
}

int cli_unknown_verb(const char *name)
{
	const char *near = cli_nearest(name, name_at, NULL);
	if (near)
		return cli_usage(NULL, "no verb is called '%s'; did you mean '%s'?", name, near);
	return cli_usage(NULL, "no verb is called '%s'", name);
}

static int say_version(void)
{
	puts("ictus " IC_VERSION);
	return EXIT_RAN;
}

static int answer(cli_args *args)
{
	const cli_verb *verb = args->verb;
	if (args->help && args->path_count && verb->topic)
		return verb->topic(args->paths[0])
			   ? EXIT_RAN
			   : cli_usage(verb->name, "no help topic is called '%s'", args->paths[0]);
	if (args->version)
		return say_version();
	if (!args->help)
		return verb->run(args);
	cli_help(stdout, verb);
	return EXIT_RAN;
}

static int run_verb(const cli_verb *verb, int argc, char **argv)
{
	const ic_moment none = { .ticks = IC_TIME_NONE };
	cli_args args = { .verb = verb, .fail_on = -1, .since = none, .until = none };
	if (verb->init)
		verb->init(&args);
	int code = cli_parse(&args, argc, argv);
	bool prints = verb->prints || args.help || args.version;
	if (code == 0)
		code = prints && args.output ? cli_print(&args, answer) : answer(&args);
	cli_args_clear(&args);
	return code;
}

int main(int argc, char **argv)
{
	int code;
	if (!cli_streams_hold())
		return EXIT_UNREADABLE;
	cli_signals();
	if (cli_rights_are_borrowed())
		return cli_usage(
		    NULL, "a set-user-ID ictus would read files that are not yours: to capture, use sudo, "
			  "or give it the capability cap_net_raw");
	if (argc < 2) {
		cli_help(stderr, NULL);
		return EXIT_USAGE;
	}
	const cli_verb *verb = cli_verb_find(argv[1]);
	if (verb) {
		code = run_verb(verb, argc - 2, argv + 2);
	} else if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		cli_help(stdout, NULL);
		code = EXIT_RAN;
	} else if (strcmp(argv[1], "--version") == 0) {
		code = say_version();
	} else {
		code = argv[1][0] == '-' ? cli_usage(NULL, "unknown option '%s' before the verb", argv[1])
					 : cli_unknown_verb(argv[1]);
	}
	/* help, version, completions and the manual page go through stdio */
	if (fflush(stdout) == 0 || errno == EPIPE || code != EXIT_RAN)
		return code;
	return cli_cannot_write(NULL, errno);
}
