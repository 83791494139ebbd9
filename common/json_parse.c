#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS	/* without them jsmn is quadratic */
#include <jsmn.h>

#include "mem.h"
#include "scan.h"

#include "json_impl.h"

/*
 * jsmn's tokens, walked in step with the text.  A token tells where a value
 * or name is; what stands in it and between it and the next is checked here.
 */
struct walk {
	struct json * doc;
	const jsmntok_t * tok;
	size_t ntok;
	size_t next;			/* token */
	uint32_t at;			/* in the text */
	const char * what;		/* what is wrong, and where */
	uint32_t where;
};

static int
fail(struct walk * w, const char * what, size_t where)
{

	w->what = what;
	w->where = (uint32_t)where;
	return (-1);
}

/*
 * Where jsmn has to stop: behind the first bracket that closes nothing or
 * nests too deeply, else at the end.  Either is an error, which the walk will
 * find; but jsmn would take quadratic time for a text of such brackets.
 */
static uint32_t
sane_length(const char * p, uint32_t n)
{
	int depth = 0, string = 0, word = 0;
	uint32_t i;

	for (i = 0; i < n; i++) {
		char c = p[i];

		if (string) {
			i += (c == '\\');
			string = (c != '"');
		} else if (c == ']' || c == '}') {
			word = 0;
			if (--depth < 0)
				return (i + 1);
		} else if (c == ',' || c == ' ' || c == '\t' || c == '\n' ||
		    c == '\r') {
			word = 0;
		} else if (!word) {
			string = (c == '"');
			if ((c == '[' || c == '{') &&
			    ++depth > SCAN_DEPTH_MAX)
				return (i + 1);
			word = !string && c != '[' && c != '{' && c != ':';
		}
	}
	return (n);
}

/* Run jsmn over the text; the tokens are the caller's to free. */
static jsmntok_t *
tokenize(const struct json * doc, size_t * ntok)
{
	uint32_t n = sane_length(doc->text, doc->n);
	unsigned cap = n / 16 + 32;
	jsmntok_t * tok = mem_new(cap, sizeof *tok);
	jsmn_parser parser;

	/* A newline ends a number at the top: jsmn wants to see one. */
	n += (n == doc->n);
	jsmn_init(&parser);
	while (jsmn_parse(&parser, doc->text, n, tok, cap) ==
	    JSMN_ERROR_NOMEM) {
		cap *= 2;
		tok = mem_grow(tok, cap, sizeof *tok);
	}

	/* Other errors show where the tokens end too early. */
	*ntok = parser.toknext;
	return (tok);
}

static void
skip_space(struct walk * w)
{
	const char * p = w->doc->text;

	/* The newline behind the text is no part of it. */
	while (w->at < w->doc->n && (p[w->at] == ' ' || p[w->at] == '\n' ||
	    p[w->at] == '\t' || p[w->at] == '\r'))
		w->at++;
}

/* The next byte that is no space; -1 at the end. */
static int
peek(struct walk * w)
{

	skip_space(w);
	return (w->at < w->doc->n ? (unsigned char)w->doc->text[w->at] : -1);
}

/* The code point of the ${n} bytes of a UTF-8 sequence; -1 if it is none. */
static int32_t
utf8_value(const unsigned char * p, size_t n)
{
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int32_t u = p[0] & (0xff >> (n + 1));
	size_t i;

	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return (-1);
		u = u << 6 | (p[i] & 0x3f);
	}
	if (u < least[n] || u > 0x10ffff || (u >= 0xd800 && u <= 0xdfff))
		return (-1);
	return (u);
}

/* The length of the UTF-8 sequence at ${p}, above 0x7f; 0 if it is none. */
static size_t
utf8_length(const char * s, size_t room)
{
	const unsigned char * p = (const unsigned char *)s;
	size_t n;

	if (*p >= 0xc0 && *p < 0xe0)
		n = 2;
	else if (*p >= 0xe0 && *p < 0xf0)
		n = 3;
	else if (*p >= 0xf0 && *p < 0xf8)
		n = 4;
	else
		return (0);
	return (n <= room && utf8_value(p, n) >= 0 ? n : 0);
}

