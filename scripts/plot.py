#!/usr/bin/env python3
"""Draws what trainax's programs have written. Needs matplotlib.

    scripts/plot.py scaling scaling/scaling.json                        # of scripts/scaling_study: to scaling/scaling.png
    scripts/plot.py scaling scaling/scaling.json --output study.pdf     # or any form that matplotlib writes
"""

import argparse
import json
import sys
from pathlib import Path

PARTS = ["compute", "allreduce", "imbalance", "windows", "files"]


def fail(message, code):
    print(f"plot.py: error: {message}", file=sys.stderr)
    sys.exit(code)


def curves(study):
    """Mode and threads, the measured rows of both, the predicted ones."""
    for mode, threads in sorted({(row["mode"], row["threads"]) for row in study["rows"]}):
        yield f"{mode}, {threads} thread{'s' if threads > 1 else ''} a rank", *(
            [row for row in study[kind] if (row["mode"], row["threads"]) == (mode, threads)] for kind in ("rows", "predicted"))


def draw_lines(study, axes, key, scale):
    for k, (label, rows, predicted) in enumerate(curves(study)):
        ranks = [row["ranks"] for row in rows]
        values = [scale * row[key] for row in rows]
        axes.plot(ranks, values, "o-", color=f"C{k}", label=label)
        axes.plot([*ranks[-1:], *(row["ranks"] for row in predicted)], [*values[-1:], *(scale * row[key] for row in predicted)], ":",
                  color=f"C{k}", label="predicted, not measured" if k == 0 and predicted else None)
        if key == "time":
            axes.fill_between(ranks, [scale * row["q25"] for row in rows], [scale * row["q75"] for row in rows], color=f"C{k}", alpha=0.2)
    axes.set_xscale("log", base=2)
    axes.set_xlabel("ranks")


def draw_parts(study, axes):
    rows = study["rows"]
    names = [f"{row['mode']}\n{row['ranks']} x {row['threads']}" for row in rows]
    below = [0.0] * len(rows)
    for part in PARTS:
        shares = [100 * row["parts"][part] / row["time"] for row in rows]
        axes.bar(names, shares, bottom=below, label=part)
        below = [low + share for low, share in zip(below, shares)]
    axes.set_ylabel("% of a step, mean over ranks")
    axes.tick_params(axis="x", labelsize="small")
    axes.legend(fontsize="small")


def draw_scaling(study, plt):
    figure, (times, efficiencies, parts) = plt.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
    draw_lines(study, times, "time", 1e3)
    times.set(yscale="log", ylabel="ms a step (median, middle half)")
    times.legend(fontsize="small")
    draw_lines(study, efficiencies, "efficiency", 1)
    efficiencies.set(ylim=(0, None), ylabel="efficiency")
    efficiencies.axhline(1, color="grey", linewidth=0.5)
    draw_parts(study, parts)
    figure.suptitle(study["config"])
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["scaling"])
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--output", type=Path, metavar="PICTURE", help="FILE with .png")
    options = parser.parse_args()
    try:
        import matplotlib
    except ImportError:
        fail("matplotlib is missing: apt-get install python3-matplotlib, or pip install matplotlib", 1)
    matplotlib.use("Agg")
    from matplotlib import pyplot

    try:
        figure = draw_scaling(json.loads(options.file.read_text()), pyplot)
        figure.savefig(options.output or options.file.with_suffix(".png"), dpi=120)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", 3)
    except (KeyError, TypeError, ValueError) as error:
        fail(f"{options.file} is not a study of scripts/scaling_study, or cannot be drawn ({error})", 3)


if __name__ == "__main__":
    main()
