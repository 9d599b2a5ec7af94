/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"

static const char *folder(void)
{
	const char *named = getenv("TMPDIR");
	return named && named[0] ? named : "/tmp";
}

static ic_status failed(ic_error *err, const char *what, int code)
{
	return ic_fail(err, IC_E_IO, "a temporary file in %s cannot be %s: %s", folder(), what,
		       strerror(code));
}

void ic_spill_init(ic_spill *s)
{
	*s = (ic_spill){ .fd = -1 };
}

ic_status ic_spill_open(ic_spill *s, ic_error *err)
{
	char path[4096];
	s->fd = open(folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd >= 0)
		return IC_OK;
	/* not every file system has files without a name */
	int n = snprintf(path, sizeof path, "%s/ictus-XXXXXX", folder());
	if (n < 0 || (size_t)n >= sizeof path)
		return failed(err, "made", ENAMETOOLONG);
	s->fd = mkostemp(path, O_CLOEXEC);
	if (s->fd < 0)
		return failed(err, "made", errno);
	(void)unlink(path);
	return IC_OK;
}

void ic_spill_close(ic_spill *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

ic_status ic_spill_write(ic_spill *s, const ic_page *p, ic_spilled *ret, ic_error *err)
{
	const char *from = (const char *)p;
	ret->bytes = p->bytes;
	ret->check = ic_hash(p, p->bytes);
	ret->at = atomic_fetch_add(&s->end, p->bytes);
	for (size_t done = 0; done < p->bytes;) {
		ssize_t n = pwrite(s->fd, from + done, p->bytes - done, (off_t)(ret->at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(err, "written", n < 0 ? errno : ENOSPC);
		done += (size_t)n;
	}
	return IC_OK;
}

ic_status ic_spill_read(const ic_spill *s, const ic_spilled *from, ic_budget *budget, ic_page **ret,
			ic_error *err)
{
	if (budget && ic_budget_take(budget, from->bytes))
		return IC_E_NOMEM;
	ic_page *p = ic_malloc(from->bytes);
	ic_status st = p ? IC_OK : IC_E_NOMEM;
	for (size_t done = 0; st == IC_OK && done < from->bytes;) {
		ssize_t n = pread(s->fd, (char *)p + done, from->bytes - done, (off_t)(from->at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			st = failed(err, "read", n < 0 ? errno : EIO);
		done += n > 0 ? (size_t)n : 0;
	}
	if (st == IC_OK && ic_hash(p, from->bytes) != from->check)
		st = failed(err, "trusted", EIO); /* a page is followed without further checks */
	if (st == IC_OK) {
		*ret = p;
		return IC_OK;
	}
	ic_free(p);
	if (budget)
		ic_budget_give(budget, from->bytes);
	return st;
}
