#!/usr/bin/env bash
# scripts/plot.py and scripts/report.py: what stands in the pictures (labels, series, axes), and what is said of wrong files.
. "$(dirname "$0")/common.sh" "$1" "$2"

scripts=$tests/../scripts
python=python3
"$python" -c 'import h5py, matplotlib, yaml' 2>/dev/null || python=/usr/bin/python3 # where install_dependencies.sh puts them
"$python" -c 'import h5py, matplotlib, yaml' 2>/dev/null || { echo "SKIPPED: no matplotlib"; exit 77; }
export MPLCONFIGDIR=$work

plot() { succeeds "$python" "$scripts/plot.py" "$@"; }
# has FILE TEXT...: as text of the picture
has() {
    local file=$1 text
    shift
    for text in "$@"; do
        grep -Eq ">$text</text>" "$file" || fail "no '$text' in $file"
    done
}
refused() { # refused CODE PATTERN COMMAND...
    local code=$1 pattern=$2
    shift 2
    "$@" >out.txt 2>err.txt
    [ $? -eq "$code" ] && [ "$(wc -l <err.txt)" -eq 1 ] && grep -Eq "^(plot|report).py: error: $pattern" err.txt ||
        { fail "not refused as it should be: $*"; cat err.txt; }
}

# -- runs, their tables, a rollout beside its data --
for key in 1 2 3; do
    succeeds "$trainax" train "$quickstart" --quiet --set trainer.key=$key --set trainer.num_training_steps=20 --output five.$key
    succeeds "$trainax" evaluate "$quickstart" --network five.$key/network.h5 --metrics mean_nRMSE,mean_correlation --output five.$key.csv
done
succeeds "$trainax" train "$quickstart" --quiet --set trainer.cut_bptt=true --set trainer.num_rollout_steps=3 --set trainer.num_training_steps=20 --output one
succeeds "$trainax" generate "$quickstart" --output data.h5
succeeds "$trainax" rollout five.1/network.h5 --initial data.h5 --steps 9 --output rollout.h5

plot losses five=five.1 five=five.2 five=five.3 one=one --output losses.svg
has losses.svg step loss 'five \(3 runs\)' one
plot metrics five=five.1.csv five=five.2.csv five.3.csv --output metrics.svg
has metrics.svg 'step of the rollout' mean_nRMSE mean_correlation 'five \(2 runs\)' five.3.csv
plot metrics five.1.csv --column mean_nRMSE --output metrics.pdf
head -c 5 metrics.pdf | grep -q '%PDF-' || fail "no PDF"
plot states rollout.h5 --reference data.h5 --sample 2 --output states.svg
has states.svg rollout reference '\|difference\|' level point
[ "$(grep -c '<image' states.svg)" -ge 3 ] || fail "fewer than three images"
plot spectra rollout.h5 --reference data.h5 --output spectra.svg
has spectra.svg 'level 0' 'level 9' wavenumber amplitude rollout reference
plot losses five.1
[ -s five.1/losses.png ] || fail "no picture beside its run"

# -- eigenvalues: those below zero are not drawn --
for run in one five.1; do
    printf 'index,eigenvalue\n1,2.5\n2,1e-3\n3,-1e-17\n' >$run/spectrum.csv
done
plot spectrum first=one five.1 --output spectrum.svg
has spectrum.svg index 'eigenvalue of the Gauss-Newton matrix' first five.1
plot spectrum one/spectrum.csv
[ -s one/spectrum.png ] || fail "no picture beside its table"
refused 3 'five.2/spectrum.csv: No such file' "$python" "$scripts/plot.py" spectrum five.2

# -- states of 0, 2 and 3 axes --
"$python" - <<'P'
import h5py
import numpy as np
for axes in (0, 2, 3):
    with h5py.File(f"axes.{axes}.h5", "w") as file:
        file["trajectories"] = np.random.default_rng(0).normal(size=(2, 6, 3) + (8,) * axes)
P
for axes in 0 2 3; do
    plot states axes.$axes.h5 --reference axes.$axes.h5 --channel 1 --output axes.$axes.svg
