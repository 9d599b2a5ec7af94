/* SPDX-License-Identifier: Apache-2.0 */
/* The rights of a program that was started as root, or with capabilities, to capture. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"

/* Whoever asked for the capture. */
typedef struct person {
	uid_t uid;
	gid_t gid;
	const char *name; /* NULL: not known by name, or of no groups */
} person;

/* The user behind sudo. */
static bool find_caller(person *p)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID"), *why;
	uint64_t u, g;
	if (!uid || !gid || !cli_set_whole(&u, uid, INT32_MAX, &why) ||
	    !cli_set_whole(&g, gid, INT32_MAX, &why) || u == 0)
		return false;
	const struct passwd *known = getpwuid((uid_t)u);
	*p = (person){ (uid_t)u, (gid_t)g, known ? known->pw_name : NULL };
	return true;
}

static bool find_nobody(person *p)
{
	const struct passwd *known = getpwnam("nobody");
	if (known)
		*p = (person){ known->pw_uid, known->pw_gid, NULL };
	return known;
}

static bool take_groups(const person *p)
{
	return p->name ? initgroups(p->name, p->gid) == 0 : setgroups(0, NULL) == 0;
}

bool cli_rights_are_borrowed(void)
{
	return getuid() != geteuid() || getgid() != getegid();
}

bool cli_rights_are_nobodys(void)
{
	person p;
	return geteuid() == 0 && !find_caller(&p);
}

static bool lowered;

bool cli_rights_lower(void)
{
	person p;
	if (geteuid() != 0 || !find_caller(&p))
		return true;
	lowered = true;
	return take_groups(&p) && setegid(p.gid) == 0 && seteuid(p.uid) == 0;
}

bool cli_rights_raise(void)
{
	return !lowered || seteuid(0) == 0;
}

static ic_status fail(ic_error *err, const char *what, const char *why)
{
	*err = (ic_error){ .code = IC_E_IO };
	snprintf(err->message, sizeof(err->message), "%s: %s", what, why);
	return IC_E_IO;
}

ic_status cli_rights_drop(ic_error *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
	person p;
	if (geteuid() == 0) {
		if (!find_caller(&p) && !find_nobody(&p))
			return fail(err, "cannot give up the rights of root", "there is no user nobody");
		if (!take_groups(&p) || setresgid(p.gid, p.gid, p.gid) != 0 ||
		    setresuid(p.uid, p.uid, p.uid) != 0)
			return fail(err, "cannot give up the rights of root", strerror(errno));
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_capset, &head, none) != 0)
		return fail(err, "cannot give up capabilities", strerror(errno));
	return IC_OK;
}
