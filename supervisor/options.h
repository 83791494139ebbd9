#ifndef OPTIONS_H_
#define OPTIONS_H_

/*
 * The command line of the supervisor.
 */
struct options {
	const char * env_file;	/* or NULL */
	int once;
	int check;		/* the settings only */
	int notify_fd;		/* -1: none */
};

/**
 * options_parse(opt, argc, argv):
 * Fill ${opt}.  Mistakes, --help and --version end the program.
 */
void options_parse(struct options * opt, int argc, char * argv[]);

#endif /* !OPTIONS_H_ */
