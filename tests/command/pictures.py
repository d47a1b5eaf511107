#!/usr/bin/env python3
"""scripts/plot.py on the files that test_pictures.sh has made: what stands in its pictures (labels, series, colours), and what it says of
wrong files. usage: pictures.py SCRIPTS
"""
import contextlib
import io
import re
import sys
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, sys.argv[1])
import pictures
import plot


def run(*arguments):
    """Exit code of plot.py, and what it says on stderr."""
    sys.argv = ["plot.py", *arguments]
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            plot.main()
        except SystemExit as stopped:
            return stopped.code, said.getvalue()
    return 0, said.getvalue()


def draws(arguments, output, *texts):
    """These texts are in the picture, an SVG, and nothing is said."""
    assert run(*arguments.split(), "--output", output) == (0, ""), arguments
    found = re.findall(r"<text [^>]*>([^<]*)</text>", Path(output).read_text())
    for text in texts:
        assert text in found, (arguments, text, found)
    return found


def histories_and_tables():
    draws("losses five=five.1 five=five.2 five=five.3 one=one", "losses.svg", "step", "loss", "five (3 runs)", "one")
    draws("metrics five=five.1.csv five=five.2.csv five.3.csv", "metrics.svg", "step of the rollout", "mean_nRMSE", "mean_correlation",
          "five (2 runs)", "five.3.csv")
    assert run("metrics", "five.1.csv", "--column", "mean_nRMSE", "--output", "metrics.pdf") == (0, "")
    assert Path("metrics.pdf").read_bytes().startswith(b"%PDF-")
    assert run("losses", "five.1") == (0, "") and Path("five.1/losses.png").stat().st_size


def baselines_beside_networks():
    """Tables that do not have the same metrics, and a folder's own one; baselines are curves of one metric."""
    Path("baselines").mkdir()
    Path("baselines/baselines.csv").write_text("name,value\npersistence,\nridge,1e-6\n")
    Path("baselines/metrics.csv").write_text("step,persistence,ridge\n1,0.5,1e-6\n2,0.9,2e-6\n")
    Path("other.csv").write_text("step,persistence\n1,0.5\n")
    found = draws("metrics five.1.csv one linear=baselines", "beside.svg", "mean_nRMSE", "mean_correlation", "five.1.csv", "one",
                  "linear: persistence", "linear: ridge")
    assert found.count("step of the rollout") == 2, "baselines have a place of their own"
    draws("metrics other.csv", "other.svg", "persistence", "other.csv")


def eigenvalues():
    """Those below zero are not drawn."""
    for folder in ("one", "five.1"):
        Path(folder, "spectrum.csv").write_text("index,eigenvalue\n1,2.5\n2,1e-3\n3,-1e-17\n")
    draws("spectrum first=one five.1", "spectrum.svg", "index", "eigenvalue of the Gauss-Newton matrix", "first", "five.1")
    line, _ = pictures.spectrum({"one": [Path("one")], "five": [Path("five.1")]}).axes[0].lines
    assert list(line.get_ydata()) == [2.5, 1e-3]
    assert run("spectrum", "one/spectrum.csv") == (0, "") and Path("one/spectrum.png").stat().st_size


def a_study():
    """One with a target and one without; runs that did not reach it are empty marks."""
    for seed, error in ((0, 0.1), (1, 0.3), (2, 0.2)):
        for setting in ("plain", "wide"):
            folder = Path("study/runs", setting, str(seed))
            folder.mkdir(parents=True)
            (folder / "metrics.csv").write_text(f"step,mean_nRMSE\n1,{error}\n2,{2 * error}\n")
    head = "setting,seed,status,reached,steps,seconds,loss,gmean_mean_nRMSE\n"
    rows = ["plain,0,finished,true,10,1.5,1e-3,0.1\n", "plain,1,finished,true,30,4.5,1e-3,0.2\n", "plain,2,finished,true,20,3.5,1e-3,0.2\n",
            "wide,0,finished,false,50,9.5,1e-3,0.2\n", "wide,1,diverged,false,7,1.0,nan,\n", "wide,2,finished,true,20,3.5,1e-3,0.2\n"]
    Path("study/study.csv").write_text(head + "".join(rows))
    draws("study study", "study.svg", "step of the rollout", "mean_nRMSE", "plain (3 runs)", "wide (2 runs)", "steps to the target",
          "seconds to the target")
    bands, steps, seconds = pictures.study(Path("study")).axes
    assert list(bands.lines[0].get_ydata()) == [0.2, 0.4]
    marks = [line for line in steps.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in marks] == [10, 30, 20, 50, 7, 20]
    assert [line.get_markerfacecolor() != "none" for line in marks] == [True] * 3 + [False] * 2 + [True]
    results = [line.get_xdata()[0] for axes in (steps, seconds) for line in axes.lines if line.get_marker() != "o"]
    assert results == [20, 3.5], "of wide two did not come to the target"
    Path("study/study.csv").write_text(head + "".join(rows).replace(",true,", ",,").replace(",false,", ",,"))
    assert len(pictures.study(Path("study")).axes) == 1
    assert run("study", "study") == (0, "") and Path("study/study.png").stat().st_size


