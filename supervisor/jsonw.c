#include <stdlib.h>

#include "../common/scan.h"
#include "../common/timestamp.h"

#include "jsonw.h"

void
jsonw_init(struct jsonw * w, struct buf * b)
{

	*w = (struct jsonw) { .b = b };
}

/* Append the text as a string; what is no UTF-8 is replaced. */
static void
put_text(struct buf * b, const char * s, size_t n)
{
	struct buf clean = { NULL, 0, 0 };
	size_t i, k;

	if (scan_put_text(b, s, n) == 0)
		return;
	for (i = 0; i < n; i += k) {
		unsigned char c = (unsigned char)s[i];

		k = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		if (k <= n - i && scan_utf8(s + i, k, NULL))
			buf_put(&clean, s + i, k);
		else {
			buf_puts(&clean, "\xef\xbf\xbd");
			k = 1;
		}
	}
	scan_put_text(b, clean.p, clean.n);
	buf_free(&clean);
}

/* What comes before a value: a comma, its name. */
static void
lead(struct jsonw * w, const char * name)
{

	if (w->more[w->depth])
		buf_putc(w->b, ',');
	w->more[w->depth] = 1;
	if (name != NULL) {
		put_text(w->b, name, strlen(name));
		buf_putc(w->b, ':');
	}
}

static void
begin(struct jsonw * w, const char * name, char open, char close)
{

	lead(w, name);
	if (w->depth + 1 >= JSONW_DEPTH)
		abort();
	buf_putc(w->b, open);
	w->depth++;
	w->close[w->depth] = close;
	w->more[w->depth] = 0;
}

void
jsonw_object(struct jsonw * w, const char * name)
{

	begin(w, name, '{', '}');
}

void
jsonw_array(struct jsonw * w, const char * name)
{

	begin(w, name, '[', ']');
}

void
jsonw_end(struct jsonw * w)
{

	buf_putc(w->b, w->close[w->depth]);
	w->depth--;
}

void
jsonw_text(struct jsonw * w, const char * name, const char * text)
{

	if (text == NULL) {
		jsonw_null(w, name);
		return;
	}
	lead(w, name);
	put_text(w->b, text, strlen(text));
}

void
jsonw_i64(struct jsonw * w, const char * name, int64_t v)
{

	lead(w, name);
	buf_put_i64(w->b, v);
}

void
jsonw_u64(struct jsonw * w, const char * name, uint64_t v)
{

	lead(w, name);
	buf_put_u64(w->b, v);
}

void
jsonw_bool(struct jsonw * w, const char * name, int v)
{

	jsonw_raw(w, name, v ? "true" : "false");
}

void
jsonw_null(struct jsonw * w, const char * name)
{

	jsonw_raw(w, name, "null");
}

void
jsonw_raw(struct jsonw * w, const char * name, const char * text)
{

	lead(w, name);
	buf_puts(w->b, text);
}

void
jsonw_time(struct jsonw * w, const char * name, int64_t us)
{
	char text[TIMESTAMP_LEN + 1];

	if (us == 0) {
		jsonw_null(w, name);
		return;
	}
	timestamp_format(us, text);
	text[TIMESTAMP_LEN] = '\0';
	jsonw_text(w, name, text);
}

void
jsonw_put_fraction(struct buf * b, int64_t us, int64_t unit)
{
	int64_t rest = us % unit;
	int digits;

	buf_put_i64(b, us / unit);
	if (rest == 0)
		return;
	buf_putc(b, '.');
	for (digits = 0; rest != 0 && digits < 6; digits++) {
		rest *= 10;
		buf_putc(b, (char)('0' + rest / unit));
		rest %= unit;
	}
}

void
jsonw_seconds(struct jsonw * w, const char * name, int64_t us)
{

	if (us < 0) {
		jsonw_null(w, name);
		return;
	}
	lead(w, name);
	jsonw_put_fraction(w->b, us, 1000000);
}
