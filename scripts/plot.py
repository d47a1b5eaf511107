#!/usr/bin/env python3
"""Draws what trainax's programs have written. Needs matplotlib, and h5py for states.

    scripts/plot.py losses runs/one runs/two                            # of histories
    scripts/plot.py losses five=runs/five.1 five=runs/five.2 one=runs/one   # runs of one name: median, middle half, whole range
    scripts/plot.py metrics five=five.1.csv five=five.2.csv runs/baselines  # tables of `trainax evaluate --output`, `trainax baseline`
    scripts/plot.py study runs/study                                    # of `trainax study`: bands over seeds, what it took to the target
    scripts/plot.py states rollout.h5 --reference data.h5 --sample 2    # space and time, or frames, and the difference
    scripts/plot.py spectra rollout.h5 --reference data.h5              # amplitudes over wavenumbers
    scripts/plot.py spectrum runs/one runs/two                          # eigenvalues, of `trainax inspect --spectrum`
    scripts/plot.py scaling scaling/scaling.json                        # of scripts/scaling_study
Each writes to NAME.png beside the first file, or to --output PICTURE in any form that matplotlib writes (.pdf, .svg, …).
"""

import argparse
import io
import json
import math
import sys
from pathlib import Path
from typing import Callable, NamedTuple

PARTS = ["compute", "allreduce", "imbalance", "windows", "files"]


def fail(message, code):
    print(f"plot.py: error: {message}", file=sys.stderr)
    sys.exit(code)


def curves(study):
    """Colour, mode and threads, the measured rows of both, the predicted ones."""
    for k, (mode, threads) in enumerate(sorted({(row["mode"], row["threads"]) for row in study["rows"]})):
        yield f"C{k}", f"{mode}, {threads} thread{'s' if threads > 1 else ''} a rank", *(
            [row for row in study[kind] if (row["mode"], row["threads"]) == (mode, threads)] for kind in ("rows", "predicted"))


def with_model(study, rows):
    """Rows with the fitted model's time instead of the measured one, and the efficiency that it would be."""
    model = next(model for model in study["models"] if model["threads"] == rows[0]["threads"])
    for row in rows:
        time = model["a"] + model["b"] * row["most_blocks"] + model["c"] * math.log2(row["ranks"])
        yield row | {"time": time, "efficiency": row["efficiency"] * row["time"] / time}


def draw_lines(study, axes, key, scale):
    for color, label, rows, predicted in curves(study):
        values = lambda rows, key: ([row["ranks"] for row in rows], [scale * row[key] for row in rows])
        axes.plot(*values(rows, key), "o-", color=color, label=label)
        if predicted:
            axes.plot(*values([*with_model(study, rows), *predicted], key), ":", color=color)
        if key == "time":
            axes.fill_between(*values(rows, "q25"), values(rows, "q75")[1], color=color, alpha=0.2)
            ideal = [rows[0]["time"] * (1 if row["mode"] == "weak" else rows[0]["ranks"] / row["ranks"]) for row in rows]
            axes.plot(values(rows, key)[0], [scale * time for time in ideal], "--", color=color, linewidth=0.7)
    for style, label in [("--", "ideal")] * (key == "time") + [(":", "fitted model: predicted, not measured")] * bool(study["predicted"]):
        axes.plot([], [], style, color="grey", label=label)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_xlabel("ranks")


def draw_parts(study, axes):
    rows = study["rows"]
    names = [f"{row['mode']} {row['ranks']} x {row['threads']}" for row in rows]
    pictures.draw_shares(axes, names, [{part: 100 * row["parts"][part] / row["time"] for part in PARTS} for row in rows])
    axes.set_xlabel("% of a step, mean over ranks")
    axes.set_title("where the time goes, by ranks x threads", pad=28)