def bands():
    """The quantiles of the runs that have a value; the others end with a cross, and are not what the axis is made for."""
    steps, inf, nan = np.arange(4.0), np.inf, np.nan
    values = np.array([[1, 2, 3, 4], [2, 4, nan, 8], [9, 1, 1, inf], [5, 6, 7, 8]])
    axes = pictures.Figure().subplots()
    pictures.draw_band(axes, 0, "four", [(steps, row) for row in values])
    (line,) = (line for line in axes.lines if line.get_label() == "four (4 runs, 1 diverging)")
    assert np.allclose(line.get_ydata(), [3.5, 3, 3, 8])
    whole, half = (band.get_paths()[0].vertices[:, 1] for band in axes.collections)
    assert (whole.min(), whole.max(), half.max()) == (1, 9, 8)
    (cross,) = (line for line in axes.lines if line.get_marker() == "x")
    assert (cross.get_xdata(), cross.get_ydata()) == (2, 1)
    axes = pictures.Figure().subplots()
    pictures.draw_curves(axes, {"up": [(steps, np.array([1, 1e9, 1e18, inf]))], "steady": [(steps, np.array([1.0, 2, 30, 4]))]}, "step", "y")
    assert (axes.get_ylim()[1], axes.get_yscale()) == (300, "log")
    Path("broken").mkdir()
    Path("broken/history.csv").write_text("step,epoch,batch,loss,seen\n0,0,0,2.5,\n1,0,1,nan,\n")
    draws("losses five=five.1 five=broken broken", "broken.svg", "five (2 runs, 1 diverging)", "broken (diverging)")


def write_states(path, states):
    with h5py.File(path, "w") as file:
        file["trajectories"] = states


def states():
    found = draws("states rollout.h5 --reference data.h5 --sample 2", "states.svg", "rollout", "reference", "|difference|", "level",
                  "x, in points", "trajectory 2, channel 0 of 1")
    assert Path("states.svg").read_text().count("<image") >= 3 and "hatched:" not in found
    draws("spectra rollout.h5 --reference data.h5", "spectra.svg", "level 0", "level 9", "wavenumber (periods in the domain)", "amplitude",
          "rollout", "reference")
    for axes in (0, 2, 3):
        write_states(f"axes.{axes}.h5", np.random.default_rng(0).normal(size=(2, 6, 3) + (8,) * axes))
    of = "states axes.{0}.h5 --reference axes.{0}.h5 --channel 1"
    draws(of.format(0), "axes.svg", "channel 0", "channel 2", "rollout", "trajectory 0, 3 channels")
    draws(of.format(2), "axes.svg", "level 0", "level 5", "x, in points", "trajectory 0, channel 1 of 3")
    draws(of.format(3), "axes.svg", "|difference|", "y, in points", "trajectory 0, channel 1 of 3, plane x = 4 of 8 points")
    cube = np.random.default_rng(0).normal(size=(2, 1, 6, 5, 4))
    images = [axes.images[0].get_array() for axes in pictures.states({"cube": cube}).axes if axes.images]
    assert np.array_equal(images[1], cube[1, 0, 3].T), "it is not the plane that the title names"


def ragged():
    """A trajectory ends where it ends."""
    write_states("ragged.h5", np.zeros((2, 6, 1, 8)))
    with h5py.File("ragged.h5", "a") as file:
        file["lengths"] = [6, 4]
    assert [len(pictures.read_states("ragged.h5", sample)) for sample in (0, 1)] == [6, 4]


def colours():
    """Arrows where colours are cut off, and only there; hatches where there is nothing to show."""
    reference, inf, nan = np.linspace(0, 1, 48).reshape(6, 1, 8), np.inf, np.nan
    for rollout, extends, top in ((reference, ["neither"] * 3, 1), (reference + 0.25, ["max", "neither", "neither"], 0.25),
                                  (3 * reference - 1, ["both", "neither", "neither"], 1), (9 * reference, ["max", "neither", "max"], 1),
                                  (reference - np.where(reference < 0.5, inf, 0), ["neither"] * 3, 1), (nan * reference, ["neither"] * 3, 1)):
        figure = pictures.states({"rollout": rollout, "reference": reference})
        bars = [axes._colorbar for axes in figure.axes if hasattr(axes, "_colorbar")]
        assert [bar.extend for bar in bars] == extends, ([bar.extend for bar in bars], extends)
        assert np.isclose(bars[2].vmax, top) and all((bar.vmin, bar.vmax) == (0, 1) for bar in bars[:2]), top
        broken = not np.isfinite(rollout).all()
        assert [bool(bar.ax.get_title()) for bar in bars] == [broken, False, broken]


