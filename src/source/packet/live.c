/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/live.h"

#include "base/error.h"

#ifdef IC_HAVE_PCAP

#include <errno.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"

enum {
	SNAP = 256 << 10, /* larger than what offloading makes of several packets */
	WAIT_MS = 100,	  /* how long the kernel may hold packets back; how often a stop is looked for */
	LINK_RAW = 101,	  /* of files; in memory libpcap has another number for it */
	FILE_HEADER = 24,
	RECORD_HEADER = 16,
};

struct ic_live {
	const ic_live_options *opt;
	pcap_t *pcap;
	int fd;
	int64_t end; /* ticks of the monotonic clock; INT64_MAX: open */
	bool stopping;
	uint8_t head[FILE_HEADER]; /* of the file, then of each packet */
	const uint8_t *body;	   /* in the kernel's buffer, until the next packet is asked for */
	size_t head_n, head_at, body_n, body_at;
};

static int64_t monotonic(void)
{
	struct timespec t = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * IC_TICKS_S + t.tv_nsec / 100;
}

/* ---- opening ----------------------------------------------------------------------- */

static ic_status no_interface(const char *name, ic_error *err)
{
	ic_buf b;
	ic_buf_init(&b, 200);
	struct if_nameindex *list = if_nameindex();
	for (struct if_nameindex *i = list; i && i->if_index; i++)
		ic_buf_printf(&b, "%s%s", b.n ? ", " : "", i->if_name);
	if_freenameindex(list);
	ic_buf_putc(&b, 0);
	(void)ic_fail_at(err, IC_E_NOINPUT, name, 0, 0, "no such interface; there are: any, %s",
			 b.failed ? "..." : b.p);
	ic_buf_clear(&b);
	return IC_E_NOINPUT;
}

static ic_status cannot_open(const ic_live *l, int status, ic_error *err)
{
	const char *name = l->opt->interface, *why = pcap_geterr(l->pcap);
	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE: return no_interface(name, err);
	case PCAP_ERROR_IFACE_NOT_UP: return ic_fail_at(err, IC_E_NOINPUT, name, 0, 0, "is down");
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return ic_fail_at(err, IC_E_IO, name, 0, 0,
				  "no right to capture: that takes root, or the capability CAP_NET_RAW");
	default: return ic_fail_at(err, IC_E_IO, name, 0, 0, "%s", *why ? why : pcap_statustostr(status));
	}
}

