/* SPDX-License-Identifier: Apache-2.0 */
/* Strings of JSON: where they end, their escapes, and values as text. */
#include "source/text/json_private.h"

#include "base/hex.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__x86_64__)
/* The place of the first quote or backslash among 16 bytes; 16 if there is none. */
static inline unsigned first_special(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i m =
	    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(m) | 0x10000u);
}
#elif defined(__aarch64__)
static inline unsigned first_special(const char *p)
{
	uint8x16_t v = vld1q_u8((const uint8_t *)p);
	uint8x16_t m = vorrq_u8(vceqq_u8(v, vdupq_n_u8('"')), vceqq_u8(v, vdupq_n_u8('\\')));
	/* four bits a byte */
	uint64_t bits = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(m), 4)), 0);
	return bits ? (unsigned)__builtin_ctzll(bits) / 4 : 16;
}
#endif

size_t ic_json_close(ic_simd level, const char *p, size_t at, size_t end, bool *escaped)
{
	while (at < end) {
#if defined(__x86_64__) || defined(__aarch64__)
		if (level >= IC_SIMD_128 && end - at >= 16) {
			unsigned i = first_special(p + at);
			at += i;
			if (i == 16)
				continue;
		}
#endif
		if (p[at] == '"')
			return at;
		if (p[at] == '\\') {
			*escaped = true;
			at++;
		}
		at++;
	}
	(void)level;
	return at;
}

/* Four hex digits at p; -1 if one is none. */
static int32_t hex_four(const char *p)
{
	return (int32_t)ic_hex_read(p, 4);
}

static bool is_high(int32_t u)
{
	return u >= 0xd800 && u < 0xdc00;
}

static bool is_low(int32_t u)
{
	return u >= 0xdc00 && u < 0xe000;
}

/* The length of the escape at p, 0 if it is none. Half of a surrogate pair is one: systems that count text in UTF-16
 * cut it there. */
static size_t escape_length(const char *p, size_t n)
{
	if (n < 2)
		return 0;
	if (p[1] != 'u')
		return strchr("\"\\/bfnrt", p[1]) && p[1] ? 2 : 0;
	int32_t u = n >= 6 ? hex_four(p + 2) : -1;
	if (u < 0)
		return 0;
	return is_high(u) && n >= 12 && p[6] == '\\' && p[7] == 'u' && is_low(hex_four(p + 8)) ? 12 : 6;
}

bool ic_json_escapes(const char *p, size_t n, size_t *wrong)
{
	for (size_t at = 0; at < n;) {
		const char *slash = memchr(p + at, '\\', n - at);
		if (!slash)
			break;
		at = (size_t)(slash - p);
		size_t length = escape_length(slash, n - at);
		if (length == 0) {
			*wrong = at;
			return false;
		}
		at += length;
	}
	return true;
}

