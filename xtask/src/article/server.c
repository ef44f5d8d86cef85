/*
 * The server of the article that started this project: it forks for each connection, and the child reads
 * at most 4096 bytes, once, and closes.
 *
 * usage: server PORT
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_MOST = 4096, BACKLOG = 128 };

static void serve(int connection)
{
	char bytes[AT_MOST];

	if (read(connection, bytes, sizeof(bytes)) < 0)
		perror("server: read");
	close(connection);
	exit(0);
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int listener, on = 1;

	if (argc != 2) {
		fprintf(stderr, "usage: server PORT\n");
		return 2;
	}
	signal(SIGCHLD, SIG_IGN);
	at.sin_port = htons((unsigned short)atoi(argv[1]));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, BACKLOG)) {
		perror("server: listen");
		return 1;
	}
	for (;;) {
		int connection = accept(listener, NULL, NULL);

		if (connection < 0)
			continue;
		if (fork() == 0) {
			close(listener);
			serve(connection);
		}
		close(connection);
	}
}
