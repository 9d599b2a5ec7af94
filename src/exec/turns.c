/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/turns.h"

void ic_turns_init(ic_turns *t)
{
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	t->head = 0;
	t->failed = IC_OK;
}

void ic_turns_clear(ic_turns *t)
{
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
}

ic_status ic_turns_wait(ic_turns *t, uint64_t unit)
{
	pthread_mutex_lock(&t->lock);
	while (t->failed == IC_OK && t->head != unit)
		pthread_cond_wait(&t->changed, &t->lock);
	ic_status st = t->failed;
	pthread_mutex_unlock(&t->lock);
	return st;
}

void ic_turns_end(ic_turns *t, uint64_t unit)
{
	pthread_mutex_lock(&t->lock);
	t->head = unit + 1;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

void ic_turns_abort(ic_turns *t, ic_status code)
{
	pthread_mutex_lock(&t->lock);
	if (t->failed == IC_OK)
		t->failed = code;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}