done
has axes.0.svg 'channel 0' 'channel 2' rollout
has axes.2.svg 'level 0' 'level 5' reference
has axes.3.svg '\|difference\|'

# -- a spectrum is that of its wave: amplitude 3 at wavenumber 5, in every number of axes --
PYTHONPATH=$scripts "$python" - <<'P' || fail "spectrum_of"
import numpy as np
import pictures
for axes in (1, 2, 3):
    for points in (16, 15):
        wave = 3 * np.cos(5 * 2 * np.pi * np.arange(points) / points + 0.3)
        for axis in range(axes):
            field = np.broadcast_to(wave.reshape([-1 if k == axis else 1 for k in range(axes)]), (points,) * axes)
            amplitudes = pictures.spectrum_of(field)
            assert np.allclose(amplitudes, [3 if k == 5 else 0 for k in range(points // 2 + 1)]), (axes, points, axis, amplitudes)
P

refused 3 'rollout.h5: it has 20 trajectories' "$python" "$scripts/plot.py" states rollout.h5 --sample 20
refused 3 'rollout.h5: no table|rollout.h5: not a table|.*decode' "$python" "$scripts/plot.py" metrics rollout.h5
refused 3 'five.1/network.h5: there are no /trajectories' "$python" "$scripts/plot.py" states five.1/network.h5
refused 3 'nowhere: No such file' "$python" "$scripts/plot.py" losses nowhere
refused 3 "five.1: no column 'lass'; it has step" "$python" "$scripts/plot.py" losses five.1 --column lass
refused 3 'states without axes have no spectrum' "$python" "$scripts/plot.py" spectra axes.0.h5
refused 3 'states of different shapes' "$python" "$scripts/plot.py" states axes.2.h5 --reference axes.3.h5

# -- the report: all its sections, a run each, nothing from elsewhere --
report() { succeeds "$python" "$scripts/report.py" --trainax "$trainax" "$@"; }
report five.1 five.2 one --output report.html
"$python" - <<'P' || fail "report.html"
import base64
import re
from html.parser import HTMLParser

class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.headings, self.sources, self.text = [], [], [], []
    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "link", "iframe", "object"), tag
        if tag not in ("meta", "img"):
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "href"):
                self.sources.append(value)
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
    def handle_data(self, data):
        self.text.append(data)
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)

page = Page()
text = open("report.html", encoding="utf-8").read()
page.feed(text)
assert not page.open, page.open
assert page.headings == ["What was trained", "The training graph", "Losses", "Errors", "Rollout and reference", "Where the time went",
                         "Versions", "Configurations"], page.headings
assert all(source.startswith("data:image/") for source in page.sources) and len(page.sources) == 6, len(page.sources)
assert "http" not in re.sub(r"data:\S+", "", text)
svg = [base64.b64decode(s.partition(",")[2]).decode() for s in page.sources if s.startswith("data:image/svg")]
assert any("five.1 (2 runs)" in picture and "mean_nRMSE" in picture for picture in svg), "metrics"
assert any("five.1 (2 runs)" in picture and ">loss<" in picture for picture in svg), "losses"
for run in ("five.1", "five.2", "one"):
    result = [line.split("result: ")[1].strip() for line in open(run + "/run.log") if "result: " in line][-1]
    assert result in page.text, run
P
report one
[ -s one/report.html ] || fail "no report in its run"
refused 3 'five.1.csv: there is no config.yaml' "$python" "$scripts/report.py" --trainax "$trainax" five.1.csv
cp one/config.yaml kept.yaml
"$python" "$scripts/report.py" --trainax "$trainax" one --output one/config.yaml >out.txt 2>err.txt && fail "a report over a configuration"
grep -q 'FILE.html' err.txt && cmp -s one/config.yaml kept.yaml || fail "a configuration was replaced"
cp -r one damaged
: >damaged/network.h5
refused 3 '.*exit code 3' "$python" "$scripts/report.py" --trainax "$trainax" damaged
finish
