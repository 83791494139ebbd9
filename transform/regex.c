#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#include "../common/mem.h"

#include "regex.h"

/* Far more than a pattern that isn't exponential needs. */
#define STEPS_MAX	5000000
#define STACK_MIN	(32u << 10)
#define STACK_MAX	(1u << 20)

struct regex {
	pcre2_code * code;
	pcre2_match_data * match;
	pcre2_match_context * limits;
	pcre2_jit_stack * stack;
};

struct regex *
regex_new(const char * p, size_t n, char * err, size_t size)
{
	struct regex * re = mem_new(1, sizeof *re);
	PCRE2_SIZE at;
	PCRE2_UCHAR text[200];
	int code;

	re->code = pcre2_compile((PCRE2_SPTR)p, n, PCRE2_UTF |
	    PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
	if (re->code == NULL) {
		pcre2_get_error_message(code, text, sizeof text);
		snprintf(err, size, "%s, at byte %zu", (char *)text,
		    (size_t)at + 1);
		free(re);
		return (NULL);
	}
	/* Without JIT (a hardened kernel) the same matches take longer. */
	pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);
	re->match = pcre2_match_data_create_from_pattern(re->code, NULL);
	re->limits = pcre2_match_context_create(NULL);
	re->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
	pcre2_set_match_limit(re->limits, STEPS_MAX);
	pcre2_jit_stack_assign(re->limits, NULL, re->stack);
	return (re);
}

void
regex_free(struct regex * re)
{

	if (re == NULL)
		return;
	pcre2_jit_stack_free(re->stack);
	pcre2_match_context_free(re->limits);
	pcre2_match_data_free(re->match);
	pcre2_code_free(re->code);
	free(re);
}

unsigned
regex_groups(const struct regex * re)
{
	uint32_t n = 0;

	pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &n);
	return (n);
}

int
regex_match(struct regex * re, const char * p, size_t n)
{
	int rc = pcre2_match(re->code, (PCRE2_SPTR)p, n, 0,
	    PCRE2_NO_UTF_CHECK, re->match, re->limits);

	if (rc == PCRE2_ERROR_NOMATCH)
		return (0);
	return (rc >= 0 ? 1 : -1);
}

int
regex_replace(struct regex * re, const char * p, size_t n, const char * with,
    size_t nwith, struct buf * out)
{
	PCRE2_SIZE len = n + nwith + 64;
	int rc, tries;

	for (tries = 0; tries < 2; tries++) {
		buf_clear(out);
		buf_room(out, len);
		rc = pcre2_substitute(re->code, (PCRE2_SPTR)p, n, 0,
		    PCRE2_NO_UTF_CHECK | PCRE2_SUBSTITUTE_GLOBAL |
		    PCRE2_SUBSTITUTE_UNSET_EMPTY |
		    PCRE2_SUBSTITUTE_OVERFLOW_LENGTH, re->match, re->limits,
		    (PCRE2_SPTR)with, nwith, (PCRE2_UCHAR *)out->p, &len);
		if (rc >= 0) {
			out->n = len;
			return (0);
		}
		if (rc != PCRE2_ERROR_NOMEMORY)
			return (-1);
	}
	return (-1);
}