/* Store a code point as UTF-8.  Return its length. */
static size_t
utf8_store(char * dst, uint32_t u)
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t i, n = 1 + (u >= 0x80) + (u >= 0x800) + (u >= 0x10000);

	for (i = n - 1; i > 0; i--) {
		dst[i] = (char)(0x80 | (u & 0x3f));
		u >>= 6;
	}
	dst[0] = (char)(lead[n] | u);
	return (n);
}

/* The four hexadecimal digits behind "\u" at ${p}; -1 if they are none. */
static int32_t
unicode(const char * p, const char * end)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char * d;
	int32_t u = 0;
	int i;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return (-1);
	for (i = 2; i < 6; i++) {
		if (p[i] == '\0' || (d = strchr(digits, p[i])) == NULL)
			return (-1);
		u = u * 16 + (int32_t)(d - digits - (d - digits > 15 ? 6 : 0));
	}
	return (u);
}

/*
 * Decode the escape at *${p} to *${d} and step over both.  Return NULL, or
 * what is wrong with it.
 */
static const char *
decode_escape(const char ** p, const char * end, char ** d)
{
	static const char names[] = "\"\\/bfnrt";
	static const char bytes[] = "\"\\/\b\f\n\r\t";
	const char * name;
	int32_t u, low;

	if (end - *p >= 2 && (*p)[1] != '\0' &&
	    (name = strchr(names, (*p)[1])) != NULL) {
		*(*d)++ = bytes[name - names];
		*p += 2;
		return (NULL);
	}
	if (end - *p < 2 || (*p)[1] != 'u')
		return ("unknown escape in a string");
	if ((u = unicode(*p, end)) == -1)
		return ("\\u without four hexadecimal digits");
	*p += 6;
	if (u >= 0xdc00 && u <= 0xdfff)
		return ("a low surrogate without a high one");
	if (u >= 0xd800 && u <= 0xdbff) {
		low = unicode(*p, end);
		if (low < 0xdc00 || low > 0xdfff)
			return ("a high surrogate without a low one");
		*p += 6;
		u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
	}
	*d += utf8_store(*d, (uint32_t)u);
	return (NULL);
}

/*
 * Check and decode the bytes from ${start} to ${end}, what is between two
 * quotes.  Store where the text is in decoded[] and how long.
 */
static int
decode(struct walk * w, uint32_t start, uint32_t end, uint32_t * text,
    uint32_t * ntext)
{
	struct json * doc = w->doc;
	const char * p = doc->text + start;
	const char * stop = doc->text + end;
	char * d = doc->decoded + doc->ndecoded;
	size_t n;

	while (p < stop) {
		const char * from = p;
		const char * what = NULL;

		if (*p == '\\') {
			what = decode_escape(&p, stop, &d);
		} else if ((unsigned char)*p < 0x20) {
			what = "a control byte in a string has to be escaped";
		} else if ((unsigned char)*p < 0x80) {
			*d++ = *p++;
		} else if ((n = utf8_length(p, (size_t)(stop - p))) == 0) {
			what = "not valid UTF-8";
		} else {
			memcpy(d, p, n);
			d += n;
			p += n;
		}
		if (what != NULL)
			return (fail(w, what, (size_t)(from - doc->text)));
	}
	*text = doc->ndecoded;
	*ntext = (uint32_t)(d - doc->decoded) - doc->ndecoded;
	*d++ = '\0';
	doc->ndecoded = (uint32_t)(d - doc->decoded);
	return (0);
}

/* jsmn gave up on the string whose quote is at w->at: say why. */
static int
explain_string(struct walk * w)
{
	uint32_t text, ntext;

	if (decode(w, w->at + 1, w->doc->n, &text, &ntext) == 0)
		fail(w, "the string has no closing quote", w->at);
	return (-1);
}

