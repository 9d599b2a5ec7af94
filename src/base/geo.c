/* SPDX-License-Identifier: Apache-2.0 */
#include "base/geo.h"

#include "base/alloc.h"

#ifdef IC_HAVE_MAXMINDDB

#include <arpa/inet.h>
#include <maxminddb.h>
#include <unistd.h>

struct ic_geo {
	MMDB_s db;
};

const bool ic_geo_supported = true;

ic_status ic_geo_open(const char *path, ic_geo **ret)
{
	if (access(path, R_OK) != 0)
		return IC_E_NOTFOUND;
	ic_geo *g = ic_calloc(1, sizeof *g);
	if (!g)
		return IC_E_NOMEM;
	int status = MMDB_open(path, MMDB_MODE_MMAP, &g->db);
	if (status != MMDB_SUCCESS) {
		ic_free(g);
		return status == MMDB_OUT_OF_MEMORY_ERROR ? IC_E_NOMEM : IC_E_FORMAT;
	}
	*ret = g;
	return IC_OK;
}

void ic_geo_close(ic_geo *g)
{
	if (!g)
		return;
	MMDB_close(&g->db);
	ic_free(g);
}

static ic_str text_at(MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s data;
	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING)
		return (ic_str){ 0 };
	return (ic_str){ data.utf8_string, data.data_size };
}

static bool number_at(MMDB_entry_s *entry, const char *const *path, double *ret)
{
	MMDB_entry_data_s data;
	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_DOUBLE)
		return false;
	*ret = data.double_value;
	return true;
}

bool ic_geo_find(const ic_geo *g, const ic_ip *ip, ic_geo_place *ret)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	int error = MMDB_SUCCESS;
	memcpy(&v4.sin_addr, ip->b + 12, 4);
	memcpy(&v6.sin6_addr, ip->b, 16);
	const struct sockaddr *address =
	    ic_ip_is_v4(ip) ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
	MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&g->db, address, &error);
	if (error != MMDB_SUCCESS || !found.found_entry)
		return false;
	*ret = (ic_geo_place){
		.country = text_at(&found.entry, (const char *const[]){ "country", "names", "en", NULL }),
		.state =
		    text_at(&found.entry, (const char *const[]){ "subdivisions", "0", "names", "en", NULL }),
		.city = text_at(&found.entry, (const char *const[]){ "city", "names", "en", NULL }),
	};
	ret->has_point =
	    number_at(&found.entry, (const char *const[]){ "location", "latitude", NULL }, &ret->latitude) &&
	    number_at(&found.entry, (const char *const[]){ "location", "longitude", NULL }, &ret->longitude);
	return true;
}

#else

const bool ic_geo_supported = false;

ic_status ic_geo_open(const char *path, ic_geo **ret)
{
	(void)path;
	(void)ret;
	return IC_E_NOTFOUND;
}

void ic_geo_close(ic_geo *g)
{
	(void)g;
}

bool ic_geo_find(const ic_geo *g, const ic_ip *ip, ic_geo_place *ret)
{
	(void)g;
	(void)ip;
	(void)ret;
	return false;
}

#endif
