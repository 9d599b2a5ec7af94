/* SPDX-License-Identifier: Apache-2.0 */
/* Shell completions, from the tables of verbs and options. */
#include <string.h>

#include "cli/verbs.h"

typedef void (*option_fn)(FILE *to, const cli_verb *v, const cli_option *o);

static void each_option(FILE *to, const cli_verb *v, option_fn fn)
{
	for (const cli_group *g = v->groups; g && g->title; g++)
		for (const cli_option *o = g->options; o->name; o++)
			fn(to, v, o);
	for (const cli_option *o = cli_common_group.options; o->name; o++)
		fn(to, v, o);
}

static void put_words(FILE *to, const cli_option *o)
{
	const char *word;
	for (size_t i = 0; (word = cli_option_word(o, i)); i++)
		fprintf(to, "%s%s", i ? " " : "", word);
}

static void put_operands(FILE *to, const char *(*word)(size_t i))
{
	const char *text;
	for (size_t i = 0; (text = word(i)); i++)
		fprintf(to, "%s%s", i ? " " : "", text);
}

/* Text inside single quotes of a shell; `also` are bytes that the tool itself treats specially. */
static void put_quoted(FILE *to, const char *text, const char *also)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", to);
		else if (strchr(also, *text))
			fprintf(to, "\\%c", *text);
		else
			fputc(*text, to);
	}
}

/* ---- bash -------------------------------------------------------------------------- */

static void bash_name(FILE *to, const cli_verb *v, const cli_option *o)
{
	(void)v;
	fprintf(to, " --%s", o->name);
}

static void bash_value(FILE *to, const cli_verb *v, const cli_option *o)
{
	if (!o->arg || !cli_option_word(o, 0))
		return;
	fprintf(to, "\t%s--%s", v->name, o->name);
	if (o->letter)
		fprintf(to, "|%s-%c", v->name, o->letter);
	fputs(") COMPREPLY=($(compgen -W \"", to);
	put_words(to, o);
	fputs("\" -- \"$cur\")); return ;;\n", to);
}

static void bash(FILE *to)
{
	fputs("# bash completion for ictus; made by 'ictus completion bash'\n"
	      "_ictus()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}\n"
	      "\t# bash takes --option=value for three words\n"
	      "\t[ \"$prev\" = = ] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	      "\t[ \"$cur\" = = ] && cur=\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"",
	      to);
	put_operands(to, cli_verb_name);
	fputs(" --help --version\" -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase $verb$prev in\n", to);
	for (const cli_verb *const *v = cli_verbs; *v; v++)
		each_option(to, *v, bash_value);
	fputs("\tesac\n\tcase $cur in -*) case $verb in\n", to);
	for (const cli_verb *const *v = cli_verbs; *v; v++) {
		fprintf(to, "\t%s) COMPREPLY=($(compgen -W \"", (*v)->name);
		each_option(to, *v, bash_name);
		fputs("\" -- \"$cur\")); return ;;\n", to);
	}
	fputs("\tesac ;; esac\n\t[ \"$COMP_CWORD\" -eq 2 ] && case $verb in\n", to);
	for (const cli_verb *const *v = cli_verbs; *v; v++) {
		if (!(*v)->word)
			continue;
		fprintf(to, "\t%s) COMPREPLY=($(compgen -W \"", (*v)->name);
		put_operands(to, (*v)->word);
		fputs("\" -- \"$cur\")); return ;;\n", to);
	}
	/* all else are names of files, which bash knows how to write */
	fputs("\tesac\n}\ncomplete -o default -F _ictus ictus\n", to);
}

/* ---- zsh --------------------------------------------------------------------------- */

static void zsh_option(FILE *to, const cli_verb *v, const cli_option *o)
{
	(void)v;
	fprintf(to, " \\\n\t\t\t'%s--%s%s[", o->many ? "*" : "", o->name, o->arg ? "=" : "");
	put_quoted(to, o->help, "[]:");
	fputc(']', to);
	if (o->arg) {
		fprintf(to, ":%s:", o->arg);
		if (cli_option_word(o, 0)) {
			fputc('(', to);
			put_words(to, o);
			fputc(')', to);
		} else if (strcmp(o->arg, "FILE") == 0) {
			fputs("_files", to);
		} else if (strcmp(o->arg, "DIR") == 0) {
			fputs("_files -/", to);
		}
	}
	fputc('\'', to);
}

static void zsh(FILE *to)
{
	fputs("#compdef ictus\n# made by 'ictus completion zsh'\n_ictus()\n{\n\tlocal -a verbs\n\tverbs=(",
	      to);
	for (const cli_verb *const *v = cli_verbs; *v; v++) {
		fprintf(to, "\n\t\t'%s:", (*v)->name);
		put_quoted(to, (*v)->help, ":");
		fputc('\'', to);
	}
	fputs("\n\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe verb verbs\n\t\treturn\n\tfi\n"
	      "\tlocal verb=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $verb in\n",
	      to);
	for (const cli_verb *const *v = cli_verbs; *v; v++) {
		fprintf(to, "\t%s)\n\t\t_arguments", (*v)->name);
		each_option(to, *v, zsh_option);
		if ((*v)->word) {
			fputs(" \\\n\t\t\t'1:word:(", to);
			put_operands(to, (*v)->word);
			fputs(")'", to);
		}
		fputs(" \\\n\t\t\t'*:path:_files' ;;\n", to);
	}
	fputs("\tesac\n}\n_ictus \"$@\"\n", to);
}

/* ---- fish -------------------------------------------------------------------------- */

static void fish_option(FILE *to, const cli_verb *v, const cli_option *o)
{
	fprintf(to, "complete -c ictus -n '__fish_seen_subcommand_from %s' -l %s", v->name, o->name);
	if (o->letter)
		fprintf(to, " -s %c", o->letter);
	if (o->arg)
		fputs(" -r", to);
	if (cli_option_word(o, 0)) {
		fputs(" -f -a '", to);
		put_words(to, o);
		fputc('\'', to);
	}
	fputs(" -d '", to);
	put_quoted(to, o->help, "");
	fputs("'\n", to);
}

static void fish(FILE *to)
{
	fputs("# fish completion for ictus; made by 'ictus completion fish'\n", to);
	for (const cli_verb *const *v = cli_verbs; *v; v++) {
		fprintf(to, "complete -c ictus -n __fish_use_subcommand -f -a %s -d '", (*v)->name);
		put_quoted(to, (*v)->help, "");
		fputs("'\n", to);
		if ((*v)->word) {
			fprintf(to, "complete -c ictus -n '__fish_seen_subcommand_from %s' -f -a '",
				(*v)->name);
			put_operands(to, (*v)->word);
			fputs("'\n", to);
		}
		each_option(to, *v, fish_option);
	}
}

static const struct {
	const char *name;
	void (*write)(FILE *to);
} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

static const char *shell_name(size_t i)
{
	return i < sizeof(shells) / sizeof(shells[0]) ? shells[i].name : NULL;
}

/* False: unknown shell. */
static bool complete(FILE *to, const char *shell)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].write(to);
			return true;
		}
	}
	return false;
}

static int run(cli_args *args)
{
	if (args->path_count != 1 || !complete(stdout, args->paths[0]))
		return cli_usage("completion", "completion needs the name of a shell: bash, zsh or fish");
	return EXIT_RAN;
}

const cli_verb cli_completion = {
	.name = "completion",
	.operands = "bash|zsh|fish",
	.help = "write the completions of a shell",
	.run = run,
	.prints = true,
	.word = shell_name,
};
