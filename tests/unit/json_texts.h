#ifndef JSON_TEXTS_H_
#define JSON_TEXTS_H_

#include <stddef.h>

/*
 * What is JSON and what isn't, for both readers.
 */

/* Texts with a NUL in them give their length. */
struct text {
	const char * p;
	size_t n;
};
#define T(s)	{ s, sizeof s - 1 }

static const struct text json_good[] = {
	T("1"), T("0"), T("-0"), T("-1.5e+10"), T("1E400"), T("0.10"),
	T("123456789012345678901234567890"), T("1e-0"), T("null"), T("true"),
	T("false"), T("\"\""), T("\"a\""), T("[]"), T("{}"), T("[[],{}]"),
	T(" \t\r\n1\n"), T("{\"a\":1,\"b\":2}"), T("{\"a\":{\"a\":1}}"),
	T("[{\"a\":1},{\"a\":1}]"), T("{\"\":0}"), T("{ \"a\" : [ 1 , 2 ] }"),
	T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uFFFF\\uabCD\""),
	T("\"\\ud800\\udc00\""), T("\"\\uDBFF\\uDFFF\""), T("\"\x7f\""),
	T("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\""),
	T("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xef\xbf\xbf\""),
	T("{\"a\\u0000\":1,\"a\":2}"), T("{\"a\":1,\"A\":2}"),
	T("[\"{[\",\"]\"]"), T("[\"\\\\\"]"), T("[1,[2,[3]],{\"a\":[]}]"),
};

