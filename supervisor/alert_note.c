#include "jsonw.h"

#include "alert.h"

/*
 * A note, for programs.
 */

const char *
alert_kind_name(enum alert_kind kind)
{
	static const char * const names[ALERT_KINDS] = { "failed", "stalled",
		"server_away", "disk_low", "storage_low", "checkpoint",
		"rejects", "row_count", "lag", "schema_drift", "difference",
		"verify", "barrier" };

	return (names[kind]);
}

const char *
alert_turn_name(enum alert_turn turn)
{
	static const char * const names[] = { "raised", "reminder",
		"cleared" };

	return (names[turn]);
}

void
alert_put_json(const struct alert_note * n, const char * host,
    int64_t now_wall, struct buf * b)
{
	static const char * const severity[] = { "debug", "info", "warn",
		"error" };
	struct buf text = { NULL, 0, 0 };
	struct jsonw w;

	buf_printf(&text, "millrace on %s: %s%s", host,
	    n->turn == ALERT_REMINDER ? "still: " : "", n->message);
	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_text(&w, "text", buf_text(&text));
	jsonw_text(&w, "alert", alert_kind_name(n->kind));
	jsonw_text(&w, "state", alert_turn_name(n->turn));
	jsonw_text(&w, "severity", severity[n->severity]);
	jsonw_text(&w, "subject", n->subject);
	jsonw_text(&w, "run", n->run);
	jsonw_text(&w, "message", n->message);
	jsonw_time(&w, "since", n->since_wall);
	jsonw_time(&w, "time", now_wall);
	jsonw_u64(&w, "count", n->count);
	jsonw_text(&w, "host", host);
	jsonw_end(&w);
	buf_putc(b, '\n');
	buf_free(&text);
}
