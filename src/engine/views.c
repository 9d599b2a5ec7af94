/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/views.h"

#include "plan/functions.h"

#define CONN	  IC_STREAM_BIT(IC_STREAM_CONN)
#define HTTP	  IC_STREAM_BIT(IC_STREAM_HTTP)
#define SSL	  IC_STREAM_BIT(IC_STREAM_SSL)
#define DNS	  IC_STREAM_BIT(IC_STREAM_DNS)
#define WEBSOCKET IC_STREAM_BIT(IC_STREAM_WEBSOCKET)
#define COUNTS	  IC_STREAM_BIT(IC_STREAM_COUNT)
#define BOTH	  (IC_FN_KQL | IC_FN_AQL)

#define FIELD(name, type, f)                                                                                 \
	{                                                                                                    \
		name, IC_Q_##type, IC_VIEW_FIELD, IC_F_##f                                                   \
	}
#define MADE(name, type, how)                                                                                \
	{                                                                                                    \
		name, IC_Q_##type, IC_VIEW_##how, IC_F_TIME                                                  \
	}
#define OF(name, type, how, f)                                                                               \
	{                                                                                                    \
		name, IC_Q_##type, IC_VIEW_##how, IC_F_##f                                                   \
	}
#define EMPTY(name, type)                                                                                    \
	{                                                                                                    \
		name, IC_Q_##type, IC_VIEW_NULL, IC_F_TIME                                                   \
	}

/* Microsoft's documented columns, then what ictus adds: SentBytes, ReceivedBytes, UserAgent. */
static const ic_view_column device_network_events[] = {
	FIELD("Timestamp", DATETIME, TIME),
	EMPTY("DeviceId", STRING),
	MADE("DeviceName", STRING, DEVICE),
	MADE("ActionType", STRING, ACTION_TYPE),
	FIELD("RemoteIP", IP, DST_IP),
	FIELD("RemotePort", INT, DST_PORT),
	FIELD("RemoteUrl", STRING, DST_NAME),
	FIELD("LocalIP", IP, SRC_IP),
	FIELD("LocalPort", INT, SRC_PORT),
	MADE("Protocol", STRING, PROTOCOL),
	OF("LocalIPType", STRING, IP_TYPE, SRC_IP),
	OF("RemoteIPType", STRING, IP_TYPE, DST_IP),
	EMPTY("InitiatingProcessSHA1", STRING),
	EMPTY("InitiatingProcessSHA256", STRING),
	EMPTY("InitiatingProcessMD5", STRING),
	FIELD("InitiatingProcessFileName", STRING, PROCESS),
	EMPTY("InitiatingProcessFileSize", LONG),
	EMPTY("InitiatingProcessVersionInfoCompanyName", STRING),
	EMPTY("InitiatingProcessVersionInfoProductName", STRING),
	EMPTY("InitiatingProcessVersionInfoProductVersion", STRING),
	EMPTY("InitiatingProcessVersionInfoInternalFileName", STRING),
	EMPTY("InitiatingProcessVersionInfoOriginalFileName", STRING),
	EMPTY("InitiatingProcessVersionInfoFileDescription", STRING),
	EMPTY("InitiatingProcessId", LONG),
	EMPTY("InitiatingProcessCommandLine", STRING),
	EMPTY("InitiatingProcessCreationTime", DATETIME),
	FIELD("InitiatingProcessFolderPath", STRING, PROCESS_PATH),
	FIELD("InitiatingProcessParentFileName", STRING, PROCESS_PARENT),
	EMPTY("InitiatingProcessParentId", LONG),
	EMPTY("InitiatingProcessParentCreationTime", DATETIME),
	EMPTY("InitiatingProcessAccountDomain", STRING),
	FIELD("InitiatingProcessAccountName", STRING, USER),
	EMPTY("InitiatingProcessAccountSid", STRING),
	EMPTY("InitiatingProcessAccountUpn", STRING),
	EMPTY("InitiatingProcessAccountObjectId", STRING),
	EMPTY("InitiatingProcessIntegrityLevel", STRING),
	EMPTY("InitiatingProcessTokenElevation", STRING),
	EMPTY("ReportId", LONG),
	EMPTY("AppGuardContainerId", STRING),
	EMPTY("AdditionalFields", STRING),
	EMPTY("InitiatingProcessSessionId", LONG),
	EMPTY("IsInitiatingProcessRemoteSession", BOOL),
	EMPTY("InitiatingProcessRemoteSessionDeviceName", STRING),
	EMPTY("InitiatingProcessRemoteSessionIP", STRING),
	FIELD("SentBytes", LONG, BYTES_OUT),
	FIELD("ReceivedBytes", LONG, BYTES_IN),
	FIELD("UserAgent", STRING, USER_AGENT),
	{ 0 },
};

