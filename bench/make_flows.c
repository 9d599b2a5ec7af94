/* SPDX-License-Identifier: Apache-2.0 */
/* A capture of many connections at once: N of them, ten packets each, one after the other in every round.
 * usage: make_flows CONNECTIONS > FILE */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 10, TEXT = 20, FRAME = 14 + 20 + 20 + TEXT };

static void be(uint8_t *p, unsigned bytes, uint32_t v)
{
	while (bytes--) {
		p[bytes] = (uint8_t)v;
		v >>= 8;
	}
}

static void make(uint8_t *f, uint32_t i, unsigned round)
{
	const unsigned back = round == 1, n = round > 2 ? TEXT : 0;
	const uint32_t client = 0x0a000000 | i % 5000, server = 0xc6000000 | i / 5000,
		       port = 1024 + i / 5000 % 60000;
	memset(f, 0, FRAME);
	memcpy(f, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0", 14);
	f[14] = 0x45;
	be(f + 16, 2, 40 + n);
	f[22] = 64;
	f[23] = 6;
	be(f + 26, 4, back ? server : client);
	be(f + 30, 4, back ? client : server);
	be(f + 34, 2, back ? 443 : port);
	be(f + 36, 2, back ? port : 443);
	be(f + 38, 4, back ? 500 : round == 0 ? 100 : 101 + (round > 3 ? (round - 3) * TEXT : 0));
	be(f + 42, 4, round == 0 ? 0 : back ? 101 : 501);
	f[46] = 0x50;
	f[47] = round == 0 ? 2 : back ? 0x12 : 0x10;
	for (unsigned k = 0; k < n; k++)
		f[54 + k] = (uint8_t)(i * 31 + k);
}

int main(int argc, char **argv)
{
	const uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
	const uint32_t head[6] = { 0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1 };
	fwrite(head, 1, sizeof head, stdout);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < n; i++) {
			uint8_t frame[FRAME];
			const uint32_t length = FRAME - (round > 2 ? 0 : TEXT);
			/* A round takes a second, a handshake is over before anybody gives it up. */
			const uint32_t record[4] = { 1714521600 + round,
						     (uint32_t)((uint64_t)i * 1000000 / n), length, length };
			make(frame, i, round);
			fwrite(record, 1, sizeof record, stdout);
			fwrite(frame, 1, length, stdout);
		}
	}
	return ferror(stdout) || fflush(stdout) != 0;
}
