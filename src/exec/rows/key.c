/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/rows/key.h"

#include <math.h>

#include "base/hash.h"

static bool blank(const ic_value *v)
{
	return v->null || (v->type == IC_Q_STRING && v->s.n == 0);
}

ic_decimal ic_key_decimal(const ic_decimal *d)
{
	ic_decimal r = *d;
	while (r.scale > 0 && r.coefficient % 10 == 0) {
		r.coefficient /= 10;
		r.scale--;
	}
	return r;
}

uint64_t ic_key_real(double d)
{
	uint64_t bits;
	if (d == 0)
		d = 0;
	if (isnan(d))
		d = (double)NAN;
	memcpy(&bits, &d, sizeof bits);
	return bits;
}

bool ic_key_same(const ic_value *a, const ic_value *b)
{
	if (blank(a) || blank(b))
		return blank(a) && blank(b);
	switch (a->type) {
	case IC_Q_BOOL: return a->b == b->b;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: return a->i == b->i;
	case IC_Q_REAL: return ic_key_real(a->d) == ic_key_real(b->d);
	case IC_Q_STRING: return ic_str_eq(a->s, b->s);
	case IC_Q_IP: return memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
	case IC_Q_GUID: return memcmp(&a->guid, &b->guid, sizeof a->guid) == 0;
	case IC_Q_DYNAMIC: return ic_dyn_equal(a->dyn, b->dyn);
	case IC_Q_DECIMAL: {
		ic_decimal x = ic_key_decimal(a->decimal), y = ic_key_decimal(b->decimal);
		return x.coefficient == y.coefficient && x.scale == y.scale;
	}
	case IC_Q_NULL:
	case IC_QTYPES: break;
	}
	return true;
}

uint64_t ic_key_hash(const ic_value *v, uint64_t seed)
{
	if (blank(v))
		return ic_mix(seed, 1, seed);
	switch (v->type) {
	case IC_Q_BOOL: return ic_mix(v->b, 2, seed);
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: return ic_mix((uint64_t)v->i, 3, seed);
	case IC_Q_REAL: return ic_mix(ic_key_real(v->d), 4, seed);
	case IC_Q_STRING: return ic_mix(ic_hash(v->s.p, v->s.n), 5, seed);
	case IC_Q_IP: return ic_mix(ic_hash(&v->ip, sizeof v->ip), 6, seed);
	case IC_Q_GUID: return ic_mix(ic_hash(&v->guid, sizeof v->guid), 7, seed);
	case IC_Q_DYNAMIC: return ic_dyn_hash(v->dyn, seed);
	case IC_Q_DECIMAL: {
		ic_decimal d = ic_key_decimal(v->decimal);
		unsigned __int128 c = (unsigned __int128)d.coefficient;
		return ic_mix((uint64_t)c, (uint64_t)(c >> 64), ic_mix((uint64_t)d.scale, 8, seed));
	}
	case IC_Q_NULL:
	case IC_QTYPES: break;
	}
	return seed;
}

static uint64_t hash_16(const char *p, uint64_t seed)
{
	uint64_t word[2];
	memcpy(word, p, sizeof word);
	return ic_mix(word[0], word[1], seed);
}

#define HASH_EACH(VALUE)                                                                                     \
	for (uint32_t i = 0; i < n; i++) {                                                                   \
		uint32_t at = ic_vector_at(v, i);                                                            \
		h[i] = ic_mix((VALUE), h[i], seed);                                                          \
	}                                                                                                    \
	break

void ic_key_hash_vector(const ic_vector *v, uint32_t n, uint64_t seed, uint64_t *h)
{
	switch (v->type) {
	case IC_Q_BOOL: HASH_EACH(((const uint8_t *)v->data)[at]);
	case IC_Q_REAL: HASH_EACH(ic_key_real(((const double *)v->data)[at]));
	case IC_Q_STRING:
		HASH_EACH(ic_hash(((const ic_str *)v->data)[at].p, ((const ic_str *)v->data)[at].n));
	case IC_Q_IP:
	case IC_Q_GUID: HASH_EACH(hash_16((const char *)v->data + (size_t)16 * at, seed));
	case IC_Q_DECIMAL:
		HASH_EACH((uint64_t)ic_key_decimal(&((const ic_decimal *)v->data)[at]).coefficient);
	default: HASH_EACH((uint64_t)((const int64_t *)v->data)[at]);
	}
}

#undef HASH_EACH

static bool lowest(const ic_value *v)
{
	return v->null || (v->type == IC_Q_REAL && isnan(v->d));
}

