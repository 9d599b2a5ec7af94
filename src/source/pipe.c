/* SPDX-License-Identifier: Apache-2.0 */
#include "source/pipe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/temp.h"

#define COPY_BYTES ((size_t)256 << 10)

ic_pipe *ic_pipe_new(int fd, _Atomic uint64_t *done)
{
	ic_pipe *p = ic_calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->fd = fd;
	p->done = done;
	p->looking = true;
	p->head = ic_malloc(IC_PIPE_HEAD_BYTES);
	if (p->head)
		return p;
	ic_free(p);
	return NULL;
}

void ic_pipe_free(ic_pipe *p)
{
	if (!p)
		return;
	ic_free(p->head);
	ic_free(p);
}

void ic_pipe_rewind(ic_pipe *p, bool looking)
{
	p->at = 0;
	p->looking = looking;
}

/* False when the read is given up. */
static bool wait_readable(ic_pipe *p)
{
	struct pollfd from = { .fd = p->fd, .events = POLLIN };
	while (!atomic_load_explicit(&p->stop, memory_order_relaxed)) {
		int rc = poll(&from, 1, 100);
		if (rc != 0 && !(rc < 0 && errno == EINTR))
			return true;
	}
	return false;
}

/* A terminal that has ended would have to be ended again. */
static ssize_t read_on(ic_pipe *p, void *to, size_t n)
{
	ssize_t got;
	if (p->ended || n == 0)
		return 0;
	do {
		if (!wait_readable(p))
			return 0;
		got = read(p->fd, to, n);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return -errno;
	p->ended = got == 0;
	if (p->done)
		atomic_fetch_add_explicit(p->done, (uint64_t)got, memory_order_relaxed);
	return got;
}

ssize_t ic_pipe_read(void *pipe, void *to, size_t n)
{
	ic_pipe *p = pipe;
	size_t left = p->head_n - p->at;
	if (left) {
		if (n > left)
			n = left;
		memcpy(to, p->head + p->at, n);
		p->at += n;
		return (ssize_t)n;
	}
	if (!p->looking) {
		ic_free(p->head);
		p->head = NULL;
		p->head_n = p->at = 0;
		return read_on(p, to, n);
	}
	size_t room = IC_PIPE_HEAD_BYTES - p->head_n;
	ssize_t got = read_on(p, to, n < room ? n : room);
	if (got > 0) {
		memcpy(p->head + p->head_n, to, (size_t)got);
		p->head_n += (size_t)got;
		p->at = p->head_n;
	}
	return got;
}

ic_status ic_pipe_keep(ic_pipe *p, int to, uint64_t *bytes, ic_error *err)
{
	char *copy = ic_malloc(COPY_BYTES);
	ic_status st = copy ? IC_OK : ic_fail_nomem(err);
	ssize_t got = 1;
	*bytes = 0;
	ic_pipe_rewind(p, false);
	while (st == IC_OK && (got = ic_pipe_read(p, copy, COPY_BYTES)) > 0) {
		st = ic_temp_room(to, err); /* a pipe may never end */
		if (st == IC_OK)
			st = ic_temp_write(to, copy, (size_t)got, *bytes, err);
		*bytes += (uint64_t)got;
	}
	if (st == IC_OK && got < 0)
		st = ic_fail(err, IC_E_IO, "%s", strerror((int)-got));
	ic_free(copy);
	return st;
}