static const ic_view_column common_security_log[] = {
	FIELD("TimeGenerated", DATETIME, TIME),
	FIELD("StartTime", DATETIME, TIME),
	MADE("EndTime", DATETIME, END),
	EMPTY("DeviceVendor", STRING),
	EMPTY("DeviceProduct", STRING),
	EMPTY("DeviceVersion", STRING),
	EMPTY("DeviceEventClassID", STRING),
	EMPTY("Activity", STRING),
	EMPTY("LogSeverity", STRING),
	EMPTY("AdditionalExtensions", STRING),
	FIELD("DeviceAction", STRING, ACTION),
	FIELD("SimplifiedDeviceAction", STRING, ACTION),
	FIELD("ApplicationProtocol", STRING, SERVICE),
	FIELD("Computer", STRING, SENSOR),
	EMPTY("CommunicationDirection", STRING),
	FIELD("DestinationHostName", STRING, DST_NAME),
	EMPTY("DestinationDnsDomain", STRING),
	FIELD("DestinationIP", IP, DST_IP),
	FIELD("DestinationPort", INT, DST_PORT),
	EMPTY("DestinationTranslatedAddress", STRING),
	EMPTY("DestinationTranslatedPort", INT),
	EMPTY("DestinationUserName", STRING),
	FIELD("EventCount", INT, COUNT),
	EMPTY("DeviceEventCategory", STRING),
	EMPTY("DeviceName", STRING),
	EMPTY("DeviceCustomString1", STRING),
	EMPTY("DeviceCustomString1Label", STRING),
	EMPTY("DeviceCustomString2", STRING),
	EMPTY("DeviceCustomString2Label", STRING),
	EMPTY("DeviceCustomString3", STRING),
	EMPTY("DeviceCustomString3Label", STRING),
	EMPTY("DeviceCustomString4", STRING),
	EMPTY("DeviceCustomString4Label", STRING),
	EMPTY("DeviceCustomString5", STRING),
	EMPTY("DeviceCustomString5Label", STRING),
	EMPTY("DeviceCustomString6", STRING),
	EMPTY("DeviceCustomString6Label", STRING),
	EMPTY("FileHash", STRING),
	EMPTY("FileName", STRING),
	EMPTY("FilePath", STRING),
	EMPTY("FileType", STRING),
	EMPTY("IndicatorThreatType", STRING),
	EMPTY("MaliciousIP", STRING),
	EMPTY("MaliciousIPCountry", STRING),
	EMPTY("ThreatConfidence", STRING),
	EMPTY("ThreatDescription", STRING),
	EMPTY("ThreatSeverity", INT),
	EMPTY("Message", STRING),
	FIELD("ProcessName", STRING, PROCESS),
	MADE("Protocol", STRING, PROTOCOL),
	EMPTY("Reason", STRING),
	FIELD("ReceivedBytes", LONG, BYTES_IN),
	FIELD("SentBytes", LONG, BYTES_OUT),
	FIELD("RequestClientApplication", STRING, USER_AGENT),
	FIELD("RequestContext", STRING, REFERRER),
	FIELD("RequestMethod", STRING, METHOD),
	MADE("RequestURL", STRING, URL),
	FIELD("SourceHostName", STRING, SRC_HOST),
	FIELD("SourceIP", IP, SRC_IP),
	FIELD("SourcePort", INT, SRC_PORT),
	FIELD("SourceUserName", STRING, USER),
	EMPTY("SourceSystem", STRING),
	EMPTY("DestinationMACAddress", STRING),
	EMPTY("DestinationNTDomain", STRING),
	EMPTY("DestinationServiceName", STRING),
	EMPTY("DestinationUserID", STRING),
	EMPTY("DestinationUserPrivileges", STRING),
	EMPTY("DeviceAddress", STRING),
	EMPTY("DeviceCustomNumber1", INT),
	EMPTY("DeviceCustomNumber1Label", STRING),
	EMPTY("DeviceCustomNumber2", INT),
	EMPTY("DeviceCustomNumber2Label", STRING),
	EMPTY("DeviceCustomNumber3", INT),
	EMPTY("DeviceCustomNumber3Label", STRING),
	EMPTY("DeviceExternalID", STRING),
	EMPTY("DeviceFacility", STRING),
	EMPTY("DeviceInboundInterface", STRING),
	EMPTY("DeviceOutboundInterface", STRING),
	EMPTY("EventOutcome", STRING),
	EMPTY("EventType", INT),
	EMPTY("ExternalID", INT),
	EMPTY("FileSize", INT),
	EMPTY("FlexString1", STRING),
	EMPTY("FlexString1Label", STRING),
	EMPTY("FlexString2", STRING),
	EMPTY("FlexString2Label", STRING),
	EMPTY("OriginalLogSeverity", STRING),
	EMPTY("ProcessID", INT),
	EMPTY("ReceiptTime", STRING),
	EMPTY("RequestCookies", STRING),
	EMPTY("SourceDnsDomain", STRING),
	EMPTY("SourceMACAddress", STRING),
	EMPTY("SourceNTDomain", STRING),
	EMPTY("SourceProcessName", STRING),
	EMPTY("SourceServiceName", STRING),
	EMPTY("SourceTranslatedAddress", STRING),
	EMPTY("SourceTranslatedPort", INT),
	EMPTY("SourceUserID", STRING),
	EMPTY("SourceUserPrivileges", STRING),
	EMPTY("_ResourceId", STRING),
	EMPTY("TenantId", STRING),
	EMPTY("Type", STRING),
	{ 0 },
};

