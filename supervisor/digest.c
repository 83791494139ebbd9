#include <sodium.h>

#include "digest.h"

void
digest_chain(const uint8_t * prev, const void * p, size_t n, uint8_t * out)
{
	crypto_hash_sha256_state st;
	uint8_t len[8];
	int i;

	for (i = 0; i < 8; i++)
		len[i] = (uint8_t)((uint64_t)n >> (8 * (7 - i)));
	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, prev, DIGEST_LEN);
	crypto_hash_sha256_update(&st, len, sizeof len);
	crypto_hash_sha256_update(&st, p, n);
	crypto_hash_sha256_final(&st, out);
}

void
digest_hex(const uint8_t * digest, char * dst)
{

	sodium_bin2hex(dst, DIGEST_HEX + 1, digest, DIGEST_LEN);
}

int
digest_same_text(const char * a, size_t na, const char * b, size_t nb)
{
	uint8_t da[DIGEST_LEN], db[DIGEST_LEN];

	crypto_hash_sha256(da, (const unsigned char *)a, na);
	crypto_hash_sha256(db, (const unsigned char *)b, nb);
	return (sodium_memcmp(da, db, DIGEST_LEN) == 0);
}
