/* SPDX-License-Identifier: Apache-2.0 */
/* A pipe: its first bytes are looked at, then all of them come from the start. Private to src/source. */
#ifndef IC_SOURCE_PIPE_H
#define IC_SOURCE_PIPE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "ictus.h"

/* The most that is looked at. */
#define IC_PIPE_HEAD_BYTES ((size_t)1 << 20)

typedef struct ic_pipe {
	int fd;			/* borrowed */
	_Atomic uint64_t *done; /* bytes read are added here; may be NULL */
	_Atomic bool stop;	/* a read that waits gives up */
	bool looking, ended;
	char *head; /* read so far while looking; given again from `at` on */
	size_t head_n, at;
} ic_pipe;

ic_pipe *ic_pipe_new(int fd, _Atomic uint64_t *done); /* to be looked at; NULL: out of memory */
void ic_pipe_free(ic_pipe *p);			      /* NULL allowed */
/* The next bytes come from the start again; for the last time, unless it goes on being looked at. */
void ic_pipe_rewind(ic_pipe *p, bool looking);
ssize_t ic_pipe_read(void *pipe, void *to, size_t n); /* an ic_read_fn */
/* Everything, from the start, into a file. */
ic_status ic_pipe_keep(ic_pipe *p, int to, uint64_t *bytes, ic_error *err);

#endif
