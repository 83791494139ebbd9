#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "scan.h"

#include "log.h"

#define LINE_MAX_BYTES	4096	/* a longer line is cut */
#define WIPE		"\r\033[K"	/* to column 1, erase the line */

static struct {
	const char * component;
	enum log_level level;	/* the lowest that is written */
	int text;
	int terminal;		/* text, to a terminal that can wipe a line */
} logger = { "millrace", LOG_LEVEL_INFO, 1, 0 };

static const char * const level_names[] = { "debug", "info", "warn",
	"error" };

/* A line under construction, on the stack: logging needs no memory. */
struct line {
	char p[LINE_MAX_BYTES + 2];	/* room for "}\n" */
	size_t n;
};

static void __attribute__((format(printf, 2, 3)))
add(struct line * l, const char * fmt, ...)
{
	size_t room = LINE_MAX_BYTES - l->n;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->p + l->n, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->n += (size_t)n < room ? (size_t)n : room - 1;
}

/*
 * The length of the UTF-8 sequence at ${s}, above 0x7f.  0 if it is none, or
 * a control code of its own (U+0080 to U+009F), which terminals obey.
 */
static size_t
printable(const char * s)
{
	unsigned char c = (unsigned char)s[0];
	size_t n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (strnlen(s, n) < n || !scan_utf8(s, n, NULL) ||
	    (c == 0xc2 && (unsigned char)s[1] < 0xa0))
		return (0);
	return (n);
}

/*
 * Add text of which no byte can end the line or the JSON string, or reach
 * the terminal as a control sequence.  Names in UTF-8 stay.
 */
static void
add_escaped(struct line * l, const char * s)
{
	unsigned char c;
	size_t n;

	for (; (c = (unsigned char)*s) != '\0'; s += n) {
		n = 1;
		if (l->n + 8 > LINE_MAX_BYTES / 4 * 3) {
			add(l, "...");
			return;
		}
		if (c == '"' || c == '\\') {
			if (!logger.text)
				l->p[l->n++] = '\\';
			l->p[l->n++] = (char)c;
		} else if (c >= 0x20 && c < 0x7f) {
			l->p[l->n++] = (char)c;
		} else if (c >= 0x80 && (n = printable(s)) > 0) {
			memcpy(l->p + l->n, s, n);
			l->n += n;
		} else {
			n = 1;
			add(l, "\\u%04x", c);
		}
	}
}

static void
add_field(struct line * l, const struct log_field * f)
{

	if (f->kind == LOG_F_TEXT && f->text == NULL)
		return;
	add(l, ",\"%s\":", f->name);
	switch (f->kind) {
	case LOG_F_TEXT:
		add(l, "\"");
		add_escaped(l, f->text);
		add(l, "\"");
		break;
	case LOG_F_INT:
		add(l, "%jd", (intmax_t)f->num);
		break;
	case LOG_F_MICROS:
		add(l, "%jd.%06jd", (intmax_t)(f->num / 1000000),
		    (intmax_t)(f->num % 1000000));
		break;
	}
}

/* The JSON line up to the message. */
static void
add_head(struct line * l, enum log_level level)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	add(l, "{\"timestamp\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ\","
	    "\"level\":\"%s\",\"component\":\"%s\"", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    now.tv_nsec / 1000, level_names[level], logger.component);
}

static void
emit(enum log_level level, const struct log_field * f, const char * msg)
{
	struct line l;
	size_t done = 0;
	ssize_t n;

	l.n = 0;
	if (logger.text) {
		add(&l, "%s%s: ", logger.terminal ? WIPE : "",
		    logger.component);
		if (level == LOG_LEVEL_WARN)
			add(&l, "warning: ");
		add_escaped(&l, msg);
	} else {
		add_head(&l, level);
		for (; f != NULL && f->name != NULL; f++)
			add_field(&l, f);
		add(&l, ",\"message\":\"");
		add_escaped(&l, msg);
		add(&l, "\"");
		l.p[l.n++] = '}';
	}
	l.p[l.n++] = '\n';
	while (done < l.n) {
		n = write(STDERR_FILENO, l.p + done, l.n - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			break;
	}
}

static void __attribute__((format(printf, 4, 0)))
event(enum log_level level, const struct log_field * f, int with_errno,
    const char * fmt, va_list ap)
{
	char msg[2048];
	int e = errno;
	size_t n;

	if (level < logger.level)
		return;
	vsnprintf(msg, sizeof msg, fmt, ap);
	n = strlen(msg);
	if (with_errno)
		snprintf(msg + n, sizeof msg - n, ": %s", strerror(e));
	emit(level, f, msg);
	errno = e;
}

void
log_open(const char * component)
{
	const char * s;
	size_t i;

	logger.component = component;
	logger.text = isatty(STDERR_FILENO);
	if ((s = getenv("LOG_FORMAT")) != NULL && *s != '\0') {
		if (strcmp(s, "json") == 0 || strcmp(s, "text") == 0)
			logger.text = (s[0] == 't');
		else
			log_warn("LOG_FORMAT: \"%s\" is not json or text", s);
	}
	if (logger.text && isatty(STDERR_FILENO))
		logger.terminal = (s = getenv("TERM")) != NULL &&
		    *s != '\0' && strcmp(s, "dumb") != 0;
	if ((s = getenv("LOG_LEVEL")) == NULL || *s == '\0')
		return;
	for (i = 0; i < 4 && strcmp(s, level_names[i]) != 0; i++)
		continue;
	if (i < 4)
		logger.level = (enum log_level)i;
	else
		log_warn("LOG_LEVEL: \"%s\" is not debug, info, warn or error",
		    s);
}

int
log_shows(enum log_level level)
{

	return (level >= logger.level);
}

int
log_is_text(void)
{

	return (logger.text);
}

int
log_terminal(void)
{

	return (logger.terminal);
}

void
log_event(enum log_level level, const struct log_field * f, const char * fmt,
    ...)
{
	va_list ap;

	va_start(ap, fmt);
	event(level, f, 0, fmt, ap);
	va_end(ap);
}

#define DEFINE_LOG(name, level, with_errno)			\
void								\
name(const char * fmt, ...)					\
{								\
	va_list ap;						\
								\
	va_start(ap, fmt);					\
	event((level), NULL, (with_errno), fmt, ap);		\
	va_end(ap);						\
}

DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG, 0)
DEFINE_LOG(log_info, LOG_LEVEL_INFO, 0)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN, 0)
DEFINE_LOG(log_error, LOG_LEVEL_ERROR, 0)
DEFINE_LOG(log_warn_sys, LOG_LEVEL_WARN, 1)
DEFINE_LOG(log_error_sys, LOG_LEVEL_ERROR, 1)
