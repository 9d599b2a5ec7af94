/* SPDX-License-Identifier: Apache-2.0 */
/* One library call: its output, what is said about it, and the exit code. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"

void cli_say_error(const ic_error *err)
{
	fputs(err->file[0] ? err->file : "ictus", stderr);
	if (err->file[0] && err->line)
		fprintf(stderr, ":%llu", (unsigned long long)err->line);
	if (err->file[0] && err->column)
		fprintf(stderr, ":%u", err->column);
	fprintf(stderr, ": %s\n", err->message[0] ? err->message : "failed without a message");
}

static int code_of(ic_status st)
{
	switch (st) {
	case IC_OK:
	case IC_E_CLOSED: return EXIT_RAN;
	case IC_E_USAGE:
	case IC_E_FORMAT:
	case IC_E_LIMIT:
	case IC_E_NOTFOUND: return EXIT_USAGE;
	case IC_E_IO:
	case IC_E_NOINPUT: return EXIT_UNREADABLE;
	case IC_E_NOMEM:
	case IC_E_INTERNAL: return EXIT_BUG;
	}
	return EXIT_BUG;
}

static int code_of_run(const cli_args *args, const ic_summary *sum)
{
	if (args->fail_on >= 0 && sum->worst_level >= args->fail_on)
		return EXIT_FINDINGS;
	return sum->bad || sum->unfit || sum->damaged_files || sum->unknown_named || sum->rules_failed
		   ? EXIT_PARTLY
		   : EXIT_RAN;
}

static int cannot_change_rights(void)
{
	fprintf(stderr, "ictus: cannot act as the user behind sudo: %s\n", strerror(errno));
	return EXIT_UNREADABLE;
}

/* What will be written, with the rights of whoever asked for it. */
static int open_files(cli_output *o, cli_live *live, cli_args *args)
{
	int code = 0;
	if (args->input.live && !cli_rights_lower())
		code = cannot_change_rights();
	if (code == 0)
		code = cli_live_begin(live, args);
	if (code == 0 && (code = cli_output_open(o, args)))
		(void)cli_live_end(live);
	if (code == 0 && args->input.live && !cli_rights_raise()) {
		code = cannot_change_rights();
		(void)cli_output_finish(o, false);
		(void)cli_live_end(live);
	}
	return code;
}

int cli_run(cli_args *args, cli_call call)
{
	cli_output o;
	cli_live live;
	cli_watch w;
	ic_error err = { 0 };
	ic_summary sum = { .worst_level = -1, .first_ticks = IC_TIME_NONE, .last_ticks = IC_TIME_NONE };
	int code = open_files(&o, &live, args);
	if (code)
		return code;
	cli_watch_begin(&w, args, &o);
	ic_status st = call(args, &w.observer, &o.out, &sum, &err);
	/* a reader that goes away ends the run quietly, also where the library sees no more to do then */
	cli_watch_end(&w, &sum, !o.closed && st != IC_E_USAGE);
	code = o.closed ? EXIT_RAN : st == IC_OK ? code_of_run(args, &sum) : code_of(st);
	if (st != IC_OK && !o.closed && !o.failed)
		cli_say_error(&err);
	if (st == IC_E_NOTFOUND && args->scan.explain_id)
		fputs("The options must be those of the scan that printed the id: --ports, --scope, "
		      "--since...\n",
		      stderr);
	if (w.output_is_read)
		code = cli_is_read(args, "output", o.path);
	int written = cli_output_finish(&o, st == IC_OK && !w.output_is_read), kept = cli_live_end(&live);
	return written ? written : kept ? kept : code;
}