static const ic_view_column dns_events[] = {
	FIELD("TimeGenerated", DATETIME, TIME),
	FIELD("Computer", STRING, SENSOR),
	FIELD("ClientIP", IP, SRC_IP),
	FIELD("Name", STRING, DNS_QUERY),
	FIELD("IPAddresses", STRING, DNS_ANSWERS),
	EMPTY("QueryType", STRING),
	EMPTY("SubType", STRING),
	EMPTY("Result", STRING),
	EMPTY("ResultCode", INT),
	EMPTY("MaliciousIP", STRING),
	EMPTY("IndicatorThreatType", STRING),
	FIELD("RemoteIPAddress", IP, DST_IP),
	FIELD("ServerIP", IP, DST_IP),
	{ 0 },
};

#define ASIM_ENDS(result)                                                                                    \
	FIELD("TimeGenerated", DATETIME, TIME), FIELD("EventStartTime", DATETIME, TIME),                     \
	    MADE("EventEndTime", DATETIME, END), FIELD("EventCount", INT, COUNT),                            \
	    EMPTY("EventVendor", STRING), EMPTY("EventProduct", STRING), EMPTY("EventType", STRING), result, \
	    EMPTY("EventSeverity", STRING), FIELD("Dvc", STRING, SENSOR),                                    \
	    FIELD("DvcHostname", STRING, SENSOR), FIELD("DvcAction", STRING, ACTION),                        \
	    FIELD("SrcIpAddr", IP, SRC_IP), FIELD("SrcPortNumber", INT, SRC_PORT),                           \
	    FIELD("SrcHostname", STRING, SRC_HOST), FIELD("SrcUsername", STRING, USER),                      \
	    FIELD("DstIpAddr", IP, DST_IP), FIELD("DstPortNumber", INT, DST_PORT),                           \
	    FIELD("DstHostname", STRING, DST_NAME)

