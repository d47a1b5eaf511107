#!/usr/bin/env bash
# Which lines of the sources the tests run: a table by room, and the files with most lines that none does.
# usage: scripts/coverage.sh [OPTION OF ctest]...     builds in build-coverage/; scripts/coverage.sh -R '^file/' for some of the tests
# What a test kills (as some do with whole runs) takes its counts with it: it was run, and does not show.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
        exit 0
        ;;
esac
scripts/install_dependencies.sh --tests
build=build-coverage
mkdir -p $build
# Threads count together.
cmake -S . -B $build -DBUILD_TESTING=ON -DTRAINAX_PORTABLE=ON -DCMAKE_BUILD_TYPE=Debug \
    "-DCMAKE_C_FLAGS_DEBUG=-O1 -g --coverage -fprofile-update=atomic" >$build/cmake.log || { cat $build/cmake.log; exit 1; }
cmake --build $build -j2
find $build -name '*.gcda' -delete
ctest --test-dir $build -j2 "$@" || echo "coverage.sh: some tests failed; the counts are there" >&2

python3 - "$PWD" $build <<'END'
import collections, json, os, subprocess, sys

root, build = sys.argv[1:]
lines = collections.defaultdict(dict)  # of a source: line -> was it run, in any of the ways it was compiled
for folder, _, names in os.walk(os.path.join(root, build)):
    notes = [name for name in names if name.endswith(".gcno")]
    for name in notes:
        text = subprocess.run(["gcov", "--json-format", "--stdout", name], cwd=folder, capture_output=True, text=True).stdout
        for line in filter(None, text.splitlines()):
            report = json.loads(line)
            for file in report["files"]:
                path = os.path.relpath(os.path.join(report["current_working_directory"], file["file"]), root)
                if path.startswith("src/") and path.endswith((".c", ".h")):
                    for entry in file["lines"]:
                        number = entry["line_number"]
                        lines[path][number] = lines[path].get(number, False) or entry["count"] > 0

rooms = collections.defaultdict(lambda: [0, 0])
for path, of in lines.items():
    for key in path.split("/")[1], "all":
        rooms[key][0] += sum(of.values())
        rooms[key][1] += len(of)
print(f"\n{'room':16} {'lines':>7} {'run':>7}")
for room in sorted(rooms, key=lambda room: (room == "all", room)):
    run, total = rooms[room]
    print(f"{room:16} {total:7} {100 * run / total:6.1f}%")
print("\nmost lines that no test runs")
for path in sorted(lines, key=lambda path: sum(lines[path].values()) - len(lines[path]))[:15]:
    missed = len(lines[path]) - sum(lines[path].values())
    print(f"{missed:5} of {len(lines[path]):5}  {path}")
END
