#!/usr/bin/env python3
"""A report of runs as one HTML page that needs nothing else: figures are in it, nothing is fetched, no script runs.

    scripts/report.py runs/quickstart                          # to runs/quickstart/report.html
    scripts/report.py runs/seed.1 runs/seed.2 --output report.html      # runs that differ in their keys alone share their curves
What was trained, the training graph, losses, metrics and a rollout beside its reference (on evaluation.data where there is such), where
the time went, versions, result hashes. Needs matplotlib, h5py, PyYAML, and the program: on the PATH, in build/, or --trainax PATH.
"""

import argparse
import base64
import html
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pictures

STYLE = """
:root{color-scheme:light}
body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:0 auto;max-width:62rem;padding:1rem}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem;border-bottom:1px solid #ccc}
p{margin:.5rem 0}.note{color:#555;font-size:.9rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd;vertical-align:top}
td.number{font-variant-numeric:tabular-nums;text-align:right}
figure{margin:1rem 0}figure img,figure svg{max-width:100%;height:auto}figcaption{color:#555;font-size:.9rem}
pre{background:#f5f5f5;padding:.75rem;overflow-x:auto;font-size:.85rem}
"""


def fail(message, code):
    print(f"report.py: error: {message}", file=sys.stderr)
    sys.exit(code)


# ---- What a run left ----


class Run:
    """A run directory: its configuration, what its log says, its network."""

    def __init__(self, folder):
        import yaml

        self.folder = Path(folder)
        for name in ("config.yaml", "history.csv", "run.log", "network.h5"):
            if not (self.folder / name).exists():
                raise ValueError(f"{folder}: there is no {name}: not the directory of a finished run")
        try:
            self.config = yaml.safe_load((self.folder / "config.yaml").read_text())
        except yaml.YAMLError as error:
            raise ValueError(f"{folder}/config.yaml: {' '.join(str(error).split())}") from None
        self.log = [line.partition(" ")[2] for line in (self.folder / "run.log").read_text().splitlines()]

    def said(self, start):
        """The last line of the log that starts so, without that."""
        return next((line[len(start) :] for line in reversed(self.log) if line.startswith(start)), "")

    def line(self, pattern):
        return next((line for line in reversed(self.log) if re.search(pattern, line)), "")

    def without_keys(self):
        """What runs have in common that differ in their keys alone."""

        def rest(value):
            if isinstance(value, dict):
                return {name: rest(part) for name, part in value.items() if name not in ("key", "network_key", "output", "parallel")}
            return [rest(part) for part in value] if isinstance(value, list) else value

        return json.dumps(rest(self.config), sort_keys=True)

    def held_out(self):
        """The data to evaluate on, and whether training has not seen them."""
        evaluation = self.config.get("evaluation") or {}
        return (evaluation["data"], True) if evaluation.get("data") else (self.config["data"], False)


def group(runs):
    """Label -> runs that differ in their keys alone."""
    groups = {}
    for run in runs:
        groups.setdefault(run.without_keys(), []).append(run)
    return {members[0].folder.name: members for members in groups.values()}


# ---- What the program is asked ----


class Program:
    def __init__(self, path, work):
        self.path, self.work = path, Path(work)

    def __call__(self, *arguments):
        done = subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error" in line] or ["no word of an error"]
            raise ValueError(f"{self.path} {' '.join(map(str, arguments))}: exit code {done.returncode}: {lines[-1]}")
        return done.stdout

    def graph(self, run):
        output = self.work / f"graph.{len(list(self.work.iterdir()))}.svg"
        self("inspect", run.folder / "config.yaml", "--graph", output)
        return output.read_text()

    def table(self, run, number):
        output = self.work / f"metrics.{number}.csv"
        self("evaluate", run.folder / "config.yaml", "--network", run.folder / "network.h5", "--output", output)
        return output

    def states(self, run, samples):
        """A rollout of the first trajectories, and these themselves."""
        import yaml

        config, reference, rollout = (self.work / name for name in ("data.yaml", "reference.h5", "rollout.h5"))
        config.write_text(yaml.safe_dump({"precision": run.config["precision"], "random": run.config["random"], "data": run.held_out()[0]}))
        self("generate", config, "--set", f"data.samples=':{samples}'", "--output", reference)
        levels = len(pictures.read_states(reference))
        self("rollout", run.folder / "network.h5", "--initial", reference, "--steps", max(levels - 1, 1), "--output", rollout)
        return rollout, reference


# ---- The page ----


def escape(text):
    return html.escape(str(text))


def picture(figure, caption, form="svg"):
    data = io.BytesIO()
    figure.savefig(data, format=form, dpi=110)
    kind = "image/svg+xml" if form == "svg" else "image/png"
    source = f"data:{kind};base64,{base64.b64encode(data.getvalue()).decode()}"
    return f'<figure><img alt="{escape(caption)}" src="{source}"><figcaption>{escape(caption)}</figcaption></figure>'


