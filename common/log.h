#ifndef LOG_H_
#define LOG_H_

#include <stdint.h>

/*
 * One voice for everything that a program says on standard error: one line
 * and one write(2) per event.  To a terminal a line is readable text,
 * "load: orders: 1000 documents written"; elsewhere it is one JSON object
 * with the members timestamp, level, component, message, and the fields of
 * the event.  The environment variable LOG_FORMAT (json, text) overrides the
 * choice, LOG_LEVEL (debug, info, warn, error) drops what is below it.
 *
 * A message never holds a value of a row, a password or a connection string.
 */

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR };

/* One field of an event.  Made by the macros below, ended by LOG_END. */
struct log_field {
	const char * name;	/* NULL in the last field of a list */
	enum { LOG_F_TEXT, LOG_F_INT, LOG_F_MICROS } kind;
	const char * text;	/* LOG_F_TEXT; NULL leaves the field out */
	int64_t num;		/* LOG_F_INT; LOG_F_MICROS: microseconds,
				 * printed as seconds with six decimals */
};
#define LOG_TEXT(n, v)		{ (n), LOG_F_TEXT, (v), 0 }
#define LOG_INT(n, v)		{ (n), LOG_F_INT, NULL, (int64_t)(v) }
#define LOG_MICROS(n, v)	{ (n), LOG_F_MICROS, NULL, (int64_t)(v) }
#define LOG_END			{ NULL, LOG_F_INT, NULL, 0 }
#define LOG_FIELDS(...)		((const struct log_field[]) \
				    { __VA_ARGS__, LOG_END })

/**
 * log_open(component):
 * Name the program as ${component}, a string constant, and read LOG_FORMAT
 * and LOG_LEVEL.  To be called first in main(); a bad value of either is
 * reported, and the default taken.
 */
void log_open(const char * component);

/**
 * log_event(level, fields, fmt, ...):
 * Write one event with ${fields} (LOG_FIELDS(...), or NULL for none) and the
 * formatted message.  Control bytes are escaped, and errno is left alone.
 */
void log_event(enum log_level level, const struct log_field * fields,
    const char * fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * log_debug(fmt, ...), log_info(...), log_warn(...), log_error(...):
 * Events without fields.
 */
void log_debug(const char * fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char * fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char * fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char * fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * log_warn_sys(fmt, ...), log_error_sys(fmt, ...):
 * The same with ": " and the text of errno behind the message.
 */
void log_warn_sys(const char * fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error_sys(const char * fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* Nonzero if events of ${level} are written (LOG_LEVEL). */
int log_shows(enum log_level level);

/**
 * log_terminal(void):
 * Return nonzero if events go to a terminal as text.  Then each event wipes
 * the line that the cursor is in before it is written: so a line may be
 * painted there (progress.h), also by another program of the pipeline.
 */
int log_terminal(void);

/**
 * log_is_text(void):
 * Return nonzero if events are written as readable text.
 */
int log_is_text(void);

#endif /* !LOG_H_ */
