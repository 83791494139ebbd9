#include <inttypes.h>
#include <time.h>

#include "mongosink_log.h"

void
mongosink_record(FILE * f, const bson_t * cmd)
{

	fwrite(bson_get_data(cmd), 1, cmd->len, f);
	fflush(f);
}

/* The _id of ${write}, an element of the array that is called ${name}. */
static int64_t
id_of(const char * name, const bson_iter_t * write)
{
	const char * path = (strcmp(name, "documents") == 0) ? "_id" : "q._id";
	bson_iter_t it, id;

	if (!bson_iter_recurse(write, &it) ||
	    !bson_iter_find_descendant(&it, path, &id))
		return (-1);
	return (bson_iter_as_int64(&id));
}

void
mongosink_seen(FILE * f, const bson_t * cmd)
{
	struct timespec t;
	bson_iter_t it, in;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (!bson_iter_init(&it, cmd))
		return;
	while (bson_iter_next(&it)) {
		const char * key = bson_iter_key(&it);

		if (!BSON_ITER_HOLDS_ARRAY(&it) ||
		    !bson_iter_recurse(&it, &in))
			continue;
		while (bson_iter_next(&in))
			fprintf(f, "%" PRId64 " %" PRId64 "\n",
			    (int64_t)t.tv_sec * 1000000000 + t.tv_nsec,
			    id_of(key, &in));
	}
	fflush(f);
}