static const ic_view_column asim_network_session[] = {
	ASIM_ENDS(MADE("EventResult", STRING, RESULT)),
	FIELD("NetworkProtocol", STRING, TRANSPORT),
	FIELD("NetworkApplicationProtocol", STRING, SERVICE),
	EMPTY("NetworkDirection", STRING),
	FIELD("NetworkSessionId", STRING, UID),
	FIELD("SrcBytes", LONG, BYTES_OUT),
	FIELD("DstBytes", LONG, BYTES_IN),
	FIELD("SrcPackets", LONG, PACKETS_OUT),
	FIELD("DstPackets", LONG, PACKETS_IN),
	FIELD("SrcProcessName", STRING, PROCESS),
	EMPTY("SrcGeoCountry", STRING),
	EMPTY("DstGeoCountry", STRING),
	EMPTY("DstDomain", STRING),
	{ 0 },
};

static const ic_view_column asim_web_session[] = {
	ASIM_ENDS(MADE("EventResult", STRING, HTTP_RESULT)),
	MADE("Url", STRING, URL),
	FIELD("HttpUserAgent", STRING, USER_AGENT),
	FIELD("HttpRequestMethod", STRING, METHOD),
	FIELD("HttpReferrer", STRING, REFERRER),
	FIELD("HttpHost", STRING, HOST),
	FIELD("HttpContentType", STRING, CONTENT_TYPE),
	FIELD("EventResultDetails", STRING, STATUS),
	FIELD("HttpStatusCode", STRING, STATUS),
	FIELD("SrcBytes", LONG, REQUEST_BODY_BYTES),
	FIELD("DstBytes", LONG, RESPONSE_BODY_BYTES),
	EMPTY("ThreatName", STRING),
	EMPTY("ThreatCategory", STRING),
	EMPTY("UrlCategory", STRING),
	{ 0 },
};

static const ic_view_column asim_dns[] = {
	ASIM_ENDS(EMPTY("EventResult", STRING)),       FIELD("DnsQuery", STRING, DNS_QUERY),
	FIELD("DnsResponseName", STRING, DNS_ANSWERS), EMPTY("DnsQueryTypeName", STRING),
	EMPTY("DnsResponseCodeName", STRING),	       { 0 },
};

/* What AQL's tables have beside the names of the catalogue. */
static const ic_view_column qradar_extra[] = {
	OF("starttime", LONG, MS, TIME),
	OF("devicetime", LONG, MS, TIME),
	OF("firstpackettime", LONG, MS, TIME),
	OF("Start Time", LONG, MS, TIME),
	MADE("endtime", LONG, MS_END),
	MADE("lastpackettime", LONG, MS_END),
	MADE("eventdirection", STRING, DIRECTION),
	MADE("flowdirection", STRING, DIRECTION),
	MADE("protocolid", LONG, PROTOCOL_ID),
	FIELD("protocolname", STRING, TRANSPORT),
	MADE("eventcount", LONG, COUNT),
	MADE("URL", STRING, URL),
	FIELD("logsourcename", STRING, SENSOR),
	FIELD("eventname", STRING, ACTION),
	FIELD("action", STRING, ACTION),
	EMPTY("logsourceid", LONG),
	EMPTY("devicetype", LONG),
	EMPTY("category", LONG),
	EMPTY("qid", LONG),
	EMPTY("applicationid", LONG),
	EMPTY("magnitude", LONG),
	EMPTY("severity", LONG),
	EMPTY("credibility", LONG),
	EMPTY("relevance", LONG),
	EMPTY("domainid", LONG),
	EMPTY("payload", STRING),
	EMPTY("identityip", STRING),
	EMPTY("sourcemac", STRING),
	EMPTY("destinationmac", STRING),
	EMPTY("creeventlist", STRING),
	EMPTY("hasoffense", BOOL),
	{ 0 },
};

