/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests with their answers, and the frames of WebSocket, as events. */
#include <string.h>

#include "source/packet/apps_private.h"

enum {
	REQUESTS_MAX = 64, /* without an answer */
	CLOSE = 8,	   /* a frame of WebSocket */
	PING_MOST = 32,	   /* bytes that a PING of WebSocket gives back; more is somebody's data */
};

static ic_str copy_to(char **at, ic_str s)
{
	if (!s.p)
		return s;
	memcpy(*at, s.p, s.n);
	s.p = *at;
	*at += s.n;
	return s;
}

static bool put_request(app *a, const asked *r)
{
	const answered *answer = &a->answer;
	ic_events *q = a->apps->events;
	ic_stream stream = r->websocket ? IC_STREAM_WEBSOCKET : IC_STREAM_HTTP;
	if (!app_wants_stream(a->apps, stream))
		return true;
	ic_event *e = ic_events_add(q, stream, r->websocket ? IC_ROW_UPGRADE : 0, a->flow, r->ticks);
	bool ok = e && ic_event_text(q, e, IC_F_METHOD, r->method) &&
		  ic_event_text(q, e, IC_F_SERVICE, r->websocket ? IC_STR("websocket") : IC_STR("http")) &&
		  ic_event_text(q, e, IC_F_URI, r->target) && ic_event_text(q, e, IC_F_HOST, r->host) &&
		  ic_event_text(q, e, IC_F_USER_AGENT, r->user_agent) &&
		  ic_event_text(q, e, IC_F_REFERRER, r->referrer);
	if (ok) {
		ic_event_number(e, IC_F_REQUEST_BODY_BYTES, r->body);
		if (answer->known) {
			ic_event_number(e, IC_F_STATUS, answer->status);
			ic_event_number(e, IC_F_RESPONSE_BODY_BYTES, answer->body);
			ok = !answer->type_n ||
			     ic_event_text(q, e, IC_F_CONTENT_TYPE, (ic_str){ answer->type, answer->type_n });
		}
	}
	return ok;
}

/* The oldest request, with what is known of its answer. */
static bool tell_request(app *a)
{
	asked *r = a->first;
	bool ok = put_request(a, r);
	a->answer.known = false;
	a->first = r->next;
	if (!a->first)
		a->last = &a->first;
	a->asked_n--;
	a->asked_bytes -= r->bytes;
	ic_free(r);
	return ok;
}

static bool take_request(app *a, const ic_http_head *h)
{
	size_t n = (size_t)h->method.n + h->target.n + h->host.n + h->user_agent.n + h->referrer.n;
	if (!app_tell_listener(a, NULL, NULL, h) || (a->asked_n == REQUESTS_MAX && !tell_request(a)))
		return false;
	asked *r = ic_malloc(sizeof *r + n);
	if (!r)
		return false;
	char *at = r->text;
	*r = (asked){ .ticks = a->ticks,
		      .body = h->content_length,
		      .websocket = h->websocket,
		      .bytes = sizeof *r + n };
	r->method = copy_to(&at, h->method);
	r->target = copy_to(&at, h->target);
	r->host = copy_to(&at, h->host);
	r->user_agent = copy_to(&at, h->user_agent);
	r->referrer = copy_to(&at, h->referrer);
	*a->last = r;
	a->last = &r->next;
	a->asked_n++;
	a->asked_bytes += r->bytes;
	a->requests = true;
	ic_bursts_known(&a->flow->bursts);
	return true;
}

static bool take_answer(app *a, const ic_http_head *h)
{
	if (h->status < 200 && h->status != 101) /* a better one follows */
		return true;
	if (a->answer.known && !tell_request(a)) /* the end of its body was lost */
		return false;
	const asked *r = a->first;
	bool over = h->status == 101 || (r && ic_str_eq(r->method, IC_STR("CONNECT")) && h->status < 300);
	if (r && ic_str_eq(r->method, IC_STR("HEAD")))
		ic_http_next_has_no_body(a->http[IC_RESP]);
	if (over) {
		ic_http_stop(a->http[IC_RESP]);
		a->carries = h->status == 101 && r && r->websocket ? WEBSOCKET : NOTHING;
	}
	if (!r)
		return true;
	a->answer = (answered){ .known = true, .status = h->status, .body = h->content_length };
	a->answer.type_n = h->content_type.n < CONTENT_TYPE ? h->content_type.n : CONTENT_TYPE;
	if (a->answer.type_n)
		memcpy(a->answer.type, h->content_type.p, a->answer.type_n);
	return !over || tell_request(a); /* no body follows that would be one of HTTP */
}

static bool http_head(void *ctx, const ic_http_head *h)
{
	return h->request ? take_request(ctx, h) : take_answer(ctx, h);
}

static bool request_body_end(void *ctx, uint64_t bytes)
{
	app *a = ctx;
	for (asked *r = a->first; r; r = r->next)
		if (!r->next)
			r->body = (int64_t)bytes;
	return true;
}

static void http_lost(void *ctx)
{
	app *a = ctx;
	a->apps->counts.requests_lost += a->side == IC_ORIG;
}

void app_lose_frames(app *a)
{
	a->apps->counts.frames_lost += !a->frames_lost;
	a->frames_lost = true;
}

/* Words of a WebSocket are its frames; those that only hold it open, or end it, are none. */
bool app_feed_frames(app *a, int side, const uint8_t *p, size_t n)
{
	ic_ws_frame f;
	bool bad = false;
	for (size_t at = 0; !a->frames_lost && ic_ws_next(&a->frames[side], p, n, &at, &f, &bad);) {
		if (f.control && f.length <= PING_MOST) {
			a->apps->counts.pings += f.opcode != CLOSE;
			continue;
		}
		uint32_t bytes = f.length < UINT32_MAX ? (uint32_t)f.length : UINT32_MAX;
		if (!app_say(a->apps, a->flow, &(ic_word){ .side = side, .ticks = a->ticks, .bytes = bytes }))
			return false;
	}
	if (bad)
		app_lose_frames(a);
	return true;
}

/* What came counts, not what was announced. */
static bool answer_body_end(void *ctx, uint64_t bytes)
{
	app *a = ctx;
	if (!a->first || !a->answer.known)
		return true;
	a->answer.body = (int64_t)bytes;
	return tell_request(a);
}

static ic_http_sink http_sink(app *a, int side)
{
	return (ic_http_sink){ a, http_head, side == IC_ORIG ? request_body_end : answer_body_end,
			       http_lost };
}

bool app_feed_http(app *a, int side, const uint8_t *p, size_t n)
{
	const ic_http_sink sink = http_sink(a, side);
	size_t used;
	if (!a->http[side] && !(a->http[side] = ic_http_new(side == IC_ORIG)))
		return false;
	ic_http_state st = ic_http_feed(a->http[side], p, n, &used, &sink);
	if (st == IC_HTTP_OTHER && a->carries == WEBSOCKET)
		return app_feed_frames(a, side, p + used, n - used);
	return st != IC_HTTP_FAILED;
}

bool app_end_http(app *a)
{
	bool ok = true;
	for (int side = 0; side < IC_SIDES; side++) {
		const ic_http_sink sink = http_sink(a, side);
		if (a->http[side])
			ic_http_close(a->http[side], &sink);
	}
	while (ok && a->first)
		ok = tell_request(a);
	return ok;
}