/* Each with the line and column of its error. */
static const struct {
	struct text text;
	unsigned line, column;
	const char * what;
} json_bad[] = {
#define VALUE	"a value is expected"
#define NAME	"a name in quotes is expected"
#define WORD	"neither a number nor true, false, null"
#define UTF8	"not valid UTF-8"
#define CONTROL	"a control byte in a string has to be escaped"
#define OPEN	"the string has no closing quote"
#define LOW	"a low surrogate without a high one"
#define HIGH	"a high surrogate without a low one"
#define COLON	"':' is expected behind a name"
#define TWICE	"a name occurs twice in one object"
#define BEHIND	"something stands behind the value"
#define ESCAPE	"unknown escape in a string"
#define HEX	"\\u without four hexadecimal digits"
	/* What jsmn lets pass. */
	{ T("{\"a\":1,}"), 1, 8, NAME }, { T("{\"a\"}"), 1, 5, COLON },
	{ T("{\"a\" :::: \"b\"}"), 1, 7, VALUE },
	{ T("{\"a\":1\"b\":1}"), 1, 6, WORD },
	{ T("{\"a\":\"x\"\"b\":1}"), 1, 9, "',' or '}' is expected" },
	{ T("[thanx]"), 1, 2, WORD }, { T("[1 2]"), 1, 4,
	    "',' or ']' is expected" },
	{ T("{}{}"), 1, 3, BEHIND }, { T("[\"\t\"]"), 1, 3, CONTROL },
	{ T("[1,]"), 1, 4, VALUE }, { T("[,1]"), 1, 2, VALUE },
	{ T("[1,,2]"), 1, 4, VALUE }, { T("{,}"), 1, 2, NAME },
	{ T("{\"a\":}"), 1, 6, VALUE }, { T("{\"a\",\"b\"}"), 1, 5, COLON },
	{ T("[\"a\":1]"), 1, 5, "',' or ']' is expected" },
	{ T("{1:2}"), 1, 2, NAME }, { T("{[]:2}"), 1, 2, NAME },
	{ T("[1}"), 1, 3, "',' or ']' is expected" },
	{ T("{\"a\":1]"), 1, 7, "',' or '}' is expected" },
	{ T("1 2"), 1, 3, BEHIND }, { T("1,"), 1, 2, BEHIND },
	{ T("1]"), 1, 2, BEHIND }, { T("[]]"), 1, 3, BEHIND },
	{ T(":1"), 1, 1, VALUE }, { T("[:1]"), 1, 2, VALUE },
	{ T("{}:\"a\""), 1, 3, BEHIND }, { T("\"a\":1"), 1, 4, BEHIND },

	/* Not the whole of it. */
	{ T(""), 1, 1, VALUE }, { T(" \n "), 2, 2, VALUE },
	{ T("["), 1, 2, VALUE }, { T("{"), 1, 2, NAME },
	{ T("[1"), 1, 3, "',' or ']' is expected" },
	{ T("[1,"), 1, 4, VALUE }, { T("{\"a\""), 1, 5, COLON },
	{ T("{\"a\":"), 1, 6, VALUE }, { T("\""), 1, 1, OPEN },
	{ T("\"a\\\""), 1, 1, OPEN }, { T("[\"a"), 1, 2, OPEN },
	{ T("]"), 1, 1, VALUE }, { T("}"), 1, 1, VALUE },

	/* Numbers and words. */
	{ T("01"), 1, 1, WORD }, { T("-"), 1, 1, WORD },
	{ T("-01"), 1, 1, WORD }, { T("1."), 1, 1, WORD },
	{ T(".5"), 1, 1, VALUE }, { T("+1"), 1, 1, VALUE },
	{ T("1e"), 1, 1, WORD }, { T("1e+"), 1, 1, WORD },
	{ T("1.e1"), 1, 1, WORD }, { T("0x1"), 1, 1, WORD },
	{ T("1.2.3"), 1, 1, WORD }, { T("--1"), 1, 1, WORD },
	{ T("NaN"), 1, 1, VALUE }, { T("-Infinity"), 1, 1, WORD },
	{ T("nul"), 1, 1, WORD }, { T("nulll"), 1, 1, WORD },
	{ T("True"), 1, 1, VALUE }, { T("truefalse"), 1, 1, WORD },
	{ T("[1\0]"), 1, 2, VALUE }, { T("'a'"), 1, 1, VALUE },
	{ T("/**/1"), 1, 1, VALUE }, { T("1//"), 1, 1, WORD },

	/* Strings. */
	{ T("\"\\x\""), 1, 2, ESCAPE }, { T("\"a\\'\""), 1, 3, ESCAPE },
	{ T("\"\\u12\""), 1, 2, HEX }, { T("\"\\u123g\""), 1, 2, HEX },
	{ T("\"\\U0041\""), 1, 2, ESCAPE },
	{ T("\"\\ud800\""), 1, 2, HIGH },
	{ T("\"\\ud800\\u0041\""), 1, 2, HIGH },
	{ T("\"\\ud800\\ud800\""), 1, 2, HIGH },
	{ T("\"\\udc00\""), 1, 2, LOW }, { T("\"\\udfff\\ud800\""), 1, 2, LOW },
	{ T("\"\0\""), 1, 2, CONTROL }, { T("\"a\nb\""), 1, 3, CONTROL },
	{ T("\"\x1f\""), 1, 2, CONTROL }, { T("\"\x80\""), 1, 2, UTF8 },
	{ T("\"\xc0\x80\""), 1, 2, UTF8 }, { T("\"\xc1\xbf\""), 1, 2, UTF8 },
	{ T("\"a\xc3\""), 1, 3, UTF8 }, { T("\"\xe0\x9f\xbf\""), 1, 2, UTF8 },
	{ T("\"\xed\xa0\x80\""), 1, 2, UTF8 },
	{ T("\"\xf0\x8f\xbf\xbf\""), 1, 2, UTF8 },
	{ T("\"\xf4\x90\x80\x80\""), 1, 2, UTF8 },
	{ T("\"\xf5\x80\x80\x80\""), 1, 2, UTF8 },
	{ T("\"\xff\""), 1, 2, UTF8 }, { T("\"\xe2\x82\""), 1, 2, UTF8 },
	{ T("{\"\xff\":1}"), 1, 3, UTF8 },
	{ T("\xef\xbb\xbf{}"), 1, 1, VALUE },
	{ T("\xc2\xa0" "1"), 1, 1, VALUE },

	/* Names. */
	{ T("{\"a\":1,\"a\":2}"), 1, 8, TWICE },
	{ T("{\"a\":1,\n \"\\u0061\":2}"), 2, 2, TWICE },
	{ T("[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]"), 1, 20, TWICE },
	{ T("{\"\":1,\"\":2}"), 1, 7, TWICE },
	{ T("{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,"
	    "\"8\":1,\"9\":1,\"a\":1,\"5\":1}"), 1, 62, TWICE },
	{ T("{\"a\\u0000b\":1,\"a\\u0000b\":1}"), 1, 15, TWICE },
};

#endif /* !JSON_TEXTS_H_ */
