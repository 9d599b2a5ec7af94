/* SPDX-License-Identifier: Apache-2.0 */
#include "table/fields.h"

#define CONN	   IC_STREAM_BIT(IC_STREAM_CONN)
#define HTTP	   IC_STREAM_BIT(IC_STREAM_HTTP)
#define SSL	   IC_STREAM_BIT(IC_STREAM_SSL)
#define DNS	   IC_STREAM_BIT(IC_STREAM_DNS)
#define WEBSOCKET  IC_STREAM_BIT(IC_STREAM_WEBSOCKET)
#define ALL	   (CONN | HTTP | SSL | DNS | WEBSOCKET)
#define NO_ZEEK	   NULL, 0
#define ON_REQUEST true

/* name, type, unit, meaning, Zeek column and logs, EVE, Defender, QRadar, ECS. A Zeek name of NULL with logs
 * set means that the reader of those logs derives the value. */
const ic_field_def ic_fields[IC_FIELD_COUNT] = {
	[IC_F_TIME] = { "time", IC_T_TIME, "", "start of the connection, or time of the request or hello",
			"ts", ALL, "flow.start|timestamp", "Timestamp|TimeGenerated|EventTime",
			"starttime|firstpackettime|devicetime|\"Start Time\"", "event.start|@timestamp" },
	[IC_F_EVENT_LEVEL] = { "event_level", IC_T_STRING, "",
			       "what the row counts: connection, request, handshake, burst or count", NULL,
			       ALL, "event_type", NULL, NULL, NULL },
	[IC_F_UID] = { "uid", IC_T_STRING, "", "the source's id of the connection", "uid", ALL, "flow_id",
		       NULL, NULL, "zeek.session_id|suricata.eve.flow_id|log.id.uid|flow.id" },
	[IC_F_SENSOR] = { "sensor", IC_T_STRING, "", "who saw it", NULL, ALL, "host", NULL,
			  "logsourcename|logsourceid", "observer.name|observer.hostname" },
	[IC_F_SRC_IP] = { "src_ip", IC_T_IP, "", "address of the initiator", "id.orig_h", ALL, "src_ip",
			  "LocalIP", "sourceip", "source.ip|client.ip" },
	[IC_F_SRC_PORT] = { "src_port", IC_T_LONG, "", "port of the initiator", "id.orig_p", ALL, "src_port",
			    "LocalPort", "sourceport", "source.port|client.port" },
	[IC_F_DST_IP] = { "dst_ip", IC_T_IP, "", "address of the responder", "id.resp_h", ALL, "dest_ip",
			  "RemoteIP", "destinationip", "destination.ip|server.ip" },
	[IC_F_DST_PORT] = { "dst_port", IC_T_LONG, "", "port of the responder", "id.resp_p", ALL, "dest_port",
			    "RemotePort", "destinationport", "destination.port|server.port" },
	[IC_F_TRANSPORT] = { "transport", IC_T_STRING, "", "tcp, udp or icmp", "proto", CONN | DNS, "proto",
			     "Protocol", "protocolname|protocolid", "network.transport" },
	[IC_F_SERVICE] = { "service", IC_T_STRING, "", "http, tls, quic, websocket, dns..., by content",
			   "service", CONN, "app_proto", "ActionType", "applicationname",
			   "network.protocol" },
	[IC_F_DURATION] = { "duration_s", IC_T_REAL, "s", "from the first to the last packet", "duration",
			    CONN, "flow.age", NULL, NULL, "event.duration" },
	[IC_F_BYTES_OUT] = { "bytes_out", IC_T_LONG, "bytes", "payload from the initiator", "orig_bytes",
			     CONN, NULL, "SentBytes|BytesSent",
			     "bytesout|sourcebytes|BytesSent|\"Bytes Sent\"", "client.bytes|source.bytes" },
	[IC_F_BYTES_IN] = { "bytes_in", IC_T_LONG, "bytes", "payload to the initiator", "resp_bytes", CONN,
			    NULL, "ReceivedBytes|BytesReceived",
			    "bytesin|destinationbytes|BytesReceived|\"Bytes Received\"",
			    "server.bytes|destination.bytes" },
	[IC_F_IP_BYTES_OUT] = { "ip_bytes_out", IC_T_LONG, "bytes",
				"IP packets from the initiator, headers included", "orig_ip_bytes", CONN,
				"flow.bytes_toserver", NULL, NULL, "client.ip_bytes|source.bytes" },
	[IC_F_IP_BYTES_IN] = { "ip_bytes_in", IC_T_LONG, "bytes",
			       "IP packets to the initiator, headers included", "resp_ip_bytes", CONN,
			       "flow.bytes_toclient", NULL, NULL, "server.ip_bytes|destination.bytes" },
	[IC_F_PACKETS_OUT] = { "packets_out", IC_T_LONG, "packets", "packets from the initiator", "orig_pkts",
			       CONN, "flow.pkts_toserver", NULL, "sourcepackets",
			       "source.packets|client.packets" },
	[IC_F_PACKETS_IN] = { "packets_in", IC_T_LONG, "packets", "packets to the initiator", "resp_pkts",
			      CONN, "flow.pkts_toclient", NULL, "destinationpackets",
			      "destination.packets|server.packets" },
	[IC_F_CONN_STATE] = { "conn_state", IC_T_STRING, "",
			      "how the connection went, as Zeek names it: S0, SF, REJ...", "conn_state", CONN,
			      NULL, NULL, NULL, "zeek.connection.state|connection.state" },
	[IC_F_ACTION] = { "action", IC_T_STRING, "", "allowed, blocked or failed, as the source says",
			  NO_ZEEK, "alert.action", "ActionType", "action|eventname", "event.action" },
	[IC_F_SRC_HOST] = { "src_host", IC_T_STRING, "", "name of the endpoint", NO_ZEEK, NULL,
			    "DeviceName|ComputerName", "sourcehostname|hostname|identityhostname",
			    "source.domain|client.domain" },
	[IC_F_USER] = { "user", IC_T_STRING, "", "login name", "username", HTTP, NULL,
			"InitiatingProcessAccountName", "username",
			"user.name|source.user.name|client.user.name|http.user" },
	[IC_F_PROCESS] = { "process", IC_T_STRING, "", "image name of the process", NO_ZEEK, NULL,
			   "InitiatingProcessFileName", "\"Process Name\"|processname", "process.name" },
	[IC_F_PROCESS_PATH] = { "process_path", IC_T_STRING, "", "image path of the process", NO_ZEEK, NULL,
				"InitiatingProcessFolderPath", "\"Process Path\"|processpath|Image",
				"process.executable" },
	[IC_F_PROCESS_PARENT] = { "process_parent", IC_T_STRING, "", "image name of its parent", NO_ZEEK,
				  NULL, "InitiatingProcessParentFileName",
				  "\"Parent Process Name\"|parentprocessname", "process.parent.name" },
	[IC_F_DST_NAME] = { "dst_name", IC_T_STRING, "",
			    "name of the destination: of CONNECT or URL, Host, SNI; lower case, no port",
			    NULL, HTTP | SSL | WEBSOCKET, NULL, "RemoteUrl",
			    "destinationhostname|\"URL Host\"",
			    "url.domain|destination.domain|server.domain" },
	[IC_F_METHOD] = { "method", IC_T_STRING, "", "HTTP method", "method", HTTP, "http.http_method", NULL,
			  "\"HTTP Method\"|httpmethod|method", "http.request.method|http.method" },
	[IC_F_URI] = { "uri", IC_T_STRING, "", "HTTP request target", "uri", HTTP | WEBSOCKET, "http.url",
		       NULL, "URL|url", "url.original|url.full|url.path|http.uri" },
	[IC_F_HOST] = { "host", IC_T_STRING, "", "HTTP Host header", "host", HTTP | WEBSOCKET,
			"http.hostname", NULL, "\"HTTP Host\"|httphost", "url.domain|http.virtual_host" },
	[IC_F_STATUS] = { "status", IC_T_LONG, "", "HTTP status code", "status_code", HTTP, "http.status",
			  NULL, "\"HTTP Response Code\"|httpstatus|\"Response Code\"",
			  "http.response.status_code|http.status_code" },
	[IC_F_USER_AGENT] = { "user_agent", IC_T_STRING, "", "HTTP User-Agent header", "user_agent",
			      HTTP | WEBSOCKET, "http.http_user_agent", "UserAgent",
			      "\"User Agent\"|UserAgent|useragent", "user_agent.original|http.useragent" },
	[IC_F_REFERRER] = { "referrer", IC_T_STRING, "", "HTTP Referer header", "referrer", HTTP,
			    "http.http_refer", NULL, "Referrer|Referer|\"HTTP Referrer\"",
			    "http.request.referrer|http.referrer" },
	[IC_F_CONTENT_TYPE] = { "content_type", IC_T_STRING, "", "media type of the answer",
				"resp_mime_types", HTTP, "http.http_content_type", NULL,
				"\"Content Type\"|contenttype",
				"http.response.mime_type|zeek.http.resp_mime_types|file.resp_mime_types" },
	[IC_F_SNI] = { "sni", IC_T_STRING, "", "server name asked for in the TLS hello", "server_name", SSL,
		       "tls.sni", NULL, "\"TLS Server Name\"|sni",
		       "tls.client.server_name|zeek.ssl.server.name|ssl.server_name" },
	[IC_F_ALPN] = { "alpn", IC_T_STRING, "", "application protocol agreed in TLS", "next_protocol", SSL,
			"tls.alpn", NULL, "\"TLS ALPN\"|alpn", "tls.next_protocol|ssl.next_protocol" },
	[IC_F_TLS_VERSION] = { "tls_version", IC_T_STRING, "", "TLS version agreed", "version", SSL,
			       "tls.version", NULL, "\"TLS Version\"|tlsversion",
			       "zeek.ssl.version|ssl.version|tls.version" },
	[IC_F_CERT_SUBJECT] = { "cert_subject", IC_T_STRING, "", "subject of the server's certificate",
				"subject", SSL, "tls.subject", NULL, "\"Certificate Subject\"",
				"tls.server.subject|suricata.eve.tls.subject|ssl.certificate.subject" },
	[IC_F_CERT_ISSUER] = { "cert_issuer", IC_T_STRING, "", "issuer of the server's certificate", "issuer",
			       SSL, "tls.issuerdn", NULL, "\"Certificate Issuer\"",
			       "tls.server.issuer|suricata.eve.tls.issuerdn|ssl.certificate.issuer" },
	[IC_F_CERT_VALID] = { "cert_valid", IC_T_BOOL, "", "whether the certificate chain was valid",
			      "validation_status", SSL, NULL, NULL, NULL, NULL },
	[IC_F_JA3] = { "ja3", IC_T_STRING, "", "JA3 fingerprint of the client hello", "ja3", SSL,
		       "tls.ja3.hash", NULL, "\"JA3 Hash\"|ja3", "tls.client.ja3|hash.ja3" },
	[IC_F_JA3S] = { "ja3s", IC_T_STRING, "", "JA3S fingerprint of the server hello", "ja3s", SSL,
			"tls.ja3s.hash", NULL, "\"JA3S Hash\"|ja3s", "tls.server.ja3s|hash.ja3s" },
	[IC_F_JA4] = { "ja4", IC_T_STRING, "", "JA4 fingerprint of the client hello", "ja4", SSL, "tls.ja4",
		       NULL, "\"JA4 Fingerprint\"|ja4", "tls.client.ja4|suricata.eve.tls.ja4|hash.ja4" },
	[IC_F_COMMUNITY_ID] = { "community_id", IC_T_STRING, "", "Community ID flow hash", "community_id",
				ALL, "community_id", NULL, "\"Community ID\"", "network.community_id" },
	[IC_F_COUNT] = { "count", IC_T_LONG, "", "events behind this row; 1 unless the source aggregates",
			 NO_ZEEK, NULL, "AdditionalFields.uniqueEventsAggregated", "eventcount", NULL },
	[IC_F_SOURCE_FILE] = { "source_file", IC_T_STRING, "", "file the row came from", NO_ZEEK, NULL, NULL,
			       NULL, NULL, ON_REQUEST },
	[IC_F_SOURCE_LINE] = { "source_line", IC_T_LONG, "", "line of that file, from 1", NO_ZEEK, NULL, NULL,
			       NULL, NULL, ON_REQUEST },
	[IC_F_REQUEST_BODY_BYTES] = { "request_body_bytes", IC_T_LONG, "bytes", "body of the HTTP request",
				      "request_body_len", HTTP, NULL, NULL, NULL,
				      "http.request.body.bytes|http.request.body.length", ON_REQUEST },
	[IC_F_RESPONSE_BODY_BYTES] = { "response_body_bytes", IC_T_LONG, "bytes", "body of the HTTP answer",
				       "response_body_len", HTTP, "http.length", NULL, NULL,
				       "http.response.body.bytes|http.response.body.length", ON_REQUEST },
	[IC_F_CERT_STATUS] = { "cert_status", IC_T_STRING, "", "what the check of the chain said",
			       "validation_status", SSL, NULL, NULL, NULL,
			       "zeek.ssl.validation.status|ssl.validation_status", ON_REQUEST },
	[IC_F_DNS_QUERY] = { "dns_query", IC_T_STRING, "", "name asked for", "query", DNS, "dns.rrname", NULL,
			     "\"DNS Query\"|dnsquery",
			     "dns.question.name|suricata.eve.dns.rrname|dns.query.name", ON_REQUEST },
	[IC_F_DNS_ANSWERS] = { "dns_answers", IC_T_STRING, "", "answers, joined by commas", "answers", DNS,
			       "dns.answers", NULL, "\"DNS Answers\"|dnsanswers", "dns.resolved_ip",
			       ON_REQUEST },
};

