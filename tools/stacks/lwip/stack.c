/* lwIP as the other end of a TCP connection, for `cargo xtask stacks`: each port ends connections in its own way.
 *
 * usage: PRECONFIGURED_TAPIF=tap0 stack serve
 *        PRECONFIGURED_TAPIF=tap0 stack connect
 *
 * The calls are those of lwIP's own ("raw") interface, so that what ends a connection is lwIP's tcp_close() or tcp_abort()
 * and nothing in between. Callbacks run in lwIP's thread. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <lwip/init.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>
#include <netif/tapif.h>

enum { ABORTS = 7001, LEAVES_UNREAD = 7002, CLOSES = 7003, ANSWERS = 7004, PEER = 7010 };

static void answer(struct tcp_pcb *pcb)
{
    static const char text[] = "answer\n";
    tcp_write(pcb, text, sizeof text - 1, TCP_WRITE_FLAG_COPY);
    tcp_output(pcb);
}

static err_t received(void *unused, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    (void)unused;
    (void)error;
    if (data == NULL) {
        tcp_close(pcb);
        return ERR_OK;
    }
    u16_t length = data->tot_len;
    pbuf_free(data);
    /* What is not reported by tcp_recved() is unread to lwIP. */
    if (pcb->local_port == LEAVES_UNREAD) {
        tcp_close(pcb);
        return ERR_OK;
    }
    tcp_recved(pcb, length);
    if (pcb->local_port == ABORTS || pcb->remote_port == PEER) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    answer(pcb);
    if (pcb->local_port == CLOSES)
        tcp_close(pcb);
    return ERR_OK;
}

static err_t accepted(void *unused, struct tcp_pcb *pcb, err_t error)
{
    (void)unused;
    if (error != ERR_OK || pcb == NULL)
        return ERR_VAL;
    tcp_recv(pcb, received);
    return ERR_OK;
}

/* The peer speaks first. */
static err_t connected(void *unused, struct tcp_pcb *pcb, err_t error)
{
    (void)unused;
    (void)pcb;
    (void)error;
    return ERR_OK;
}

static void listen_at(u16_t port)
{
    struct tcp_pcb *pcb = tcp_new();
    tcp_bind(pcb, IP_ADDR_ANY, port);
    tcp_accept(tcp_listen(pcb), accepted);
}

static void connect_to(const ip4_addr_t *peer)
{
    ip_addr_t address;
    struct tcp_pcb *pcb = tcp_new();
    ip_addr_copy_from_ip4(address, *peer);
    tcp_recv(pcb, received);
    tcp_connect(pcb, &address, PEER, connected);
}

/* Runs in lwIP's thread as soon as there is one. */
static void begin(void *role)
{
    static struct netif tap;
    ip4_addr_t own, mask, peer;
    IP4_ADDR(&own, 10, 77, 0, 2);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&peer, 10, 77, 0, 1);
    netif_add(&tap, &own, &mask, &peer, NULL, tapif_init, tcpip_input);
    netif_set_default(&tap);
    netif_set_link_up(&tap);
    netif_set_up(&tap);
    if (strcmp(role, "connect") == 0) {
        connect_to(&peer);
    } else {
        for (u16_t port = ABORTS; port <= ANSWERS; port++)
            listen_at(port);
    }
}

int main(int count, char **words)
{
    if (count != 2 || (strcmp(words[1], "serve") != 0 && strcmp(words[1], "connect") != 0)) {
        fprintf(stderr, "usage: PRECONFIGURED_TAPIF=tap0 %s serve|connect\nlwIP %s\n", words[0], LWIP_VERSION_STRING);
        return 2;
    }
    tcpip_init(begin, words[1]);
    for (;;)
        pause();
}
