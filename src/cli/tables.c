/* SPDX-License-Identifier: Apache-2.0 */
/* The options that verbs share. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* ---- values ------------------------------------------------------------------------ */

bool cli_set_whole(uint64_t *to, const char *value, uint64_t most, const char **why)
{
	*why = "a whole number";
	if (!*value || strspn(value, "0123456789") != strlen(value))
		return false;
	*why = "a smaller whole number";
	errno = 0;
	unsigned long long v = strtoull(value, NULL, 10);
	if (errno || v > most)
		return false;
	*to = v;
	return true;
}

bool cli_set_count(uint64_t *to, const char *value, uint64_t most, const char **why)
{
	if (!cli_set_whole(to, value, most, why))
		return false;
	*why = "a whole number from 1 on";
	return *to > 0;
}

bool cli_set_number(double *to, const char *value, double least, double most)
{
	char *end;
	if (!*value || strspn(value, "0123456789.") != strlen(value))
		return false;
	double v = strtod(value, &end);
	if (*end || !(v >= least) || v > most)
		return false;
	*to = v;
	return true;
}

/* A span before "now" (24h), or a time. */
static bool set_moment(ic_moment *to, const char *value, const char **why)
{
	*why = "a time such as 2024-05-01T10:00:00Z or a span with its unit such as 24h";
	int64_t ticks;
	bool relative = ic_span_parse(value, &ticks) == IC_OK;
	if (!relative && ic_time_parse(value, &ticks) != IC_OK)
		return false;
	*to = (ic_moment){ .ticks = ticks, .relative = relative };
	return true;
}

/* ---- common to all verbs ----------------------------------------------------------- */

static bool set_output(cli_args *a, const char *v, const char **why)
{
	*why = "the name of a file";
	a->output = strcmp(v, "-") == 0 ? NULL : v;
	return *v != 0;
}
static bool set_color(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->color = v;
	return true;
}
static bool set_quiet(cli_args *a, const char *v, const char **why)
{
	(void)v, (void)why;
	return a->quiet = true;
}
static bool set_verbose(cli_args *a, const char *v, const char **why)
{
	(void)v, (void)why;
	a->verbose++;
	return true;
}
static bool set_help(cli_args *a, const char *v, const char **why)
{
	(void)v, (void)why;
	return a->help = true;
}
static bool set_version(cli_args *a, const char *v, const char **why)
{
	(void)v, (void)why;
	return a->version = true;
}

static const char *const color_words[] = { "auto", "always", "never", NULL };

static const cli_option common_options[] = {
	{ "output", 'o', "FILE", "write to FILE instead of stdout (-); it appears only when it is complete",
	  set_output },
	{ "color", 0, "WHEN", "colour: auto (on a terminal, unless NO_COLOR is set), always, never",
	  set_color, color_words },
	{ "quiet", 'q', NULL, "no report about files and no notes; errors are still said", set_quiet },
	{ "verbose", 'v', NULL, "say more about the run on stderr", set_verbose },
	{ "help", 'h', NULL, "show this help", set_help },
	{ "version", 0, NULL, "show the version", set_version },
	{ 0 },
};
const cli_group cli_common_group = { "Common options", common_options };

/* ---- time -------------------------------------------------------------------------- */

static bool set_since(cli_args *a, const char *v, const char **why)
{
	return set_moment(&a->since, v, why);
}
static bool set_until(cli_args *a, const char *v, const char **why)
{
	return set_moment(&a->until, v, why);
}

static bool set_now(cli_args *a, const char *v, const char **why)
{
	*why = "data, wall, or a time such as 2024-05-01T10:00:00Z";
	a->now_given = strcmp(v, "data") != 0;
	if (!a->now_given)
		a->input.now_ticks = IC_TIME_NONE;
	else if (strcmp(v, "wall") == 0)
		a->input.now_ticks = ic_wall_clock();
	else
		return ic_time_parse(v, &a->input.now_ticks) == IC_OK;
	return true;
}

