#!/usr/bin/env bash
# Every public header compiles alone, as C and as C++, without a warning.
. "$(dirname "$0")/../command/common.sh" "$1" "$2"

include=$tests/../include
for header in "$include"/trainax/*.h; do
    printf '#include "%s"\n' "$header" >alone.c
    for language in c11 c17 c++11 c++17 c++20; do
        ${CC:-cc} -x "$(tr -d 0-9 <<<$language)" -std=$language -Wall -Wextra -pedantic -Werror -I"$include" -fsyntax-only alone.c ||
            fail "${header##*/} in $language"
    done
done
finish
