#!/usr/bin/env bash
# The version's git description: there where the sources are a checkout themselves, quietly absent everywhere else.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"
export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a

describes() { # describes TEXT FOLDER [COMMAND...]
    local text=$1 folder=$2
    shift 2
    "$@" cmake -DSOURCE="$folder" -DOUTPUT="$work/version.h" -P "$tests/../src/base/version.cmake" >out.txt 2>&1 || fail "$folder: exit code $?"
    [ -s out.txt ] && fail "$folder: says $(cat out.txt)"
    [ "$(cat version.h)" = "#define TRAINAX_GIT \"$text\"" ] || fail "$folder: $(cat version.h) instead of $text"
}

git init -q checkout
mkdir checkout/unpacked
echo 1 >checkout/file
describes "" "$work/checkout" # no commit yet
git -C checkout add file
git -C checkout commit -qm first
describes "$(git -C checkout rev-parse --short HEAD)" "$work/checkout"
stamp=$(stat -c %y version.h)
describes "$(git -C checkout rev-parse --short HEAD)" "$work/checkout" env GIT_DIR="$work/elsewhere"
[ "$(stat -c %y version.h)" = "$stamp" ] || fail "the same description was written again"
git -C checkout tag v1
describes v1 "$work/checkout"
echo 2 >checkout/file
describes v1-dirty "$work/checkout"
git -C checkout worktree add -q "$work/second" v1
describes v1 "$work/second"
describes "" "$work/checkout/unpacked" # an archive unpacked within somebody's checkout
mkdir none
ln -s "$(command -v cmake)" none/cmake
describes "" "$work/checkout" env PATH="$work/none"
if [ "$(id -u)" = 0 ]; then # git asks no questions of files that are one's own
    chown -R 12345 checkout
    describes "" "$work/checkout"
fi
finish
