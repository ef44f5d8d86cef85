/*
 * The client of the article that started this project, for two of its cases.
 *
 * usage: client PORT early   writes 5000 bytes at once: 904 stay unread (case 3)
 *        client PORT late    writes 4096 bytes, waits until the server has closed, and writes again (case 4)
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EARLY = 5000, LATE = 4096, WAIT_US = 30000 };

static char bytes[EARLY];

static void send_bytes(int connection, size_t count)
{
	if (write(connection, bytes, count) != (ssize_t)count)
		perror("client: write");
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int connection;

	if (argc != 3) {
		fprintf(stderr, "usage: client PORT early|late\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	to.sin_port = htons((unsigned short)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connection = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(connection, (struct sockaddr *)&to, sizeof(to))) {
		perror("client: connect");
		return 1;
	}
	if (strcmp(argv[2], "early") == 0) {
		send_bytes(connection, EARLY);
	} else {
		send_bytes(connection, LATE);
		usleep(WAIT_US);
		send_bytes(connection, LATE);
	}
	usleep(WAIT_US);
	close(connection);
	return 0;
}
