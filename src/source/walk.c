/* SPDX-License-Identifier: Apache-2.0 */
#include "source/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"

#define DEPTH_MAX 64

static bool grow(void **list, size_t *room, size_t n, size_t size)
{
	if (n < *room)
		return true;
	size_t more = *room ? *room * 2 : 16;
	void *p = ic_reallocarray(*list, more, size);
	if (!p)
		return false;
	*list = p;
	*room = more;
	return true;
}

static bool add(ic_walk *w, const char *path, const struct stat *st, bool named, int error)
{
	void *list = w->list;
	bool grown = grow(&list, &w->room, w->n, sizeof(*w->list));
	w->list = list;
	char *copy = grown ? ic_strdup(path) : NULL;
	if (!copy)
		return false;
	w->list[w->n++] = (ic_found){ .path = copy,
				      .dev = st ? (uint64_t)st->st_dev : 0,
				      .ino = st ? (uint64_t)st->st_ino : 0,
				      .size = st && st->st_size > 0 ? (uint64_t)st->st_size : 0,
				      .named = named,
				      .pipe = st && !S_ISREG(st->st_mode),
				      .error = error };
	return true;
}

struct ic_folder {
	bool used;
	uint64_t dev, ino;
};

/* The place of a folder in a table of `room` places, a power of two, of which some are free. */
static struct ic_folder *place_of(struct ic_folder *table, size_t room, uint64_t dev, uint64_t ino)
{
	size_t i = ic_mix(dev, ino, ic_hash_seed()) & (room - 1);
	while (table[i].used && (table[i].dev != dev || table[i].ino != ino))
		i = (i + 1) & (room - 1);
	return &table[i];
}

static bool widen_seen(ic_walk *w)
{
	const size_t room = w->seen_room ? w->seen_room * 2 : 64;
	struct ic_folder *table = ic_calloc(room, sizeof(*table));
	if (!table)
		return false;
	for (size_t i = 0; i < w->seen_room; i++)
		if (w->seen[i].used)
			*place_of(table, room, w->seen[i].dev, w->seen[i].ino) = w->seen[i];
	ic_free(w->seen);
	w->seen = table;
	w->seen_room = room;
	return true;
}

/* True once a folder: links may lead to it again, even from inside. */
static bool enter_once(ic_walk *w, const struct stat *st, bool *nomem)
{
	const uint64_t dev = (uint64_t)st->st_dev, ino = (uint64_t)st->st_ino;
	*nomem = w->folders * 2 >= w->seen_room && !widen_seen(w);
	if (*nomem)
		return false;
	struct ic_folder *f = place_of(w->seen, w->seen_room, dev, ino);
	if (f->used)
		return false;
	*f = (struct ic_folder){ .used = true, .dev = dev, .ino = ino };
	w->folders++;
	return true;
}

static char *join(const char *folder, const char *name)
{
	size_t a = strlen(folder), b = strlen(name);
	char *p = ic_malloc(a + b + 2);
	if (!p)
		return NULL;
	memcpy(p, folder, a);
	if (a && p[a - 1] != '/')
		p[a++] = '/';
	memcpy(p + a, name, b + 1);
	return p;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted, without dot files. False: out of memory. */
static bool list_names(DIR *dir, char ***names, size_t *n)
{
	size_t room = 0;
	struct dirent *e;
	while ((e = readdir(dir))) {
		void *list = *names;
		if (e->d_name[0] == '.')
			continue;
		bool grown = grow(&list, &room, *n, sizeof(**names));
		*names = list;
		if (!grown || !((*names)[*n] = ic_strdup(e->d_name)))
			return false;
		++*n;
	}
	if (*n)
		qsort(*names, *n, sizeof(**names), compare_names);
	return true;
}

static bool visit(ic_walk *w, const char *path, bool named, unsigned depth);

static bool walk_folder(ic_walk *w, const char *path, const struct stat *st, bool named, unsigned depth)
{
	bool nomem = false;
	if (depth >= DEPTH_MAX || !enter_once(w, st, &nomem))
		return !nomem;
	DIR *dir = opendir(path);
	if (!dir)
		return add(w, path, NULL, named, errno);
	char **names = NULL;
	size_t n = 0;
	bool good = list_names(dir, &names, &n);
	(void)closedir(dir);
	for (size_t i = 0; i < n; i++) {
		char *child = good ? join(path, names[i]) : NULL;
		good = good && child && visit(w, child, false, depth + 1);
		ic_free(child);
		ic_free(names[i]);
	}
	ic_free(names);
	return good;
}

/* False: out of memory. */
static bool visit(ic_walk *w, const char *path, bool named, unsigned depth)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		const int error = errno;
		/* what was removed since its folder was read is nobody's file; a link to nowhere is still there */
		const bool gone = !named && error == ENOENT && lstat(path, &st) != 0;
		return gone || add(w, path, NULL, named, error);
	}
	if (S_ISDIR(st.st_mode))
		return walk_folder(w, path, &st, named, depth);
	if (!named && !S_ISREG(st.st_mode))
		return true;
	return add(w, path, &st, named, 0);
}

static int compare_found(const void *a, const void *b)
{
	const ic_found *x = a, *y = b;
	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return strcmp(x->path, y->path);
}

static int compare_found_paths(const void *a, const void *b)
{
	return strcmp(((const ic_found *)a)->path, ((const ic_found *)b)->path);
}

/* The same file under several paths keeps the first of them in byte order, which is the order of all: that of
 * their numbers on the disk is chance. */
static void drop_twins(ic_walk *w)
{
	size_t kept = 0;
	if (w->n)
		qsort(w->list, w->n, sizeof(*w->list), compare_found);
	for (size_t i = 0; i < w->n; i++) {
		ic_found *f = &w->list[i], *last = kept ? &w->list[kept - 1] : NULL;
		bool same = last && last->dev == f->dev && last->ino == f->ino &&
			    ((f->ino && !f->pipe) || strcmp(last->path, f->path) == 0);
		if (same) {
			last->named |= f->named;
			ic_free(f->path);
		} else {
			w->list[kept++] = *f;
		}
	}
	w->n = kept;
	if (w->n)
		qsort(w->list, w->n, sizeof(*w->list), compare_found_paths);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

ic_status ic_walk_paths(ic_walk *w, const char *const *paths, size_t count, ic_error *err)
{
	const char **sorted = ic_reallocarray(NULL, count + 1, sizeof(*sorted));
	if (!sorted)
		return ic_fail_nomem(err);
	bool good = true;
	if (count)
		memcpy(sorted, paths, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_paths);
	for (size_t i = 0; i < count && good; i++) {
		bool again = i > 0 && strcmp(sorted[i], sorted[i - 1]) == 0;
		if (strcmp(sorted[i], "-") != 0) {
			good = again || visit(w, sorted[i], true, 0);
		} else if (!again) {
			good = add(w, "-", NULL, true, 0);
			if (good)
				w->list[w->n - 1].pipe = true;
		}
	}
	ic_free(sorted);
	if (!good)
		return ic_fail_nomem(err);
	drop_twins(w);
	return IC_OK;
}

void ic_walk_clear(ic_walk *w)
{
	for (size_t i = 0; i < w->n; i++)
		ic_free(w->list[i].path);
	ic_free(w->list);
	ic_free(w->seen);
	*w = (ic_walk){ 0 };
}
