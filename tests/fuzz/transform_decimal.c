#include "transform/decimal.h"

#include "fuzz.h"

/*
 * Numbers as text: "A B", and the number of decimals in the first byte.
 * What is printed means the same, and rounding twice changes nothing.
 */
#define ROOM_MAX	10000

static void
try_plain(const struct decimal * d)
{
	size_t room = decimal_room(d, 0), n;
	struct decimal again;
	char * text;

	if (room == 0 || room > ROOM_MAX)
		return;
	text = malloc(room);
	n = decimal_plain(d, text);
	MUST(n <= room && decimal_read(text, n, &again) == 0);
	MUST(decimal_compare(d, &again) == 0);
	MUST(decimal_scale(d) == decimal_scale(&again));
	free(text);
}

static void
try_round(const struct decimal * d, int places, enum decimal_mode mode)
{
	size_t room = decimal_room(d, places), n;
	struct decimal once;
	char * text, * again;

	if (room == 0 || room > ROOM_MAX)
		return;
	text = malloc(room);
	n = decimal_round(d, places, mode, text);
	MUST(n <= room && decimal_read(text, n, &once) == 0);
	MUST(once.written == (places > 0 ? (size_t)places : 0));
	if (decimal_scale(d) <= places)
		MUST(decimal_compare(d, &once) == 0);
	room = decimal_room(&once, places);
	MUST(room != 0);
	again = malloc(room);
	MUST(decimal_round(&once, places, mode, again) == n);
	MUST(memcmp(again, text, n) == 0);
	free(again);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	const uint8_t * space;
	struct decimal a, b;
	int places, x;

	if (n < 2 || (space = memchr(p + 1, ' ', n - 1)) == NULL)
		return (0);
	places = (int)(p[0] % 40) - 10;
	n -= (size_t)(space + 1 - p);
	p++;
	if (decimal_read((const char *)p, (size_t)(space - p), &a) == -1)
		return (0);
	MUST(decimal_compare(&a, &a) == 0);
	try_plain(&a);
	try_round(&a, places, DECIMAL_HALF_UP);
	try_round(&a, places, DECIMAL_HALF_EVEN);
	if (decimal_read((const char *)space + 1, n, &b) == -1)
		return (0);
	x = decimal_compare(&a, &b);
	MUST((x < 0) == (decimal_compare(&b, &a) > 0));
	MUST((x == 0) == (decimal_compare(&b, &a) == 0));
	if (b.digits > 0 && b.digits <= DECIMAL_FACTOR_DIGITS)
		(void)decimal_multiple(&a, &b);
	return (0);
}