def table(names, rows):
    def cell(value):
        return f'<td class="number">{value:.6g}</td>' if isinstance(value, float) else f"<td>{escape(value)}</td>"

    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def summary(runs):
    rows = []
    for run in runs:
        history = pictures.read_history(run.folder)
        rows.append([run.folder.name, run.said("network: "), run.said("data: "), run.config["trainer"]["type"], len(history["step"]),
                     float(history["loss"][-1]), run.said("result: ")])
    return table(["run", "network", "data", "configuration", "rows of history", "last loss", "result"], rows)


def times(runs):
    """Where a step's time went, mean over ranks: `times:` of the log."""
    rows = []
    for run in runs:
        said = run.said("times: ")
        if not said:
            continue
        parts = json.loads(said)
        mean = {name: sum(parts[name]) / len(parts[name]) / max(parts["steps"], 1) / 1e3 for name in ("step", "sums", "windows", "files")}
        rows.append([run.folder.name, len(parts["step"]), *mean.values()])
    note = '<p class="note">Microseconds a step, mean over ranks: all of it; of it the sums over ranks, waiting for windows, and files.</p>'
    return table(["run", "ranks", "step", "sums", "windows", "files"], rows) + note if rows else "<p>The logs say nothing of it.</p>"


def section(title, body):
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def graphs(groups, program):
    """Each drawing is a picture of its own, so that its styles and names stay in it."""
    return "".join(
        f'<figure><div class="wide"><img style="max-width:none" alt="training graph of {escape(label)}" '
        f'src="data:image/svg+xml;base64,{base64.b64encode(program.graph(members[0]).encode()).decode()}"></div>'
        f"<figcaption>{escape(label)}</figcaption></figure>" for label, members in groups.items())


def measured(groups, program, pyplot):
    tables = {label: [program.table(run, f"{label}.{k}") for k, run in enumerate(members)] for label, members in groups.items()}
    held_out = all(run.held_out()[1] for members in groups.values() for run in members)
    where = "on held-out data" if held_out else "on the data of training: there is no evaluation.data"
    return picture(pictures.metrics(pyplot, tables), f"errors along a rollout, {where}; several runs: median, middle half, whole range")


def rolled_out(groups, program, pyplot, samples):
    parts = []
    for label, members in groups.items():
        rollout, reference = program.states(members[0], samples)
        for sample in range(len_of(reference)):
            named = {"rollout": pictures.read_states(rollout, sample), "reference": pictures.read_states(reference, sample)}
            parts.append(picture(pictures.states(pyplot, named), f"{label}, trajectory {sample}, channel 0", "png"))
        rollout.unlink()
        reference.unlink()
    return "".join(parts)


def len_of(path):
    import h5py

    with h5py.File(path, "r") as file:
        return file["trajectories"].shape[0]


def page(runs, program, pyplot, samples):
    groups = group(runs)
    folders = {label: [run.folder for run in members] for label, members in groups.items()}
    title = "Training of " + ", ".join(groups)
    versions = "".join(f"<p>{escape(line)}</p>" for line in dict.fromkeys(run.line("^trainax ") for run in runs))
    configs = "".join(f"<details><summary>{escape(label)}</summary><pre>{escape((members[0].folder / 'config.yaml').read_text())}</pre></details>"
                      for label, members in groups.items())
    body = "".join([
        section("What was trained", summary(runs)),
        section("The training graph", graphs(groups, program)),
        section("Losses", picture(pictures.losses(pyplot, folders), "loss of each step's minibatch")),
        section("Errors", measured(groups, program, pyplot)),
        section("Rollout and reference", rolled_out(groups, program, pyplot, samples)),
        section("Where the time went", times(runs)),
        section("Versions", versions),
        section("Configurations", configs),
    ])
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>\n")


def find_program(given):
    built = Path(__file__).resolve().parent.parent / "build" / "trainax"
    found = given or shutil.which("trainax") or (built if built.exists() else None)
    return found or fail("no trainax on the PATH or in build/: give --trainax PATH", 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run directory")
    parser.add_argument("--output", type=Path, metavar="FILE.html", help="default: report.html in the first run")
    parser.add_argument("--samples", type=int, default=1, metavar="N", help="trajectories to show (1)")
    parser.add_argument("--trainax", metavar="PATH", help="the program")
    options = parser.parse_args()
    try:
        import h5py  # noqa: F401
        import matplotlib
        import yaml  # noqa: F401
    except ImportError as error:
        fail(f"{error.name} is missing: apt-get install python3-{error.name.lower()}, or pip install {error.name}", 1)
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot

    output = options.output or Path(options.runs[0]) / "report.html"
    if output.suffix not in (".html", ".htm"):
        parser.error(f"a report is an HTML page: FILE.html, not '{output}'")
    if options.samples < 1:
        parser.error("--samples: at least 1")
    try:
        with tempfile.TemporaryDirectory() as work:
            text = page([Run(run) for run in options.runs], Program(find_program(options.trainax), work), pyplot, options.samples)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", 3)
    except (KeyError, ValueError) as error:
        fail(error, 3)
    print(output)


if __name__ == "__main__":
    main()