/* The string whose quote is at w->at: step over it. */
static int
string(struct walk * w, uint32_t * text, uint32_t * ntext)
{
	const jsmntok_t * t = &w->tok[w->next];

	if (w->next == w->ntok || t->type != JSMN_STRING ||
	    (uint32_t)t->start != w->at + 1)
		return (explain_string(w));
	if (decode(w, (uint32_t)t->start, (uint32_t)t->end, text, ntext) == -1)
		return (-1);
	w->at = (uint32_t)t->end + 1;
	w->next++;
	return (0);
}

static const char *
skip_digits(const char * p, const char * end)
{

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return (p);
}

/* Is all of ${p} to ${end} one number? */
static int
is_number(const char * p, const char * end)
{
	const char * q;

	p += (p < end && *p == '-');
	if ((q = skip_digits(p, end)) == p || (*p == '0' && q != p + 1))
		return (0);
	p = q;
	if (p < end && *p == '.') {
		if ((q = skip_digits(p + 1, end)) == p + 1)
			return (0);
		p = q;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += (p < end && (*p == '+' || *p == '-'));
		if ((q = skip_digits(p, end)) == p)
			return (0);
		p = q;
	}
	return (p == end);
}

/* The number or word at w->at: step over it. */
static int
primitive(struct walk * w, struct json_node * v)
{
	const jsmntok_t * t = &w->tok[w->next];
	const char * p = w->doc->text + w->at;
	size_t n;

	if (w->next == w->ntok || t->type != JSMN_PRIMITIVE ||
	    (uint32_t)t->start != w->at)
		return (fail(w, "a value is expected", w->at));
	n = (size_t)(t->end - t->start);
	if (n == 4 && memcmp(p, "null", 4) == 0)
		v->kind = JSON_NULL;
	else if ((n == 4 && memcmp(p, "true", 4) == 0) ||
	    (n == 5 && memcmp(p, "false", 5) == 0))
		v->kind = JSON_BOOL;
	else if (is_number(p, p + n))
		v->kind = JSON_NUMBER;
	else
		return (fail(w, "neither a number nor true, false, null",
		    w->at));
	w->at += (uint32_t)n;
	w->next++;
	return (0);
}

/* The name of a member and its colon. */
static int
name(struct walk * w, struct json_node * v)
{

	if (peek(w) != '"')
		return (fail(w, "a name in quotes is expected", w->at));
	v->member = 1;
	v->key_start = w->at;
	if (string(w, &v->key, &v->nkey) == -1)
		return (-1);
	if (peek(w) != ':')
		return (fail(w, "':' is expected behind a name", w->at));
	w->at++;
	return (0);
}

static int
node_compare(const void * va, const void * vb, void * cookie)
{
	const struct json * doc = cookie;
	uint32_t ia = *(const uint32_t *)va, ib = *(const uint32_t *)vb;
	const struct json_node * a = &doc->node[ia];
	const struct json_node * b = &doc->node[ib];
	int c = json_key_compare(doc->decoded + a->key, a->nkey,
	    doc->decoded + b->key, b->nkey);

	/* Equal names in the order of the text. */
	return (c != 0 ? c : ia < ib ? -1 : 1);
}

static int
same_key(const struct json * doc, uint32_t a, uint32_t b)
{
	const struct json_node * na = &doc->node[a];
	const struct json_node * nb = &doc->node[b];

	return (json_key_compare(doc->decoded + na->key, na->nkey,
	    doc->decoded + nb->key, nb->nkey) == 0);
}

/* The second of two members of ${v} that have one name; 0 if none has. */
static uint32_t
duplicate(struct json * doc, struct json_node * v)
{
	uint32_t * list = doc->sorted + doc->nsorted;
	uint32_t i, j, n = 0;

	for (i = v->first; i != 0; i = doc->node[i].next)
		list[n++] = i;
	if (n <= FEW) {
		for (i = 1; i < n; i++)
			for (j = 0; j < i; j++)
				if (same_key(doc, list[i], list[j]))
					return (list[i]);
		return (0);
	}
	qsort_r(list, n, sizeof *list, node_compare, doc);
	for (i = 1; i < n; i++)
		if (same_key(doc, list[i], list[i - 1]))
			return (list[i]);
	v->sorted = doc->nsorted;
	doc->nsorted += n;
	return (0);
}

