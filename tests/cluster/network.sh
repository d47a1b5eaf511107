# Sourced by the tests here: two hosts on this machine, 10.x.y.1 and 10.x.y.2, each with a network of its own, and links between them
# that can be cut. Nothing stays behind.

# Says why a test cannot be run here, in one line; ctest then counts it as skipped.
skip() {
    echo "skipped: $*"
    exit 77
}

network_up() {
    [ "$(id -u)" = 0 ] || skip "only root can make networks"
    PATH=$PATH:/usr/sbin
    command -v ip >/dev/null || skip "no ip here"
    bridge=txb$(($$ % 100000)) subnet=10.$(($$ % 200 + 20)).$(($$ / 200 % 250))
    trap network_down EXIT
    ip link add "$bridge" type bridge 2>/dev/null && ip link set "$bridge" up || skip "no bridges between networks here"
    local host
    for host in 1 2; do
        ip netns add "$bridge.$host" 2>/dev/null || skip "no networks of their own for hosts here"
        ip link add "${bridge}v$host" type veth peer name eth0 netns "$bridge.$host"
        ip link set "${bridge}v$host" master "$bridge" up
        ip -n "$bridge.$host" addr add "$subnet.$host/24" dev eth0
        ip -n "$bridge.$host" link set eth0 up
        ip -n "$bridge.$host" link set lo up
    done
    cat >agent <<END
#!/bin/bash
# agent HOST COMMAND: as ssh does
host=\${1##*.}
shift
exec nsenter --net=/run/netns/$bridge.\$host unshare --uts --mount bash -c \
    "hostname host\$host && mount -t tmpfs -o size=256m tmpfs /dev/shm && \$*"
END
    chmod +x agent
    export OMPI_MCA_plm_rsh_agent=$work/agent
}

network_down() {
    local process host
    for host in 1 2; do
        for process in $(ip netns pids "$bridge.$host" 2>/dev/null); do kill -KILL "$process" 2>/dev/null; done
        ip link del "${bridge}v$host" 2>/dev/null # the network itself lives until its connections have given up
        ip netns del "$bridge.$host" 2>/dev/null
    done
    ip link del "$bridge" 2>/dev/null
    cd / && rm -rf "$work"
}

link_is() { ip -n "$bridge.2" link set eth0 "$1"; } # link_is up|down

on_first_host() { ./agent "$subnet.1" exec "$@"; }
