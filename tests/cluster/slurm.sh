# Sourced by the tests here: a Slurm of four nodes on this host, each in namespaces of its own for names and mounts, so that Open MPI
# takes them for four hosts. Nothing outside of $work is touched.

# Says why there can be no cluster here, in one line; ctest then counts the test as skipped.
skip() {
    echo "skipped: $*"
    exit 77
}

need() { # need COMMAND...
    local command
    [ "$(id -u)" = 0 ] || skip "only root can bring up nodes"
    for command; do
        command -v "$command" >/dev/null || PATH=$PATH:/usr/sbin command -v "$command" >/dev/null || skip "no $command here"
    done
    unshare --uts --mount true 2>/dev/null || skip "no namespaces here"
}

write_slurm_conf() {
    cat <<END
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge.socket
SlurmctldPort=$port
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd.%n.pid
SlurmdSpoolDir=$cluster/%n
TmpFS=$cluster/tmp.%n
StateSaveLocation=$cluster/state
SlurmctldLogFile=$cluster/slurmctld.log
SlurmdLogFile=$cluster/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MpiDefault=pmix
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=30
MinJobAge=300
SlurmdTimeout=10
NodeName=n[1-4] NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 4))] CPUs=2 CoresPerSocket=2 RealMemory=4000
PartitionName=main Nodes=n[1-4] Default=YES MaxTime=01:00:00 PriorityTier=1
PartitionName=patient Nodes=n[1-4] MaxTime=01:00:00 PriorityTier=1 GraceTime=120
PartitionName=urgent Nodes=n[1-4] MaxTime=01:00:00 PriorityTier=2
END
}

start_node() { # start_node NAME
    unshare --uts --mount bash -c "hostname $1 && mount -t tmpfs -o size=256m tmpfs /dev/shm && exec slurmd -N $1 -f $SLURM_CONF"
}

# The node's daemon and everything that it runs die at once.
kill_node() { # kill_node NAME
    local space process
    space=$(readlink "/proc/$(cat "$cluster/slurmd.$1.pid")/ns/uts")
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/ns/uts")" != "$space" ] || kill -KILL "${process#/proc/}" 2>/dev/null
    done
}

cluster_up() {
    PATH=$PATH:/usr/sbin
    need munged slurmctld slurmd sbatch unshare
    cluster=$work/cluster port=$((20000 + $$ % 2000 * 5))
    export SLURM_CONF=$cluster/slurm.conf
    mkdir -p "$cluster"/{state,n{1,2,3,4},tmp.n{1,2,3,4}}
    chmod 755 "$work" "$cluster"
    write_slurm_conf >"$SLURM_CONF"
    head -c 128 /dev/urandom >"$cluster/munge.key"
    chmod 600 "$cluster/munge.key"
    trap cluster_down EXIT
    munged --force --socket="$cluster/munge.socket" --key-file="$cluster/munge.key" --pid-file="$cluster/munged.pid" \
        --log-file="$cluster/munged.log" --seed-file="$cluster/munged.seed" 2>/dev/null || skip "munged does not start"
    slurmctld -f "$SLURM_CONF" || skip "slurmctld does not start"
    local node
    for node in n1 n2 n3 n4; do start_node $node; done
    for _ in $(seq 60); do
        [ "$(sinfo -h -p main -N -t idle 2>/dev/null | wc -l)" = 4 ] && return
        sleep 0.5
    done
    skip "the nodes of the cluster do not come up: $(sinfo 2>&1 | tail -1)"
}

cluster_down() {
    local file node daemon
    scancel --quiet --state=RUNNING --signal=KILL --full --user=root 2>/dev/null
    for node in n1 n2 n3 n4; do
        [ -f "$cluster/slurmd.$node.pid" ] && kill_node $node
    done
    for file in "$cluster"/{slurmctld,munged}.pid; do
        daemon=$(cat "$file" 2>/dev/null) && kill "$daemon" 2>/dev/null && timeout 10 tail --pid="$daemon" -f /dev/null
    done
    cd / && rm -rf "$work"
}