static int value(struct walk *, struct json_node *, int);

/* What is between the brackets of ${v}, up to ${close} and with it. */
static int
children(struct walk * w, struct json_node * v, int close, int depth)
{
	struct json * doc = w->doc;
	uint32_t * link = &v->first;
	int c;

	if (peek(w) == close)
		goto done;
	for (;;) {
		struct json_node * child = &doc->node[doc->nnode];

		if (v->kind == JSON_OBJECT && name(w, child) == -1)
			return (-1);
		*link = doc->nnode++;
		link = &child->next;
		v->count++;
		if (value(w, child, depth + 1) == -1)
			return (-1);
		if ((c = peek(w)) == close)
			break;
		if (c != ',')
			return (fail(w, v->kind == JSON_OBJECT ?
			    "',' or '}' is expected" :
			    "',' or ']' is expected", w->at));
		w->at++;
	}
done:
	w->at++;
	return (0);
}

/* The array or object whose bracket is at w->at. */
static int
container(struct walk * w, struct json_node * v, int depth)
{
	struct json * doc = w->doc;
	const jsmntok_t * t = &w->tok[w->next];
	int object = (doc->text[w->at] == '{');
	uint32_t second;

	if (depth >= SCAN_DEPTH_MAX)
		return (fail(w, "nested too deeply", w->at));
	if (w->next == w->ntok || (uint32_t)t->start != w->at)
		return (fail(w, "a value is expected", w->at));
	w->next++;
	w->at++;
	v->kind = object ? JSON_OBJECT : JSON_ARRAY;
	if (children(w, v, object ? '}' : ']', depth) == -1)
		return (-1);
	if (object && (second = duplicate(doc, v)) != 0)
		return (fail(w, "a name occurs twice in one object",
		    doc->node[second].key_start));
	return (0);
}

/* The next value, ${v} in the tree; ${depth} brackets are open around it. */
static int
value(struct walk * w, struct json_node * v, int depth)
{
	int c, rc;

	if ((c = peek(w)) == -1)
		return (fail(w, "a value is expected", w->at));
	v->doc = w->doc;
	v->start = w->at;
	if (c == '{' || c == '[') {
		rc = container(w, v, depth);
	} else if (c == '"') {
		v->kind = JSON_STRING;
		rc = string(w, &v->text, &v->ntext);
	} else
		rc = primitive(w, v);
	v->end = w->at;
	return (rc);
}

/* Build the tree.  Return 0, or -1 with w->what set. */
static int
document(struct walk * w)
{
	struct json * doc = w->doc;
	size_t ntok;
	jsmntok_t * tok = tokenize(doc, &ntok);
	int rc;

	/* A text and its NUL are no longer than it was with its quotes. */
	w->tok = tok;
	w->ntok = ntok;
	doc->decoded = mem_new(doc->n + 1, 1);
	doc->node = mem_new(ntok + 1, sizeof *doc->node);
	doc->sorted = mem_new(ntok + 1, sizeof *doc->sorted);
	doc->nnode = 1;
	if ((rc = value(w, &doc->node[0], 0)) == 0 && peek(w) != -1)
		rc = fail(w, "something stands behind the value", w->at);
	free(tok);
	return (rc);
}

struct json *
json_parse(const char * p, size_t n, struct json_error * err)
{
	struct walk w = { NULL, NULL, 0, 0, 0, NULL, 0 };
	struct json_error ignored;

	if (err == NULL)
		err = &ignored;
	if (n >= INT_MAX) {
		*err = (struct json_error) { "the text is too long", 1, 1 };
		return (NULL);
	}
	w.doc = mem_new(1, sizeof *w.doc);
	w.doc->text = mem_text(p, n);
	w.doc->text[n] = '\n';
	w.doc->n = (uint32_t)n;
	if (document(&w) == -1) {
		err->what = w.what;
		json_place(w.doc, w.where, &err->line, &err->column);
		json_free(w.doc);
		return (NULL);
	}
	return (w.doc);
}