int ic_key_order(const ic_value *a, const ic_value *b)
{
	if (lowest(a) || lowest(b))
		return (int)lowest(b) - (int)lowest(a);
	switch (a->type) {
	case IC_Q_BOOL: return (int)a->b - (int)b->b;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: return (a->i > b->i) - (a->i < b->i);
	case IC_Q_REAL: return (a->d > b->d) - (a->d < b->d);
	case IC_Q_STRING: return ic_str_cmp(a->s, b->s);
	case IC_Q_IP: return memcmp(&a->ip, &b->ip, sizeof a->ip);
	case IC_Q_GUID: return memcmp(&a->guid, &b->guid, sizeof a->guid);
	case IC_Q_DECIMAL: {
		double x = ic_decimal_real(a->decimal), y = ic_decimal_real(b->decimal);
		return (x > y) - (x < y);
	}
	case IC_Q_DYNAMIC:
	case IC_Q_NULL:
	case IC_QTYPES: break;
	}
	return 0;
}

void ic_keys_init(ic_keys *k, uint32_t width, ic_budget *budget)
{
	*k = (ic_keys){ .width = width, .budget = budget };
	ic_arena_init(&k->arena, 0, budget);
}

void ic_keys_clear(ic_keys *k)
{
	ic_arena_clear(&k->arena);
	ic_free(k->value);
	ic_free(k->hash);
	ic_free(k->slot);
	if (k->budget)
		ic_budget_give(k->budget, k->taken);
	*k = (ic_keys){ 0 };
}

static bool keys_grow(ic_keys *k)
{
	if (k->room > UINT32_MAX / 4)
		return false;
	uint32_t room = k->room ? k->room * 2 : 64, slots = room * 2;
	size_t each = (k->width ? k->width : 1) * sizeof(ic_value) + sizeof(uint64_t) + 2 * sizeof(uint32_t);
	uint64_t bytes = (uint64_t)each * room;
	if (k->budget && ic_budget_take(k->budget, bytes - k->taken))
		return false;
	k->taken = bytes;
	ic_value *value = ic_reallocarray(k->value, (size_t)room * (k->width ? k->width : 1), sizeof *value);
	if (value)
		k->value = value;
	uint64_t *hash = ic_reallocarray(k->hash, room, sizeof *hash);
	if (hash)
		k->hash = hash;
	uint32_t *slot = ic_calloc(slots, sizeof *slot);
	if (!value || !hash || !slot) {
		ic_free(slot);
		return false;
	}
	ic_free(k->slot);
	k->slot = slot;
	k->slots = slots;
	k->room = room;
	for (uint32_t i = 0; i < k->n; i++) {
		uint32_t at = (uint32_t)k->hash[i] & (slots - 1);
		while (slot[at])
			at = (at + 1) & (slots - 1);
		slot[at] = i + 1;
	}
	return true;
}

static bool tuple_same(const ic_keys *k, const ic_value *a, const ic_value *b)
{
	for (uint32_t i = 0; i < k->width; i++)
		if (!ic_key_same(&a[i], &b[i]))
			return false;
	return true;
}

static uint64_t tuple_hash(const ic_keys *k, const ic_value *key)
{
	uint64_t hash = ic_hash_seed();
	for (uint32_t i = 0; i < k->width; i++)
		hash = ic_key_hash(&key[i], hash);
	return hash;
}

/* Its slot, or the free one where it would go. */
static uint32_t slot_of(const ic_keys *k, const ic_value *key, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (k->slots - 1);
	for (; k->slot[at]; at = (at + 1) & (k->slots - 1)) {
		uint32_t number = k->slot[at] - 1;
		if (k->hash[number] == hash && tuple_same(k, ic_keys_at(k, number), key))
			break;
	}
	return at;
}

int64_t ic_keys_find(const ic_keys *k, const ic_value *key)
{
	return k->n ? (int64_t)k->slot[slot_of(k, key, tuple_hash(k, key))] - 1 : -1;
}

int64_t ic_keys_number(ic_keys *k, const ic_value *key)
{
	uint64_t hash = tuple_hash(k, key);
	if (k->n == k->room && !keys_grow(k))
		return -1;
	uint32_t at = slot_of(k, key, hash);
	if (k->slot[at])
		return k->slot[at] - 1;
	bool ok = true;
	for (uint32_t i = 0; i < k->width && ok; i++)
		k->value[(size_t)k->n * k->width + i] = ic_value_copy(&k->arena, &key[i], &ok);
	if (!ok)
		return -1;
	k->hash[k->n] = hash;
	k->slot[at] = k->n + 1;
	return k->n++;
}