def spectra():
    """Amplitude 3 at wavenumber 5, in every number of axes."""
    for axes, points in ((axes, points) for axes in (1, 2, 3) for points in (16, 15)):
        wave = 3 * np.cos(5 * 2 * np.pi * np.arange(points) / points + 0.3)
        for axis in range(axes):
            field = np.broadcast_to(wave.reshape([-1 if k == axis else 1 for k in range(axes)]), (points,) * axes)
            amplitudes = pictures.spectrum_of(field)
            assert np.allclose(amplitudes, [3 if k == 5 else 0 for k in range(points // 2 + 1)]), (axes, points, axis, amplitudes)


def refusals():
    Path("none").mkdir()
    Path("none/study.csv").write_text("setting,seed,status,reached,steps,seconds,loss,gmean_x\n")
    for path, text in (("latin.csv", b"step,m\xc3\xa4\xff\n1,2\n"), ("nan.csv", b"step,x\n1,nan\n2,\n"), ("short.csv", b"step,x\n1,2\n2\n"),
                       ("word.csv", b"step,x\n1,two\n"), ("empty.csv", b""), ("cut.h5", Path("rollout.h5").read_bytes()[:3000])):
        Path(path).write_bytes(text)
    for code, pattern, arguments in (
        (3, "five.2: there is no spectrum.csv in it: give a table of `trainax inspect --spectrum`", "spectrum five.2"),
        (3, "five.2: there is no metrics.csv in it: give a table of `trainax evaluate --output` or `trainax baseline`", "metrics five.2"),
        (3, "rollout.h5: not a table in CSV", "metrics rollout.h5"),
        (3, "five.1: there is no study.csv in it: give a table of `trainax study`", "study five.1"),
        (3, "five.1.csv: not the table of a study", "study five.1.csv"),
        (3, "none/study.csv: no run has ended yet", "study none"),
        (2, "study takes one file", "study five.1 five.2"),
        (3, "latin.csv: not a table in CSV", "metrics latin.csv"),
        (3, "empty.csv: no table", "metrics empty.csv"),
        (3, "nothing to draw: no finite value of 'x' of nan.csv", "metrics nan.csv"),
        (3, "nothing to draw: no finite value of 'seen' of broken", "losses broken --column seen"),
        (3, "short.csv:3: 1 columns instead of 2", "metrics short.csv"),
        (3, "word.csv:2: 'two' of column 'x' is not a number", "metrics word.csv"),
        (3, "five.1.csv: no column 'mass'; it has mean_nRMSE, mean_correlation", "metrics five.1.csv --column mass"),
        (3, "five.1: no column 'lass'; it has step", "losses five.1 --column lass"),
        (3, "nowhere: No such file", "losses nowhere"),
        (3, "nowhere.h5: No such file", "states rollout.h5 --reference nowhere.h5"),
        (3, "five.1.csv: not an HDF5 file", "states rollout.h5 --reference five.1.csv"),
        (3, "cut.h5: not an HDF5 file, or a damaged one", "states cut.h5"),
        (3, "five.1/network.h5: there are no /trajectories", "states five.1/network.h5"),
        (3, "rollout.h5: it has 20 trajectories, and none of number 20", "states rollout.h5 --sample 20"),
        (3, "rollout.h5: it has 20 trajectories, and none of number -1", "states rollout.h5 --sample -1"),
        (3, "states without axes have no spectrum", "spectra axes.0.h5"),
        (3, "states of different channels and points: rollout (3, 8, 8), reference (3, 8, 8, 8)", "states axes.2.h5 --reference axes.3.h5"),
        (3, "nothing/x.png: No such file", "losses five.1 --output nothing/x.png"),
        (2, "--output PICTURE: its ending says the form, such as .png, .pdf or .svg, not 'x.foo'", "losses five.1 --output x.foo"),
        (2, "losses has no --sample", "losses five.1 --sample 3"),
        (2, "states takes one file", "states rollout.h5 data.h5"),
    ):
        found, said = run(*arguments.split())
        assert found == code and f"plot.py: error: {pattern}" in said, (arguments, found, said)
        assert code == 2 or said.count("\n") == 1, said
    assert not list(Path().glob(".*")), "a file that was not finished"


for test in (histories_and_tables, baselines_beside_networks, eigenvalues, a_study, bands, states, ragged, colours, spectra, refusals):
    test()