static size_t put_utf8(uint32_t u, char *out)
{
	if (u < 0x80) {
		out[0] = (char)u;
		return 1;
	}
	if (u < 0x800) {
		out[0] = (char)(0xc0 | u >> 6);
		out[1] = (char)(0x80 | (u & 0x3f));
		return 2;
	}
	if (u < 0x10000) {
		out[0] = (char)(0xe0 | u >> 12);
		out[1] = (char)(0x80 | (u >> 6 & 0x3f));
		out[2] = (char)(0x80 | (u & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | u >> 18);
	out[1] = (char)(0x80 | (u >> 12 & 0x3f));
	out[2] = (char)(0x80 | (u >> 6 & 0x3f));
	out[3] = (char)(0x80 | (u & 0x3f));
	return 4;
}

static char short_escape(char c)
{
	switch (c) {
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	default: return c;
	}
}

size_t ic_json_unescape(ic_str s, char *out)
{
	size_t n = 0;
	for (uint32_t i = 0; i < s.n;) {
		if (s.p[i] != '\\') {
			out[n++] = s.p[i++];
			continue;
		}
		size_t length = escape_length(s.p + i, s.n - i);
		if (length == 2) {
			out[n++] = short_escape(s.p[i + 1]);
		} else if (length >= 6) {
			uint32_t u = (uint32_t)hex_four(s.p + i + 2);
			if (length == 12)
				u = 0x10000 + ((u - 0xd800) << 10) +
				    ((uint32_t)hex_four(s.p + i + 8) - 0xdc00);
			else if (is_high((int32_t)u) || is_low((int32_t)u))
				u = 0xfffd;
			n += put_utf8(u, out + n);
		}
		i += length ? (uint32_t)length : 1;
	}
	return n;
}

/* ---- values as text ---- */

static ic_str plain_string(ic_json *j, const ic_json_value *v, ic_arena *a)
{
	if (!v->escaped)
		return (ic_str){ v->p, v->n };
	char *out = ic_arena_alloc(a, v->n);
	j->nomem |= !out;
	return out ? (ic_str){ out, (uint32_t)ic_json_unescape((ic_str){ v->p, v->n }, out) }
		   : (ic_str){ NULL, 0 };
}

/* Elements joined by commas, without those that are null or have parts themselves. */
static ic_str joined(ic_json *j, const ic_json_value *v, ic_arena *a)
{
	ic_json_value e, first = { .kind = IC_JSON_NONE };
	size_t at = 0, count = 0, n = 0;
	while (ic_json_element(v, &at, &e)) {
		if (e.kind == IC_JSON_NULL || e.kind >= IC_JSON_OBJECT)
			continue;
		if (count++ == 0)
			first = e;
		n += e.n + 1;
	}
	if (count == 0)
		return IC_STR("");
	if (count == 1)
		return ic_json_text(j, &first, a);
	char *out = ic_arena_alloc(a, n);
	j->nomem |= !out;
	if (!out)
		return (ic_str){ NULL, 0 };
	for (at = n = count = 0; ic_json_element(v, &at, &e);) {
		if (e.kind == IC_JSON_NULL || e.kind >= IC_JSON_OBJECT)
			continue;
		if (count++)
			out[n++] = ',';
		if (e.kind == IC_JSON_STRING) {
			n += ic_json_unescape((ic_str){ e.p, e.n }, out + n);
		} else {
			memcpy(out + n, e.p, e.n);
			n += e.n;
		}
	}
	return (ic_str){ out, (uint32_t)n };
}

ic_str ic_json_text(ic_json *j, const ic_json_value *v, ic_arena *a)
{
	switch (v->kind) {
	case IC_JSON_STRING: return plain_string(j, v, a);
	case IC_JSON_ARRAY: return joined(j, v, a);
	case IC_JSON_NONE:
	case IC_JSON_NULL: return (ic_str){ NULL, 0 };
	default: return (ic_str){ v->p, v->n };
	}
}

static size_t skip_blanks(const ic_json_value *v, size_t at)
{
	while (at < v->n && (v->p[at] == ' ' || v->p[at] == '\t' || v->p[at] == '\n' || v->p[at] == '\r'))
		at++;
	return at;
}

static ic_json_kind kind_of(char c)
{
	switch (c) {
	case '"': return IC_JSON_STRING;
	case '{': return IC_JSON_OBJECT;
	case '[': return IC_JSON_ARRAY;
	case 't': return IC_JSON_TRUE;
	case 'f': return IC_JSON_FALSE;
	case 'n': return IC_JSON_NULL;
	default: return IC_JSON_NUMBER;
	}
}

/* The value at v->p[at] of a container that was checked: *at moves behind it. */
static void take_value(const ic_json_value *v, size_t *at, ic_json_value *ret)
{
	size_t i = *at, open = 0;
	bool escaped = false;
	*ret = (ic_json_value){ .p = v->p + i, .kind = (uint8_t)kind_of(v->p[i]) };
	if (ret->kind == IC_JSON_STRING) {
		size_t close = ic_json_close(IC_SIMD_SCALAR, v->p, i + 1, v->n, &escaped);
		ret->p++;
		ret->n = (uint32_t)(close - i - 1);
		ret->escaped = escaped;
		*at = close + 1;
		return;
	}
	for (; i < v->n; i++) {
		char c = v->p[i];
		if (c == '"') {
			i = ic_json_close(IC_SIMD_SCALAR, v->p, i + 1, v->n, &escaped);
		} else if (c == '{' || c == '[') {
			open++;
		} else if (c == '}' || c == ']' || c == ',' || c == ' ' || c == '\t' || c == '\n' ||
			   c == '\r') {
			bool closes = c == '}' || c == ']';
			if (open == 0)
				break;
			open -= closes;
			if (open == 0 && closes) {
				i++;
				break;
			}
		}
	}
	ret->n = (uint32_t)(i - *at);
	*at = i;
}

bool ic_json_element(const ic_json_value *array, size_t *at, ic_json_value *ret)
{
	if (array->kind != IC_JSON_ARRAY)
		return false;
	size_t i = skip_blanks(array, *at);
	if (i >= array->n || (array->p[i] != ',' && !(i == 0 && array->p[i] == '[')))
		return false;
	i = skip_blanks(array, i + 1);
	if (i >= array->n || array->p[i] == ']')
		return false;
	take_value(array, &i, ret);
	*at = i;
	return true;
}

bool ic_json_member(const ic_json_value *object, ic_str name, ic_json_value *ret)
{
	bool found = false;
	if (object->kind != IC_JSON_OBJECT)
		return false;
	for (size_t at = 0; at < object->n;) {
		ic_json_value key, v;
		at = skip_blanks(object, at + 1); /* past { or , */
		if (at >= object->n || object->p[at] != '"')
			break;
		take_value(object, &at, &key);
		at = skip_blanks(object, at);
		at = skip_blanks(object, at + 1); /* past : */
		if (at >= object->n)
			break;
		take_value(object, &at, &v);
		at = skip_blanks(object, at);
		if (ic_str_eq((ic_str){ key.p, key.n }, name)) {
			*ret = v;
			found = true;
		}
	}
	return found;
}