const ic_view ic_views[] = {
	{ "DeviceNetworkEvents",
	  "connections as Defender XDR names them, with SentBytes, ReceivedBytes, UserAgent", NULL, IC_FN_KQL,
	  CONN | COUNTS, true, device_network_events, IC_VIEW_LISTED },
	{ "CommonSecurityLog", "connections and requests as Sentinel's firewalls and proxies name them", NULL,
	  IC_FN_KQL, CONN | COUNTS, true, common_security_log, IC_VIEW_LISTED },
	{ "DnsEvents", "DNS queries as Sentinel names them", NULL, IC_FN_KQL, DNS, false, dns_events,
	  IC_VIEW_LISTED },
	{ "ASimNetworkSessionLogs", "connections under the names of ASIM",
	  "_Im_NetworkSession|imNetworkSession", IC_FN_KQL, CONN | COUNTS, true, asim_network_session,
	  IC_VIEW_LISTED },
	{ "ASimWebSessionLogs", "requests under the names of ASIM", "_Im_WebSession|imWebSession", IC_FN_KQL,
	  HTTP, false, asim_web_session, IC_VIEW_LISTED },
	{ "ASimDnsActivityLogs", "DNS queries under the names of ASIM", "_Im_Dns|imDns", IC_FN_KQL, DNS,
	  false, asim_dns, IC_VIEW_LISTED },
	{ "conn", "connections under Zeek's names", NULL, IC_FN_KQL, CONN, false, NULL, IC_VIEW_ZEEK },
	{ "http", "HTTP requests under Zeek's names", NULL, IC_FN_KQL, HTTP, false, NULL, IC_VIEW_ZEEK },
	{ "ssl", "TLS handshakes under Zeek's names", NULL, IC_FN_KQL, SSL, false, NULL, IC_VIEW_ZEEK },
	{ "dns", "DNS queries under Zeek's names", NULL, IC_FN_KQL, DNS, false, NULL, IC_VIEW_ZEEK },
	{ "websocket", "WebSocket upgrades under Zeek's names", NULL, IC_FN_KQL, WEBSOCKET, false, NULL,
	  IC_VIEW_ZEEK },
	{ "telemetry", "every event under the canonical names, event_level tells which", NULL, IC_FN_KQL,
	  IC_ALL_STREAMS, false, NULL, IC_VIEW_CANONICAL },
	{ "events", "connections under QRadar's names", NULL, IC_FN_AQL, CONN | COUNTS, true, NULL,
	  IC_VIEW_QRADAR },
	{ "flows", "connections under QRadar's names of flows", NULL, IC_FN_AQL, CONN | COUNTS, true, NULL,
	  IC_VIEW_QRADAR },
	{ 0 },
};

/* ---- finding ------------------------------------------------------------------------- */

static bool among(const char *list, ic_str name)
{
	for (const char *p = list; p;) {
		const char *bar = strchr(p, '|');
		ic_str one = { p, (uint32_t)(bar ? (size_t)(bar - p) : strlen(p)) };
		if (ic_str_eq(one, name))
			return true;
		p = bar ? bar + 1 : NULL;
	}
	return false;
}

const ic_view *ic_view_find(ic_str name, unsigned language)
{
	for (const ic_view *v = ic_views; v->name; v++) {
		ic_str own = ic_str_of(v->name);
		bool same = language == IC_FN_AQL ? ic_str_ieq(own, name) : ic_str_eq(own, name);
		if (v->languages & language && (same || among(v->aliases, name)))
			return v;
	}
	return NULL;
}

/* ---- columns of the catalogue ---------------------------------------------------------- */

static ic_qtype query_type(ic_type t)
{
	switch (t) {
	case IC_T_BOOL: return IC_Q_BOOL;
	case IC_T_LONG: return IC_Q_LONG;
	case IC_T_REAL: return IC_Q_REAL;
	case IC_T_TIME: return IC_Q_DATETIME;
	case IC_T_IP: return IC_Q_IP;
	case IC_T_STRING: return IC_Q_STRING;
	}
	return IC_Q_STRING;
}

