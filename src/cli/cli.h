/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: verbs, options and what they share. Everything it knows of the library is ictus.h.
 *
 * A verb is an entry of cli_verbs; its options are tables; parsing, help texts, completions and the
 * manual page all read these tables. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

#include "ictus.h"

/* Exit codes, as the manual page documents them. */
enum {
	EXIT_RAN = 0,
	EXIT_FINDINGS = 1,
	EXIT_USAGE = 2,
	EXIT_UNREADABLE = 3,
	EXIT_PARTLY = 4,
	EXIT_BUG = 5,
};

/* What the value of an option tells about files that the run reads. */
typedef enum cli_reads {
	CLI_READS_NONE,
	CLI_READS_FILE,	 /* it is one */
	CLI_READS_NAMED, /* NAME=FILE */
	CLI_READS_RULES, /* the folder of rules */
} cli_reads;

typedef struct cli_reading {
	cli_reads how;
	const char *value;
} cli_reading;

/* Everything that options can set, for all verbs. Strings are those of argv. */
typedef struct cli_args {
	const struct cli_verb *verb;
	const char **paths; /* the arguments that are no options */
	size_t path_count;
	cli_reading *readings; /* values of options that name what is read */
	size_t reading_count;
	const char **internal;
	size_t internal_count;
	ic_input_options input;
	ic_scan_options scan;
	ic_convert_options convert;
	ic_fingerprint_options fingerprint;
	ic_score_options score;
	ic_simulate_options simulate;
	ic_live_options live;
	const char *save;  /* file that gets the packets of a live capture; NULL: none */
	const char *rules; /* folder of the verb rules; NULL: those that are built in */
	ic_query_options query;
	ic_query_binding *tables, *schemas; /* as many as there are words */
	ic_query_diag query_diag;
	const char *format; /* NULL: the verb's default */
	const char *output; /* NULL: stdout */
	const char *color;
	ic_moment since, until;
	bool now_given;
	int fail_on;	  /* ic_level, -1: off */
	unsigned verbose; /* how often -v was given */
	bool quiet, help, version, manual;
} cli_args;

typedef struct cli_option {
	const char *name; /* without dashes */
	char letter;	  /* 0: none */
	const char *arg;  /* name of its value; NULL: takes none */
	const char *help;
	/* Reads the value (NULL without one) into args. On a bad value returns false and says in *why
	 * what is taken, such as "a whole number". */
	bool (*set)(cli_args *args, const char *value, const char **why);
	const char *const *words; /* values to choose from, NULL-terminated; NULL: see list */
	int list;		  /* 1 + ic_list of the values to choose from; 0: free text */
	bool many;		  /* each time it is given adds a value; of the others the last counts */
	cli_reads reads;
} cli_option;

typedef struct cli_group {
	const char *title;
	const cli_option *options; /* ends with name NULL */
} cli_group;

typedef struct cli_verb {
	const char *name, *operands; /* "scan", "PATH..." */
	const char *help;	     /* one line */
	const char *about;	     /* paragraphs split by blank lines; NULL: none */
	const cli_group *groups;     /* ends with title NULL; NULL: no options of its own */
	void (*init)(cli_args *args);
	int (*run)(cli_args *args); /* returns the exit code */
	bool prints;		    /* to stdout; cli_print sees to --output */
	/* The word that its first operand can be, number i; NULL past the end. NULL: operands are files. */
	const char *(*word)(size_t i);
	/* Prints what --help TOPIC asks for; false: there is no such topic. NULL: there are none. */
	bool (*topic)(const char *topic);
} cli_verb;
extern const cli_verb *const cli_verbs[]; /* ends with NULL */
const cli_verb *cli_verb_find(const char *name);
const char *cli_verb_name(size_t i); /* NULL past the last */
/* Says so, with the nearest name; returns EXIT_USAGE. */
int cli_unknown_verb(const char *name);

/* The word the value of an option can be, number i; NULL past the end. */
const char *cli_option_word(const cli_option *o, size_t i);
/* All of them, "a, b, c"; false: its value is free text. */
#define CLI_WORDS_MAX 512
bool cli_option_words(const cli_option *o, char list[CLI_WORDS_MAX]);

/* options.c: fills args from the words after the verb. Returns 0, or EXIT_USAGE after saying why.
 * Verbs with options of their own have the common ones too. */
