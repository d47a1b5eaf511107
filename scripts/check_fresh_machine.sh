#!/usr/bin/env bash
# The README's two commands on a bare Debian 12: debootstrap's smallest one in a folder, the committed state cloned into it.
# Root runs the first command; an ordinary user, who may not install anything, runs it in a clone of their own; root runs the
# second. The numbers must be the README's. Needs root, debootstrap, git, a mirror of Debian and 5 GB; takes the time of a test run.
# usage: scripts/check_fresh_machine.sh [--keep] [--without-tests] [FOLDER]
#   --keep            leaves the machine in FOLDER: chroot FOLDER enters it
#   --without-tests   the first command alone
#   FOLDER            where the machine is built; must not exist (default: a new one in TMPDIR)
set -euo pipefail
cd "$(dirname "$0")/.."

give_up() {
    echo "check_fresh_machine.sh: $1" >&2
    exit "${2:-1}"
}

keep= tests=yes machine=
for argument; do
    case $argument in
        --keep) keep=yes ;;
        --without-tests) tests= ;;
        -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        -*) give_up "unknown option '$argument' (known: --keep, --without-tests)" 2 ;;
        *) [ -z "$machine" ] || give_up "one FOLDER only" 2; machine=$argument ;;
    esac
done
[ "$(id -u)" = 0 ] || give_up "needs root, for chroot"
command -v debootstrap >/dev/null || give_up "needs debootstrap: apt-get install debootstrap"
[ -z "$machine" ] || mkdir "$machine"
machine=$(realpath "${machine:-$(mktemp -d)}")
chmod 755 "$machine" # it is the root of the ordinary user, too
[ -z "$(git status --porcelain --untracked-files=no)" ] || echo "check_fresh_machine.sh: what is not committed is not checked" >&2

# What apt has here, the new machine gets: mirror and proxies.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Identifier: Packages' 2>/dev/null |
    awk '$2 == "bookworm" && $3 == "main" { print $1; exit }') || true
mirror=${mirror:-http://deb.debian.org/debian}

bare_machine() {
    debootstrap --variant=minbase bookworm "$machine" "$mirror" >"$machine/debootstrap.log" || { tail "$machine/debootstrap.log"; return 1; }
    apt-config dump | grep '^Acquire::.*Proxy' >"$machine/etc/apt/apt.conf.d/proxy" || true
    mount -t proc proc "$machine/proc"
    mount -t sysfs -o ro sysfs "$machine/sys"
    mount -t tmpfs -o mode=1777 tmpfs "$machine/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$machine/dev/pts"
    git clone -q --no-hardlinks . "$machine/root/trainax"
    chroot "$machine" useradd --create-home newcomer
    cp -r "$machine/root/trainax" "$machine/home/newcomer"
    chroot "$machine" chown -R newcomer: /home/newcomer/trainax
}

# as USER HOME COMMAND: in that user's clone, as after logging in.
as() {
    chroot --userspec="$1:$1" "$machine" env -i HOME="$2" USER="$1" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} bash -c "cd $2/trainax && $3"
}

# The commands and the numbers as they stand in the README.
section=$(sed -n '/^## Two commands/,/^## [^T]/p' README.md)
mapfile -t commands < <(grep -x 'scripts/[a-z_]*\.sh' <<<"$section")
[ ${#commands[@]} = 2 ] || give_up "the README's section 'Two commands' shows ${#commands[@]} commands"

numbers() {
    as "$1" "$2" "${commands[0]}" | tee "$machine/output"
    diff <(grep '^rollout ' <<<"$section") <(grep '^rollout ' "$machine/output") || { echo "the numbers are not the README's"; return 1; }
}

# stage NAME COMMAND...
stage() {
    echo "==== $1"
    local begin=$SECONDS
    "${@:2}"
    times+=$(printf '%6d s  %s' $((SECONDS - begin)) "$1")$'\n'
}

all_stages() {
    set -euo pipefail
    stage "a bare machine" bare_machine
    stage "${commands[0]}, root" numbers root /root
    stage "${commands[0]}, an ordinary user" numbers newcomer /home/newcomer
    [ -z "$tests" ] || stage "${commands[1]}, root" as root /root "${commands[1]}"
    echo "==== all good"
    printf '%s' "$times"
}

# Mounts and processes live in name spaces of their own, which end with unshare, however this script ends.
tidy() {
    kill -KILL $inside 2>/dev/null || true
    wait
    [ -n "$keep" ] || rm -rf --one-file-system "$machine"
}
export machine mirror tests section
unshare --mount --pid --fork --kill-child bash -c "$(declare -f); $(declare -p commands); times=; all_stages" &
inside=$!
trap tidy EXIT
wait $inside
