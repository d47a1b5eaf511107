/* Do the other machines still answer? The kernel asks them, whatever their processes are busy with: a long step is no dead link. */
#include "parallel/link.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

static const void *host_of(const address *address, size_t *bytes)
{
    const bool v4 = address->any.sa_family == AF_INET;
    *bytes = v4 ? sizeof address->v4.sin_addr : sizeof address->v6.sin6_addr;
    return v4 ? (const void *)&address->v4.sin_addr : (const void *)&address->v6.sin6_addr;
}

/* An address that is its own peer's is this machine's. */
static bool leads_elsewhere(int fd, address *peer)
{
    address own = {0};
    socklen_t size = sizeof own, other = sizeof *peer;
    if (getsockname(fd, &own.any, &size) || getpeername(fd, &peer->any, &other) ||
        (peer->any.sa_family != AF_INET && peer->any.sa_family != AF_INET6)) {
        return false;
    }
    size_t bytes;
    const void *here = host_of(&own, &bytes), *there = host_of(peer, &bytes);
    return memcmp(here, there, bytes) != 0;
}

/* From now on it is asked for a sign of life so often while it is idle; whether it is dead is for us to say. */
static void ask_for_life(int fd, int seconds)
{
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &(int){127}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
}

static bool is_asked(int fd)
{
    int on = 0;
    socklen_t size = sizeof on;
    return getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &size) == 0 && on;
}

/* How long it has said nothing, in seconds; 0 where nobody knows, or the other process has closed it. */
static double silence(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_ESTABLISHED
               ? info.tcpi_last_ack_recv / 1e3
               : 0;
}

static bool is_dead(int fd, double bound, char peer[TX_LINK_NAME])
{
    address there = {0};
    if (!leads_elsewhere(fd, &there)) {
        return false;
    }
    if (!is_asked(fd)) {
        ask_for_life(fd, bound < 6 ? 1 : (int)(bound / 6));
    }
    size_t bytes;
    return silence(fd) > bound && inet_ntop(there.any.sa_family, host_of(&there, &bytes), peer, TX_LINK_NAME);
}

bool tx_link_find_dead(double bound, char peer[TX_LINK_NAME])
{
    DIR *open = opendir("/proc/self/fd");
    bool found = false;
    for (const struct dirent *entry; open && !found && (entry = readdir(open));) {
        found = is_dead(atoi(entry->d_name), bound, peer);
    }
    if (open) {
        closedir(open);
    }
    return found;
}