int cli_parse(cli_args *args, int argc, char **argv);
void cli_args_clear(cli_args *args);
extern const cli_group cli_common_group;
/* "ictus: ..." on stderr and a hint where help is to be found; returns EXIT_USAGE. */
int cli_usage(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The name nearest to `word` in a list, NULL if none is near. next(ctx, i): NULL ends it. */
const char *cli_nearest(const char *word, const char *(*next)(const void *ctx, size_t i), const void *ctx);

/* tables.c: options that several verbs share, and two setters for verbs that say more of them in tables of their
 * own. */
bool cli_set_threads(cli_args *a, const char *v, const char **why);
bool cli_set_memory(cli_args *a, const char *v, const char **why);
extern const cli_option cli_input_options[], cli_file_options[], cli_time_options[];
extern const cli_option cli_detect_options[];
bool cli_set_whole(uint64_t *to, const char *value, uint64_t most, const char **why);
bool cli_set_count(uint64_t *to, const char *value, uint64_t most, const char **why); /* from 1 on */
bool cli_set_number(double *to, const char *value, double least, double most);

/* help.c, manual.c */
void cli_help(FILE *to, const cli_verb *verb); /* NULL: of the program */
void cli_manual(FILE *to);
/* Text wrapped at 80 columns under an indent; `at` is the column already reached. */
void cli_wrap(FILE *to, const char *text, unsigned indent, unsigned at);

/* output.c: where results go. A file is written beside its final name and renamed by finish(). */
typedef struct cli_output {
	ic_output out;
	int fd;
	bool failed, closed;
	int error; /* errno of the failed write */
	char *temp;
	const char *path;
	uint64_t device, inode; /* of the file that it replaces; 0: none */
} cli_output;
/* Returns 0, or the exit code after saying why. */
int cli_output_open(cli_output *o, const cli_args *args);
/* Closes, and puts the file in its place if `keep`. Returns 0 or EXIT_UNREADABLE after saying why. */
int cli_output_finish(cli_output *o, bool keep);
/* 0, or EXIT_USAGE after saying that the run reads the file `path`, which `option` would write. */
int cli_not_read(const cli_args *args, const char *option, const char *path);
/* Says that it does. */
int cli_is_read(const cli_args *args, const char *option, const char *path);
/* Says so; returns EXIT_UNREADABLE. NULL: stdout. */
int cli_cannot_write(const char *path, int error);
/* What is printed to stdout, to --output: returns the exit code. */
int cli_print(cli_args *args, int (*print)(cli_args *args));
bool cli_output_is_terminal(const cli_args *args);
unsigned cli_terminal_columns(int fd); /* 0: not known, or no terminal */
/* stdin, stdout and stderr that the parent closed get a place of their own, so that no file has their number and is
 * written what is meant for them. False: that cannot be done. */
bool cli_streams_hold(void);
/* Removes what a killed run would leave behind, on SIGINT, SIGTERM and SIGHUP; ignores SIGPIPE
 * and SIGXFSZ. */
void cli_signals(void);

/* From now on the first of these signals only asks for the end; the second kills as before. */
void cli_stop_on_signals(void);
bool cli_stop_wanted(void);

/* live.c: packets of a network interface. */
extern const cli_option cli_live_options[];
/* For verbs that read PATHs or an interface: 0, or EXIT_USAGE after saying why. `what`: "captures". */
int cli_need_input(cli_args *args, const char *what);
typedef struct cli_live {
	const cli_args *args;
	ic_output out; /* of --save */
	int fd, error; /* -1: none; errno of the failed write */
} cli_live;
/* Nothing without --interface. Return 0, or the exit code after saying why. */
int cli_live_begin(cli_live *l, cli_args *args);
int cli_live_end(cli_live *l);

/* rights.c: a capture opens its files as the user behind sudo, its interface as root, and goes on as that
 * user, or as nobody. Without sudo and root the first two do nothing. False: it cannot be done. */
bool cli_rights_lower(void);
bool cli_rights_raise(void);
ic_status cli_rights_drop(ic_error *err);
/* True where the program has the set-user-ID or set-group-ID bit and another user than its owner runs it. */
bool cli_rights_are_borrowed(void);
/* True for root without sudo. */
bool cli_rights_are_nobodys(void);

/* watch.c: a progress bar while the run is long, then notes and one line a file, all on stderr. */
typedef struct cli_watch {
	ic_observer observer;
	const cli_args *args;
	bool bar, drawn;
	unsigned columns; /* of the terminal; the bar takes one line of it, which alone can be erased */
	int64_t started, last_drawn; /* ticks of the wall clock */
	FILE *held;		     /* lines that wait for the end of the run; NULL: write at once */
	char *lines;
	size_t length, files;
	const cli_output *output;
	bool output_is_read; /* by the run itself */
} cli_watch;
void cli_watch_begin(cli_watch *w, const cli_args *args, const cli_output *o);
/* Prints the held lines and the totals, or nothing. */
void cli_watch_end(cli_watch *w, const ic_summary *sum, bool print);

/* run.c: from the result of a library call to the exit code, with the message said. */
typedef ic_status (*cli_call)(cli_args *args, const ic_observer *obs, const ic_output *out, ic_summary *sum,
			      ic_error *err);
int cli_run(cli_args *args, cli_call call);
void cli_say_error(const ic_error *err);

#endif
