/* SPDX-License-Identifier: Apache-2.0 */
#include "base/temp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"

const char *ic_temp_folder(void)
{
	const char *named = getenv("TMPDIR");
	return named && named[0] ? named : "/tmp";
}

ic_status ic_temp_fail(ic_error *err, const char *what, int code)
{
	return ic_fail(err, IC_E_IO, "a temporary file in %s cannot be %s: %s", ic_temp_folder(), what,
		       strerror(code));
}

ic_status ic_temp_open(int *fd, ic_error *err)
{
	char path[4096];
	*fd = open(ic_temp_folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return IC_OK;
	/* not every file system has files without a name */
	int n = snprintf(path, sizeof path, "%s/ictus-XXXXXX", ic_temp_folder());
	if (n < 0 || (size_t)n >= sizeof path)
		return ic_temp_fail(err, "made", ENAMETOOLONG);
	*fd = mkostemp(path, O_CLOEXEC);
	if (*fd < 0)
		return ic_temp_fail(err, "made", errno);
	(void)unlink(path);
	return IC_OK;
}

ic_status ic_temp_write(int fd, const void *p, size_t n, uint64_t at, ic_error *err)
{
	const char *from = p;
	for (size_t done = 0; done < n;) {
		ssize_t put = pwrite(fd, from + done, n - done, (off_t)(at + done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return ic_temp_fail(err, "written", put < 0 ? errno : ENOSPC);
		done += (size_t)put;
	}
	return IC_OK;
}

ic_status ic_temp_room(int fd, ic_error *err)
{
	struct statvfs disk;
	if (fstatvfs(fd, &disk) != 0)
		return IC_OK; /* it is not known; the disk being full will be told */
	uint64_t least = disk.f_blocks / 20, most = (UINT64_C(1) << 30) / (disk.f_frsize ? disk.f_frsize : 1);
	if (disk.f_bavail >= (least < most ? least : most))
		return IC_OK;
	return ic_fail(err, IC_E_IO,
		       "a temporary file in %s cannot grow: only %" PRIu64 " MiB are left on its disk",
		       ic_temp_folder(), (uint64_t)disk.f_bavail * disk.f_frsize >> 20);
}

ic_status ic_temp_read(int fd, void *p, size_t n, uint64_t at, ic_error *err)
{
	char *to = p;
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(fd, to + done, n - done, (off_t)(at + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ic_temp_fail(err, "read", got < 0 ? errno : EIO);
		done += (size_t)got;
	}
	return IC_OK;
}
