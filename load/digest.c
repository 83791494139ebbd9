#include <string.h>

#include "digest.h"

struct sip {
	uint64_t a, b, c, d;
};

static uint64_t
rotate(uint64_t x, unsigned n)
{

	return (x << n | x >> (64 - n));
}

static void
rounds(struct sip * s, unsigned n)
{

	while (n-- > 0) {
		s->a += s->b;
		s->c += s->d;
		s->b = rotate(s->b, 13) ^ s->a;
		s->d = rotate(s->d, 16) ^ s->c;
		s->a = rotate(s->a, 32);
		s->c += s->b;
		s->a += s->d;
		s->b = rotate(s->b, 17) ^ s->c;
		s->d = rotate(s->d, 21) ^ s->a;
		s->c = rotate(s->c, 32);
	}
}

static void
take_word(struct sip * s, uint64_t w)
{

	s->d ^= w;
	rounds(s, 2);
	s->a ^= w;
}

void
digest_make(const uint8_t * secret, const void * p, size_t n, uint8_t * out)
{
	const uint8_t * in = p;
	uint64_t key[2], w, half;
	struct sip s;
	size_t left = n;

	/* Words are little-endian, as this machine's: see bsonw.h. */
	memcpy(key, secret, sizeof key);
	s.a = key[0] ^ UINT64_C(0x736f6d6570736575);
	s.b = key[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee;
	s.c = key[0] ^ UINT64_C(0x6c7967656e657261);
	s.d = key[1] ^ UINT64_C(0x7465646279746573);
	for (; left >= 8; left -= 8, in += 8) {
		memcpy(&w, in, 8);
		take_word(&s, w);
	}
	w = 0;
	if (left > 0)
		memcpy(&w, in, left);
	take_word(&s, w | (uint64_t)(n & 0xff) << 56);
	s.c ^= 0xee;
	rounds(&s, 4);
	half = s.a ^ s.b ^ s.c ^ s.d;
	memcpy(out, &half, 8);
	s.b ^= 0xdd;
	rounds(&s, 4);
	half = s.a ^ s.b ^ s.c ^ s.d;
	memcpy(out + 8, &half, 8);
}

void
digest_hex(const uint8_t * p, size_t n, char * dst)
{
	static const char digit[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		dst[2 * i] = digit[p[i] >> 4];
		dst[2 * i + 1] = digit[p[i] & 15];
	}
}

static int
value_of(char c)
{

	if (c >= '0' && c <= '9')
		return (c - '0');
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

int
digest_unhex(const char * p, size_t len, uint8_t * dst, size_t n)
{
	size_t i;
	int high, low;

	if (len != 2 * n)
		return (-1);
	for (i = 0; i < n; i++) {
		high = value_of(p[2 * i]);
		low = value_of(p[2 * i + 1]);
		if (high == -1 || low == -1)
			return (-1);
		dst[i] = (uint8_t)(high << 4 | low);
	}
	return (0);
}