static ic_status set_filter(const ic_live *l, ic_error *err)
{
	struct bpf_program program;
	if (!l->opt->filter)
		return IC_OK;
	if (pcap_compile(l->pcap, &program, l->opt->filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
		return ic_fail(err, IC_E_USAGE, "--bpf: %s", pcap_geterr(l->pcap));
	int status = pcap_setfilter(l->pcap, &program);
	pcap_freecode(&program);
	return status == 0 ? IC_OK : cannot_open(l, status, err);
}

static void put32(uint8_t *to, uint32_t v)
{
	memcpy(to, &v, sizeof v);
}

/* pcap, draft-ietf-opsawg-pcap section 4, in the machine's byte order. */
static void file_header(ic_live *l)
{
	const bool nano = pcap_get_tstamp_precision(l->pcap) == PCAP_TSTAMP_PRECISION_NANO;
	const uint16_t version[] = { 2, 4 };
	const int link = pcap_datalink(l->pcap);
	memset(l->head, 0, sizeof l->head);
	put32(l->head, nano ? 0xa1b23c4d : 0xa1b2c3d4);
	memcpy(l->head + 4, version, sizeof version);
	put32(l->head + 16, SNAP);
	put32(l->head + 20, link == DLT_RAW ? LINK_RAW : (uint32_t)link);
	l->head_n = FILE_HEADER;
}

static ic_status activate(ic_live *l, ic_error *err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	l->pcap = pcap_create(l->opt->interface, why);
	if (!l->pcap)
		return ic_fail_at(err, IC_E_IO, l->opt->interface, 0, 0, "%s", why);
	/* On a handle that is not active yet these fail for want of support only; then defaults will do. */
	(void)pcap_set_snaplen(l->pcap, SNAP);
	(void)pcap_set_promisc(l->pcap, 1);
	(void)pcap_set_timeout(l->pcap, WAIT_MS);
	(void)pcap_set_buffer_size(l->pcap, IC_LIVE_RING_BYTES);
	(void)pcap_set_tstamp_precision(l->pcap, PCAP_TSTAMP_PRECISION_NANO);
	int status = pcap_activate(l->pcap);
	if (status < 0)
		return cannot_open(l, status, err);
	ic_status st = set_filter(l, err);
	if (st != IC_OK)
		return st;
	l->fd = pcap_get_selectable_fd(l->pcap);
	if (l->fd < 0 || pcap_setnonblock(l->pcap, 1, why) != 0)
		return ic_fail_at(err, IC_E_IO, l->opt->interface, 0, 0, "packets cannot be waited for");
	file_header(l);
	return IC_OK;
}

ic_status ic_live_open(const ic_live_options *opt, ic_live **ret, ic_error *err)
{
	ic_live *l = ic_calloc(1, sizeof *l);
	if (!l)
		return ic_fail_nomem(err);
	l->opt = opt;
	l->end = INT64_MAX;
	ic_status st = activate(l, err);
	if (st == IC_OK && opt->opened)
		st = opt->opened(opt->ctx, err);
	if (st != IC_OK) {
		ic_live_close(l);
		return st;
	}
	int64_t now = monotonic();
	if (opt->duration_ticks > 0 && opt->duration_ticks < INT64_MAX - now)
		l->end = now + opt->duration_ticks;
	*ret = l;
	return IC_OK;
}

void ic_live_close(ic_live *l)
{
	if (l && l->pcap)
		pcap_close(l->pcap);
	ic_free(l);
}

/* ---- reading ----------------------------------------------------------------------- */

/* What was asked to end ends when the kernel has handed over what it held at that moment. */
static bool is_over(ic_live *l)
{
	const int64_t now = monotonic(), last = 2 * WAIT_MS * (IC_TICKS_S / 1000);
	const bool stop = l->opt->stopped && l->opt->stopped(l->opt->ctx);
	if (!l->stopping && (stop || now >= l->end)) {
		l->stopping = true;
		l->end = now + last;
	}
	return l->stopping && now >= l->end;
}

/* The next packet: 1 there is one, 0 none is ready, -errno. */
static int take(ic_live *l)
{
	struct pcap_pkthdr *h;
	int got = pcap_next_ex(l->pcap, &h, &l->body);
	if (got <= 0)
		return got < 0 ? -ENETDOWN : 0;
	put32(l->head, (uint32_t)h->ts.tv_sec);
	put32(l->head + 4, (uint32_t)h->ts.tv_usec);
	put32(l->head + 8, h->caplen);
	put32(l->head + 12, h->len);
	l->head_n = RECORD_HEADER;
	l->body_n = h->caplen;
	l->head_at = l->body_at = 0;
	return 1;
}

static size_t copy_part(uint8_t *to, size_t room, const uint8_t *from, size_t *at, size_t n)
{
	size_t part = n - *at < room ? n - *at : room;
	if (part)
		memcpy(to, from + *at, part);
	*at += part;
	return part;
}

ssize_t ic_live_read(void *live, void *to, size_t n)
{
	ic_live *l = live;
	uint8_t *p = to;
	size_t done = 0;
	int got = 0;
	for (bool over = is_over(l);;) {
		done += copy_part(p + done, n - done, l->head, &l->head_at, l->head_n);
		done += copy_part(p + done, n - done, l->body, &l->body_at, l->body_n);
		if (done == n || over)
			break;
		got = take(l);
		if (got < 0 || (got == 0 && done))
			break;
		if (got == 0) {
			struct pollfd wait = { .fd = l->fd, .events = POLLIN };
			(void)poll(&wait, 1, WAIT_MS); /* whatever it says, the next look finds out */
			over = is_over(l);
		}
	}
	const ic_output *save = l->opt->save;
	if (done && save && save->write(save->ctx, to, done) != IC_OK)
		return -EIO;
	return done ? (ssize_t)done : got;
}

uint64_t ic_live_lost(ic_live *l)
{
	struct pcap_stat s;
	return pcap_stats(l->pcap, &s) == 0 ? (uint64_t)s.ps_drop + s.ps_ifdrop : 0;
}

#else

ic_status ic_live_open(const ic_live_options *opt, ic_live **ret, ic_error *err)
{
	(void)opt, (void)ret;
	return ic_fail(err, IC_E_USAGE, "this build captures nothing: it was made without libpcap");
}

void ic_live_close(ic_live *l)
{
	(void)l;
}

ssize_t ic_live_read(void *live, void *to, size_t n)
{
	(void)live, (void)to, (void)n;
	return 0;
}

uint64_t ic_live_lost(ic_live *l)
{
	(void)l;
	return 0;
}

#endif
