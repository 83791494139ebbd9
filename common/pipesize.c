#include <fcntl.h>

#include "pipesize.h"

#define WANTED	(512 << 10)

int
pipesize_raise(int fd)
{
	int size = fcntl(fd, F_GETPIPE_SZ);

	if (size >= 0 && size < WANTED && fcntl(fd, F_SETPIPE_SZ, WANTED) > 0)
		size = fcntl(fd, F_GETPIPE_SZ);
	return (size < 0 ? 0 : size);
}
