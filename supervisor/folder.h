#ifndef FOLDER_H_
#define FOLDER_H_

/*
 * A table's folder in the state directory, and the FIFO in it that load
 * acknowledges to.
 */
struct folder {
	char * path;		/* from the working directory; or NULL */
	int dirfd;		/* -1: not open */
	int ack_fd;		/* the FIFO, for reading; -1: not open */
};

/**
 * folder_open(f, state_fd, state_dir, table):
 * Open what isn't open yet, and make what isn't there, in the state directory
 * ${state_fd}, called ${state_dir}.  Return 0, or -1 after a report.
 */
int folder_open(struct folder * f, int state_fd, const char * state_dir,
    const char * table);

/* Can a file be written there durably?  Return 0, or -1 with errno set. */
int folder_try(const struct folder * f);

void folder_close(struct folder * f);

#endif /* !FOLDER_H_ */
