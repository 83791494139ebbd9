#ifndef CLIENT_H_
#define CLIENT_H_

/*
 * The supervisor's other half: `supervisor status` and its like ask and
 * steer the one that runs, through its API.
 */

/* Nonzero if ${word} is one of the verbs. */
int client_knows(const char * word);

/**
 * client_main(argc, argv):
 * Do what argv[1] says, print the answer, and return the exit code: 0; 100
 * if it was refused; 111 if the service doesn't answer, or isn't well (health
 * and ready).
 */
int client_main(int argc, char * argv[]);

#endif /* !CLIENT_H_ */
