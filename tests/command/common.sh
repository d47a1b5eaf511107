# Sourced by the scripts here: bash test_X.sh BUILD_FOLDER TESTS_FOLDER. Works in a folder of its own that is removed at the end.
set -u
build=$(cd "$1" && pwd)
tests=$(cd "$2" && pwd)
trainax=$build/trainax
quickstart=$tests/command/quickstart.yaml
work=$(mktemp -d)
failures=0
trap 'cd /; rm -rf "$work"' EXIT
cd "$work" || exit 1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# expect CODE 'PATTERN' COMMAND...: the exit code, and on stderr one line `trainax: error: …` that matches the extended regular
# expression (the launcher's own lines do not count).
expect() {
    local code=$1 pattern=$2 status
    shift 2
    timeout 120 "$@" >out.txt 2>err.txt
    status=$?
    grep '^trainax: error: ' err.txt >lines.txt
    if [ $status -ne "$code" ]; then
        fail "exit code $status instead of $code: $*"
        cat err.txt
    elif [ "$(wc -l <lines.txt)" -ne 1 ]; then
        fail "$(wc -l <lines.txt) error lines instead of 1: $*"
        cat err.txt
    elif ! grep -Eq -- "$pattern" lines.txt; then
        fail "message does not match '$pattern': $*"
        cat lines.txt
    fi
}

# succeeds COMMAND...
succeeds() {
    timeout 120 "$@" >out.txt 2>err.txt || {
        fail "exit code $?: $*"
        cat err.txt
    }
}

# The bytes of what a run has learned and recorded, and what it says of them.
digest() {
    local group
    cat "$1/history.csv"
    sed -n 's/.* result: /result: /p' "$1/run.log" | tail -1
    for group in parameters optimizer; do
        h5dump -g "/$group" "$1/checkpoint.h5" | grep -v '^HDF5'
    done
    h5dump -g /parameters "$1/network.h5" | grep -v '^HDF5'
}

# The first of $PYTHON, python3 and Debian's that has these modules: a user's own one may not.
with_modules() {
    local python
    for python in ${PYTHON:+"$PYTHON"} python3 /usr/bin/python3; do
        "$python" -c "import $1" 2>/dev/null && echo "$python" && return
    done
    return 1
}
with_h5py() { with_modules h5py; }

same_run() {
    cmp -s <(digest "$1") <(digest "$2") || fail "$1 and $2 are not the same run"
}

finish() {
    [ $failures -eq 0 ] && echo "all good"
    exit $((failures > 0))
}