const cli_option cli_time_options[] = {
	{ "since", 0, "TIME",
	  "leave out events before TIME: RFC 3339, a date, or a span before now such as 24h or 7d",
	  set_since },
	{ "until", 0, "TIME", "leave out events after TIME", set_until },
	{ "now", 0, "WHEN", "what now means: data (the newest event, the default), wall, or a time",
	  set_now },
	{ 0 },
};

/* ---- input ------------------------------------------------------------------------- */

static bool set_input_type(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->input.input_type = v;
	return true;
}
static bool set_map(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->input.map_file = v;
	return true;
}
static bool set_ports(cli_args *a, const char *v, const char **why)
{
	*why = "web, all, or a list such as 80,443,8000-8100";
	a->input.ports = v;
	return *v != 0;
}
static bool set_scope(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->input.scope_all = strcmp(v, "all") == 0;
	return true;
}
static bool set_internal(cli_args *a, const char *v, const char **why)
{
	*why = "a CIDR such as 10.0.0.0/8";
	a->internal[a->internal_count++] = v;
	return *v != 0;
}
bool cli_set_threads(cli_args *a, const char *v, const char **why)
{
	uint64_t n;
	if (!cli_set_whole(&n, v, 256, why) || n == 0) {
		*why = "a whole number from 1 to 256";
		return false;
	}
	a->input.threads = (unsigned)n;
	return true;
}
bool cli_set_memory(cli_args *a, const char *v, const char **why)
{
	*why = "a size such as 512M or 2G, at least 8M";
#ifdef M_MMAP_THRESHOLD
	/* The C library raises this by itself, and large pieces leave holes behind. */
	(void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
#endif
	return ic_size_parse(v, &a->input.memory_bytes) == IC_OK && a->input.memory_bytes >= 8u << 20;
}

static const char *const scope_words[] = { "public", "all", NULL };

const cli_option cli_input_options[] = {
	{ "ports", 0, "LIST",
	  "destination ports: web (80, 443, 8080, 8443 and any connection whose service is http, tls, quic "
	  "or websocket), all, or a list such as 80,443,8000-8100",
	  set_ports },
	{ "scope", 0, "WHICH", "destinations: public (outside of --internal), or all", set_scope,
	  scope_words },
	{ "internal", 0, "CIDR",
	  "addresses that are ours; may be repeated (default: RFC 1918, RFC 4193, 100.64.0.0/10)",
	  set_internal, .many = true },
	{ 0 },
};

const cli_option cli_file_options[] = {
	{ "input-type", 0, "TYPE", "read the input as TYPE instead of finding out what it is", set_input_type,
	  NULL, 1 + IC_LIST_INPUT_TYPES },
	{ "map", 0, "FILE", "field map for CSV and NDJSON of any origin: lines 'theirs = ours'", set_map,
	  .reads = CLI_READS_FILE },
	{ "threads", 0, "N", "threads to use (default: one a processor)", cli_set_threads },
	{ "memory", 0, "SIZE", "keep peak memory under SIZE, such as 512M; says what it had to drop",
	  cli_set_memory },
	{ 0 },
};

/* ---- detection: scan and explain --------------------------------------------------- */

static bool set_lower(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->scan.lower_file = v;
	return true;
}
static bool set_hide(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->scan.hide_file = v;
	return true;
}

static bool set_rules(cli_args *a, const char *v, const char **why)
{
	*why = "a folder, or built-in";
	a->scan.rules = v;
	return *v != 0;
}

const cli_option cli_detect_options[] = {
	{ "rules", 0, "DIR",
	  "run the rules of this folder (*.kql, *.aql) too, or those that come with ictus: built-in",
	  set_rules, .reads = CLI_READS_RULES },
	{ "lower", 0, "FILE", "rules of this site: findings that they match get less priority", set_lower,
	  .reads = CLI_READS_FILE },
	{ "hide", 0, "FILE", "rules of this site: findings that they match are counted, not shown", set_hide,
	  .reads = CLI_READS_FILE },
	{ 0 },
};