def draw_scaling(study):
    figure, ((times, efficiencies, parts),) = pictures.figure_of(1, 3, 16, 5)
    draw_lines(study, times, "time", 1e3)
    times.set(yscale="log", ylabel="ms (median, and the middle half)", title="time of a step")
    times.legend(fontsize="small")
    draw_lines(study, efficiencies, "efficiency", 1)
    efficiencies.set(ylim=(0, None), ylabel="samples a second and core, of the first row", title="efficiency")
    efficiencies.axhline(1, color="grey", linewidth=0.5)
    draw_parts(study, parts)
    figure.suptitle(study["config"])
    return figure


def draw_study(options):
    path = options.files[0]
    try:
        return draw_scaling(json.loads(path.read_text()))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a study of scripts/scaling_study, or cannot be drawn ({error})") from None


def draw_states(draw):
    """Of `draw`, a function of pictures, as `given: title -> states` has it."""
    def drawn(options):
        named = {"rollout" if options.reference else options.files[0].name: options.files[0], "reference": options.reference}
        given = {title: pictures.read_states(path, options.sample or 0) for title, path in named.items() if path}
        return getattr(pictures, draw)(given, options.channel or 0, f"trajectory {options.sample or 0}")

    return drawn


class Kind(NamedTuple):
    """A kind of figure: what draws it of the options, the options that it takes, and whether it takes several files."""

    draw: Callable
    takes: tuple = ()
    several: bool = False


KINDS = {
    "losses": Kind(lambda options: pictures.losses(options.groups, options.column or "loss"), ("column",), several=True),
    "metrics": Kind(lambda options: pictures.metrics(options.groups, options.column), ("column",), several=True),
    "study": Kind(lambda options: pictures.study(options.files[0])),
    "states": Kind(draw_states("states"), ("reference", "sample", "channel")),
    "spectra": Kind(draw_states("spectra"), ("reference", "sample", "channel")),
    "spectrum": Kind(lambda options: pictures.spectrum(options.groups), several=True),
    "scaling": Kind(draw_study),
}


def group(arguments):
    """NAME=PATH, or a path by itself: label -> paths."""
    groups = {}
    for argument in arguments:
        name, _, path = argument.partition("=") if not Path(argument).exists() else ("", "", argument)
        path = path or argument
        groups.setdefault(name or path, []).append(Path(path))
    return groups


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=list(KINDS))
    parser.add_argument("files", nargs="+", metavar="[NAME=]FILE")
    parser.add_argument("--output", type=Path, metavar="PICTURE", help="its ending says the form; default: WHAT.png beside the first file")
    parser.add_argument("--column", metavar="NAME", help="of losses, metrics: the column to draw (loss; all)")
    parser.add_argument("--reference", type=Path, metavar="FILE.h5", help="of states, spectra: what to compare with")
    parser.add_argument("--sample", type=int, metavar="N", help="which trajectory, from 0 (0)")
    parser.add_argument("--channel", type=int, metavar="N", help="which channel, from 0 (0)")
    options = parser.parse_args()
    options.groups = group(options.files)
    options.files = [path for paths in options.groups.values() for path in paths]
    kind = KINDS[options.what]
    if len(options.files) > 1 and not kind.several:
        parser.error(f"{options.what} takes one file")
    for name in ("column", "reference", "sample", "channel"):
        if getattr(options, name) is not None and name not in kind.takes:
            parser.error(f"{options.what} has no --{name}")
    return options


def save(figure, output):
    data, form = io.BytesIO(), output.suffix[1:]
    if form not in figure.canvas.get_supported_filetypes():
        fail(f"--output PICTURE: its ending says the form, such as .png, .pdf or .svg, not '{output.name}'", 2)
    figure.savefig(data, dpi=120, format=form)
    pictures.write(output, data.getvalue())


def main():
    options = parse()
    global pictures
    first = options.files[0]
    output = options.output or (first if first.is_dir() else first.parent) / f"{options.what}.png"
    try:
        import pictures

        save(KINDS[options.what].draw(options), output)
    except ImportError as error:
        fail(f"{error.name} is missing: apt-get install python3-{error.name.lower()}, or pip install {error.name}", 1)
    except OSError as error:
        fail(f"{error.filename or first}: {error.strerror or error}", 3)
    except ValueError as error:
        fail(error, 3)


if __name__ == "__main__":
    main()