/* As == but "id_orig_h" also names "id.orig_h", as JSON shippers write it. */
static bool zeek_name_is(const char *zeek, ic_str name)
{
	ic_str z = ic_str_of(zeek);
	if (ic_str_eq(z, name))
		return true;
	return z.n == name.n && z.n > 3 && memcmp(z.p, "id.", 3) == 0 && memcmp(name.p, "id_", 3) == 0 &&
	       memcmp(z.p + 3, name.p + 3, z.n - 3) == 0;
}

int ic_field_find(ic_str name)
{
	for (int f = 0; f < IC_FIELD_COUNT; f++)
		if (ic_str_eq(ic_str_of(ic_fields[f].name), name))
			return f;
	for (int f = 0; f < IC_FIELD_COUNT; f++)
		if (ic_fields[f].zeek && zeek_name_is(ic_fields[f].zeek, name))
			return f;
	return -1;
}

const char *ic_stream_level(ic_stream s)
{
	switch (s) {
	case IC_STREAM_HTTP:
	case IC_STREAM_DNS:
	case IC_STREAM_WEBSOCKET: return "request";
	case IC_STREAM_SSL: return "handshake";
	case IC_STREAM_COUNT: return "count";
	case IC_STREAM_BURST: return "burst";
	case IC_STREAM_CONN:
	case IC_STREAM_NONE: break;
	}
	return "connection";
}

const char *ic_stream_name(ic_stream s)
{
	static const char *const names[] = { "conn", "http", "ssl", "dns", "websocket", "count", "burst" };
	return (unsigned)s < sizeof names / sizeof *names ? names[s] : "none";
}