static bool zeek_column(const ic_view *v, ic_field f, ic_view_column *ret)
{
	/* one Zeek column, two fields: the text is Zeek's */
	if (!ic_fields[f].zeek || !(ic_fields[f].zeek_streams & v->streams) || f == IC_F_CERT_VALID)
		return false;
	*ret = (ic_view_column){ ic_fields[f].zeek, query_type(ic_fields[f].type), IC_VIEW_FIELD, f };
	if (f == IC_F_DURATION)
		*ret = (ic_view_column){ ret->name, IC_Q_TIMESPAN, IC_VIEW_SPAN, f };
	else if (f == IC_F_SERVICE)
		ret->how = IC_VIEW_ZEEK_SERVICE;
	else if (f == IC_F_DNS_ANSWERS || f == IC_F_CONTENT_TYPE)
		*ret = (ic_view_column){ ret->name, IC_Q_DYNAMIC, IC_VIEW_LIST, f };
	return true;
}

static bool canonical_column(ic_field f, ic_view_column *ret)
{
	/* where a row stands is known once all before it was read: not to a query */
	if (f == IC_F_SOURCE_FILE || f == IC_F_SOURCE_LINE)
		return false;
	ic_view_how how = f == IC_F_EVENT_LEVEL ? IC_VIEW_LEVEL : IC_VIEW_FIELD;
	*ret = (ic_view_column){ ic_fields[f].name, query_type(ic_fields[f].type), how, f };
	return true;
}

static bool listed_as_extra(ic_str name)
{
	for (const ic_view_column *c = qradar_extra; c->name; c++)
		if (ic_str_ieq(ic_str_of(c->name), name))
			return true;
	return false;
}

/* Alternative k of the field's names in QRadar. */
static bool qradar_column(ic_field f, size_t k, ic_view_column *ret, char name[64])
{
	const char *p = ic_fields[f].qradar;
	for (; p && k; k--) {
		p = strchr(p, '|');
		p = p ? p + 1 : NULL;
	}
	if (!p)
		return false;
	size_t n = strcspn(p, "|");
	bool quoted = n > 1 && p[0] == '"';
	p += quoted;
	n -= quoted ? 2 : 0;
	n = n < 63 ? n : 63;
	memcpy(name, p, n);
	name[n] = 0;
	ic_qtype type = query_type(ic_fields[f].type);
	if (f == IC_F_SRC_PORT || f == IC_F_DST_PORT)
		type = IC_Q_INT;
	*ret = (ic_view_column){ name, type, IC_VIEW_FIELD, f };
	return true;
}

/* The generated columns in turn; fn returns true to stop. */
static bool each_column(const ic_view *v, bool (*fn)(void *ctx, const ic_view_column *c), void *ctx)
{
	ic_view_column c;
	char name[64];
	const ic_view_column *listed = v->made == IC_VIEW_QRADAR ? qradar_extra : v->columns;
	for (; listed && listed->name; listed++)
		if (fn(ctx, listed))
			return true;
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++) {
		if (v->made == IC_VIEW_ZEEK && zeek_column(v, (ic_field)f, &c) && fn(ctx, &c))
			return true;
		if (v->made == IC_VIEW_CANONICAL && canonical_column((ic_field)f, &c) && fn(ctx, &c))
			return true;
		for (size_t k = 0; v->made == IC_VIEW_QRADAR && qradar_column((ic_field)f, k, &c, name); k++)
			if (!listed_as_extra(ic_str_of(name)) && fn(ctx, &c))
				return true;
	}
	return false;
}

static bool count_one(void *ctx, const ic_view_column *c)
{
	(void)c;
	++*(size_t *)ctx;
	return false;
}

size_t ic_view_column_count(const ic_view *v)
{
	size_t n = 0;
	(void)each_column(v, count_one, &n);
	return n;
}

typedef struct wanted {
	size_t left;
	ic_view_column *ret;
	char *name;
} wanted;

static bool take_one(void *ctx, const ic_view_column *c)
{
	wanted *w = ctx;
	if (w->left--)
		return false;
	size_t n = strlen(c->name);
	n = n < 63 ? n : 63;
	memcpy(w->name, c->name, n);
	w->name[n] = 0;
	*w->ret = *c;
	w->ret->name = w->name;
	return true;
}

bool ic_view_column_get(const ic_view *v, size_t i, ic_view_column *ret, char name[64])
{
	wanted w = { i, ret, name };
	return each_column(v, take_one, &w);
}
