/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the command line by the option tables. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* ---- messages ---------------------------------------------------------------------- */

/* The words are those of the command line, where `*` puts the names of files that others made. */
int cli_usage(const char *verb, const char *fmt, ...)
{
	char text[1024], safe[2 * sizeof text];
	va_list ap;
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	ic_text_safe(safe, sizeof safe, text);
	fprintf(stderr, "ictus: %s", safe);
	if (verb)
		fprintf(stderr, "\nTry 'ictus %s --help'.\n", verb);
	else
		fputs("\nTry 'ictus --help'.\n", stderr);
	return EXIT_USAGE;
}

/* Edit distance (insert, delete, replace, swap of neighbours), for short names; 99 for long ones. */
static unsigned distance(const char *a, const char *b)
{
	enum { MOST = 32 };
	size_t n = strlen(a), m = strlen(b);
	unsigned d[MOST + 1][MOST + 1];
	if (n > MOST || m > MOST)
		return 99;
	for (size_t i = 0; i <= n; i++) {
		for (size_t j = 0; j <= m; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = (unsigned)(i + j);
				continue;
			}
			unsigned best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
			best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[n][m];
}

const char *cli_nearest(const char *word, const char *(*next)(const void *ctx, size_t i), const void *ctx)
{
	const char *best = NULL, *name;
	unsigned least = (unsigned)strlen(word) / 3 + 1;
	for (size_t i = 0; (name = next(ctx, i)); i++) {
		const size_t n = strlen(word);
		const unsigned d = n > 2 && strncmp(word, name, n) == 0 ? 1 : distance(word, name);
		if (d <= least && d < strlen(name)) {
			least = d - (d > 0);
			best = name;
		}
	}
	return best;
}

/* ---- look-up ----------------------------------------------------------------------- */

const char *cli_option_word(const cli_option *o, size_t i)
{
	ic_list_entry e;
	if (o->list)
		return ic_list_get((ic_list)(o->list - 1), i, &e) ? e.name : NULL;
	for (size_t n = 0; o->words && o->words[n]; n++)
		if (n == i)
			return o->words[n];
	return NULL;
}

static const cli_group *group_at(const cli_verb *verb, size_t i)
{
	size_t n = 0;
	for (; verb->groups && verb->groups[n].title; n++)
		if (n == i)
			return &verb->groups[n];
	return i == n ? &cli_common_group : NULL;
}

/* Option number i of a verb, over all its groups and the common one. */
static const cli_option *option_at(const cli_verb *verb, size_t i)
{
	const cli_group *g;
	for (size_t n = 0; (g = group_at(verb, n)); n++)
		for (const cli_option *o = g->options; o->name; o++)
			if (i-- == 0)
				return o;
	return NULL;
}

static const char *name_at(const void *verb, size_t i)
{
	const cli_option *o = option_at(verb, i);
	return o ? o->name : NULL;
}

bool cli_option_words(const cli_option *o, char list[CLI_WORDS_MAX])
{
	size_t n = 0;
	const char *word;
	for (size_t i = 0; (word = cli_option_word(o, i)); i++) {
		int more = snprintf(list + n, CLI_WORDS_MAX - n, "%s%s", i ? ", " : "", word);
		if (more < 0 || n + (size_t)more >= CLI_WORDS_MAX)
			break;
		n += (size_t)more;
	}
	return n > 0;
}

/* ---- parsing ----------------------------------------------------------------------- */

static int bad_value(const cli_args *args, const cli_option *o, const char *value, const char *why)
{
	char list[CLI_WORDS_MAX];
	if (cli_option_words(o, list))
		return cli_usage(args->verb->name, "--%s takes one of: %s; not '%s'", o->name, list, value);
	return cli_usage(args->verb->name, "--%s takes %s, not '%s'", o->name, why, value);
}

static int apply(cli_args *args, const cli_option *o, const char *value)
{
	const char *why = "another value";
	if (value && (o->words || o->list)) {
		const char *word;
		size_t i = 0;
		while ((word = cli_option_word(o, i)) && strcmp(word, value) != 0)
			i++;
		if (!word)
			return bad_value(args, o, value, why);
	}
	if (!o->set(args, value, &why))
		return bad_value(args, o, value ? value : "", why);
	if (o->reads)
		args->readings[args->reading_count++] = (cli_reading){ o->reads, value };
	return 0;
}

/* "--name", "--name=value", "--name value". */
static int parse_long(cli_args *args, const char *word, const char *following, int *used)
{
	size_t n = strcspn(word, "=");
	const char *value = word[n] ? word + n + 1 : NULL;
	const cli_option *o;
	char name[64];
	for (size_t i = 0; (o = option_at(args->verb, i)); i++)
		if (strlen(o->name) == n && memcmp(o->name, word, n) == 0)
			break;
	if (!o) {
		snprintf(name, sizeof(name), "%.*s", n < 60 ? (int)n : 60, word);
		const char *near = cli_nearest(name, name_at, args->verb);
		if (near)
			return cli_usage(args->verb->name, "unknown option '--%s'; did you mean '--%s'?",
					 name, near);
		return cli_usage(args->verb->name, "unknown option '--%s'", name);
	}
	if (!o->arg)
		return value ? cli_usage(args->verb->name, "--%s takes no value", o->name)
			     : apply(args, o, NULL);
	if (!value) {
		if (!following)
			return cli_usage(args->verb->name, "--%s needs a value: %s", o->name, o->arg);
		value = following;
		*used = 1;
	}
	return apply(args, o, value);
}

/* "-q", "-qv", "-f value", "-fvalue". */
static int parse_short(cli_args *args, const char *letters, const char *following, int *used)
{
	for (; *letters; letters++) {
		const cli_option *o;
		for (size_t i = 0; (o = option_at(args->verb, i)); i++)
			if (o->letter == *letters)
				break;
		if (!o) {
			int n = 1; /* all bytes of its character */
			while (((unsigned char)letters[n] & 0xc0) == 0x80)
				n++;
			return cli_usage(args->verb->name, "unknown option '-%.*s'", n, letters);
		}
		int code;
		if (!o->arg) {
			code = apply(args, o, NULL);
		} else {
			const char *value = letters[1] ? letters + 1 : following;
			if (!value)
				return cli_usage(args->verb->name, "-%c needs a value: %s", o->letter,
						 o->arg);
			*used = !letters[1];
			return apply(args, o, value);
		}
		if (code)
			return code;
	}
	return 0;
}

/* As far as can be known before the data say what now is. */
static bool is_later(ic_moment a, ic_moment b)
{
	if (a.ticks == IC_TIME_NONE || b.ticks == IC_TIME_NONE || a.relative != b.relative)
		return false;
	return a.relative ? a.ticks < b.ticks : a.ticks > b.ticks;
}

int cli_parse(cli_args *args, int argc, char **argv)
{
	bool options = true;
	args->paths = calloc((size_t)argc + 1, sizeof(*args->paths));
	args->readings = calloc((size_t)argc + 1, sizeof(*args->readings));
	args->internal = calloc((size_t)argc + 1, sizeof(*args->internal));
	args->tables = calloc((size_t)argc + 1, sizeof(*args->tables));
	args->schemas = calloc((size_t)argc + 1, sizeof(*args->schemas));
	if (!args->paths || !args->readings || !args->internal || !args->tables || !args->schemas) {
		fputs("ictus: out of memory\n", stderr);
		return EXIT_BUG;
	}
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i], *following = i + 1 < argc ? argv[i + 1] : NULL;
		int used = 0, code = 0;
		if (!word[0])
			code = cli_usage(args->verb->name,
					 "an argument is empty: perhaps a variable is not set");
		else if (!options || word[0] != '-' || word[1] == 0)
			args->paths[args->path_count++] = word;
		else if (strcmp(word, "--") == 0)
			options = false;
		else if (word[1] == '-')
			code = parse_long(args, word + 2, following, &used);
		else
			code = parse_short(args, word + 1, following, &used);
		if (code)
			return code;
		i += used;
	}
	if (is_later(args->since, args->until))
		return cli_usage(args->verb->name, "--since is later than --until: no event is between them");
	args->input.paths = args->paths;
	args->input.path_count = args->path_count;
	args->input.internal = args->internal;
	args->input.internal_count = args->internal_count;
	args->input.since = args->since;
	args->input.until = args->until;
	return 0;
}

void cli_args_clear(cli_args *args)
{
	free(args->paths);
	free(args->readings);
	free(args->internal);
	for (size_t i = 0; i < args->query.table_count; i++)
		free((char *)(uintptr_t)args->tables[i].name);
	for (size_t i = 0; i < args->query.schema_count; i++)
		free((char *)(uintptr_t)args->schemas[i].name);
	free(args->tables);
	free(args->schemas);
}
