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
import itertools
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import h5py  # noqa: F401: of pictures
    import yaml

    import pictures
except ImportError as error:
    package = {"yaml": "pyyaml"}.get(error.name, error.name)
    sys.exit(f"report.py: error: {error.name} is missing: apt-get install python3-{error.name}, or pip install {package}")

STYLE = """
:root{color-scheme:light}
body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:0 auto;max-width:62rem;padding:1rem}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem;border-bottom:1px solid #ccc}
td{min-width:9rem;overflow-wrap:break-word}.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:0 1rem;align-items:start}
p{margin:.5rem 0}.note{color:#555;font-size:.9rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd;vertical-align:top}
figure{margin:1rem 0}figure img,figure svg{max-width:100%;height:auto}figcaption{color:#555;font-size:.9rem}
pre{background:#f5f5f5;padding:.75rem;overflow-x:auto;font-size:.85rem}
"""


def fail(message, code):
    print(f"report.py: error: {message}", file=sys.stderr)
    sys.exit(code)


def warn(message):
    print(f"report.py: warning: {message}", file=sys.stderr)


# ---- What a run left ----


def brief(value):
    """A value of a configuration in a few words; what is not set is left out."""
    if isinstance(value, dict):
        rest = [f"{name} {brief(part)}" for name, part in value.items() if name != "type" and part is not None and part is not False]
        return f"{value['type']} ({', '.join(rest)})" if rest and "type" in value else value.get("type", ", ".join(rest))
    return "[" + ", ".join(map(brief, value)) + "]" if isinstance(value, list) else str(value)


def flat(value, path=""):
    """Path -> value of all that a configuration says."""
    if isinstance(value, dict) and value:
        items = value.items()
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        items = enumerate(value)
    else:
        return {path: brief(value)}
    return {name: part for key, rest in items for name, part in flat(rest, f"{path}.{key}" if path else str(key)).items()}


def has(section, *names):
    return isinstance(section, dict) and section.keys() >= set(names)


class Run:
    """A run directory: its configuration, what its log says, its history, and its network, where it has got so far."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.name = self.folder.resolve().name
        for name in ("config.yaml", "history.csv", "run.log"):
            if not (self.folder / name).exists():
                raise ValueError(f"{folder}: there is no {name}: not the directory of a run")
        try:
            self.config = yaml.safe_load((self.folder / "config.yaml").read_text(encoding="utf-8"))
            self.log = (self.folder / "run.log").read_text(encoding="utf-8").splitlines()
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise ValueError(f"{folder}: config.yaml or run.log: {' '.join(str(error).split())}") from None
        if not (has(self.config, "precision", "random", "data", "trainer") and self.log
                and has(self.config["trainer"], "type", "optimizer", "num_training_steps", "batch_size")):
            raise ValueError(f"{folder}: config.yaml or run.log is not that of a run")
        self.settings = {name: part for name, part in self.config.items() if name not in ("output", "parallel")}
        self.history = pictures.read_history(folder)
        networks = (self.folder / name for name in ("network.h5", "checkpoint.h5"))
        self.network = next((path for path in networks if path.exists()), None)

    def said(self, start):
        """The last line of the log that starts so, without that and the time."""
        lines = [line.partition(" ")[2] for line in self.log]
        return next((line[len(start) :] for line in reversed(lines) if line.startswith(start)), "")

    def last(self, column):
        """The last value of a column of the history; not a number where there is none."""
        return float(self.history[column][-1]) if len(self.history[column]) else math.nan

    def steps(self):
        return 0 if math.isnan(self.last("step")) else int(self.last("step")) + 1

    def state(self):
        last = self.log[-1].partition(" ")[2]
        return "finished" if last.startswith("result: ") else f"not finished; the log ends with: {last}"

    def without_keys(self):
        """What runs have in common that differ in their keys alone."""
        return tuple((path, value) for path, value in flat(self.settings).items() if not is_key(path))

    def held_out(self):
        """The data to evaluate on, and whether training has not seen them."""
        evaluation = self.config.get("evaluation") or {}
        return (evaluation["data"], True) if evaluation.get("data") else (self.config["data"], False)


def is_key(path):
    return any(part in ("key", "network_key") for part in path.split("."))


def group(runs):
    """Label -> runs that differ in their keys alone, named by what their folders' names begin with."""
    groups, named = {}, {}
    for run in runs:
        groups.setdefault(run.without_keys(), []).append(run)
    for members in groups.values():
        folders = [run.folder.resolve() for run in members]
        label = os.path.commonprefix([folder.name for folder in folders]).rstrip(" ._-") or folders[0].parent.name
        named[members[0].name if label in named else label] = members
    return named


def read_runs(folders):
    """Those of the same name are called by their paths."""
    runs = [Run(folder) for folder in folders]
    names = [run.name for run in runs]
    for run in runs:
        run.name = run.name if names.count(run.name) == 1 else str(run.folder)
    return runs


# ---- What the program is asked ----


def first_of(samples, count):
    """The first few of a slice; all of it where that depends on how many there are."""
    begin, end, step = (int(part) if part.strip() else None for part in (samples.split(":") + [""])[:3])
    if min(begin or 0, step or 1, end or 0) < 0:
        return samples
    last = (begin or 0) + count * (step or 1)
    return f"{begin or 0}:{last if end is None else min(end, last)}:{step or 1}"


class Program:
    def __init__(self, path, work):
        self.path, self.work, self.counter = path, Path(work), itertools.count()
        if not self("--version").startswith("trainax "):
            raise ValueError(f"{path} is not trainax")

    def __call__(self, *arguments):
        done = subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error" in line] or ["no word of an error"]
            raise ValueError(f"trainax {arguments[0]}: exit code {done.returncode}: {lines[-1]}")
        return done.stdout

    def graph(self, run):
        output = self.work / "graph.svg"
        self("inspect", run.folder / "config.yaml", "--graph", output, "--overwrite")
        return output.read_text(encoding="utf-8")

    def table(self, run):
        """The table of metrics, and what is said behind it."""
        output = self.work / f"metrics.{next(self.counter)}.csv"
        return output, self("evaluate", run.folder / "config.yaml", "--network", run.network, "--output", output)

    def configure(self, run, data):
        output = self.work / "data.yaml"
        output.write_text(yaml.safe_dump({"precision": run.config["precision"], "random": run.config["random"], "data": data}))
        return output

    def units(self, run, data):
        """`normalize` of some of these data as numbers: what it says of all, or the training data's."""
        source = data if data.get("normalize") else run.config["data"]
        word = source.get("normalize")
        if not isinstance(word, str) or source["type"] == "the_well":  # which has its numbers in a file
            return word
        said = self("inspect", self.configure(run, source | {"normalize": None}), "--statistics")
        channels = re.findall(r"^channel \d+: .*mean (\S+), std (\S+), rms (\S+),", said, re.M)
        return {"mean": [float(mean) if word == "zscore" else 0.0 for mean, _, _ in channels],
                "std": [max(float(std if word == "zscore" else rms), 1e-4) for _, std, rms in channels]}

    def states(self, run, samples):
        """A rollout of the first trajectories, and these themselves: pairs of states."""
        data = run.held_out()[0]
        reference, rollout = self.work / "reference.h5", self.work / "rollout.h5"
        some = data | {"normalize": self.units(run, data), "samples": first_of(data.get("samples", ":"), samples)}
        self("generate", self.configure(run, some), "--output", reference, "--overwrite")
        stride = (data.get("dt_stride") or [1])[0]
        with pictures.open_trajectories(reference) as (stored, _):
            count, levels = min(len(stored), samples), stored.shape[1]
        self("rollout", run.network, "--initial", reference, "--steps", max((levels - 1) // stride, 1), "--output", rollout, "--overwrite")
        for sample in range(count):
            yield {"rollout": pictures.read_states(rollout, sample), "reference": pictures.read_states(reference, sample)[::stride]}


# ---- The page ----


def escape(text):
    return html.escape(str(text))


def embedded(data, caption, kind="svg+xml", style=""):
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    image = f'<div class="wide"><img {style} alt="{escape(caption)}" src="{source}"></div>'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def picture(figure, caption, form="svg"):
    data = io.BytesIO()
    figure.savefig(data, format=form, dpi=110)
    return embedded(data.getvalue(), caption, "svg+xml" if form == "svg" else form)


def note(text):
    return f'<p class="note">{escape(text)}</p>'


def grid(parts):
    return f'<div class="grid">{"".join(parts)}</div>' if parts else ""


def tried(make, what):
    """What `make` makes, or a note of why there is none."""
    try:
        return make()
    except ValueError as error:
        warn(f"{what}: {error}")
        return note(f"{what}: {error}")


def table(names, rows):
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    cells = (f'<th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def configuration(run):
    apart = ("optimizer", "key", "num_training_steps", "batch_size", "record_loss_every", "do_sub_stacking")
    return brief({name: part for name, part in run.config["trainer"].items() if name not in apart})


def keys(run):
    return ", ".join(f"{path} {value}" for path, value in flat(run.config).items() if is_key(path) and value != "None")


PROPERTIES = {  # a row of the first table each
    "state": Run.state,
    "begun": lambda run: run.log[0].partition(" ")[0].replace("T", " "),
    "network": lambda run: run.said("network: "),
    "data": lambda run: run.said("data: "),
    "held-out data": lambda run: brief(run.held_out()[0]) if run.held_out()[1] else "none",
    "training": configuration,
    "optimizer": lambda run: brief(run.config["trainer"]["optimizer"]),
    "steps": lambda run: f"{run.steps()} of {run.config['trainer']['num_training_steps']}",
    "batch size": lambda run: run.config["trainer"]["batch_size"],
    "precision": lambda run: run.config["precision"],
    "keys": keys,
    "ranks": lambda run: run.said("ranks: "),
    "last loss": lambda run: f"{run.last('loss'):.6g}" if math.isfinite(run.last("loss")) else "not finite",
    "result": lambda run: run.said("result: ") or "none",
}


def summary(runs):
    return table(["run", *(run.name for run in runs)], [[name, *map(say, runs)] for name, say in PROPERTIES.items()])


def differing(values, path=""):
    """Rows of what these values of a key do not agree in: of the same sections what in them."""
    if all(value == values[0] for value in values):
        return []
    if all(isinstance(value, dict) and value.get("type") == values[0].get("type") for value in values):
        names = dict.fromkeys(name for value in values for name in value)
        return [row for name in names for row in differing([value.get(name) for value in values], f"{path}.{name}" if path else name)]
    return [[path, *map(brief, values)]]


def differences(runs):
    """What the configurations do not agree in, but for where files go and who computes."""
    return table(["key", *(run.name for run in runs)], differing([run.settings for run in runs]) or [["nothing"]])


def graphs(groups, program):
    """Each drawing is a picture of its own, so that its styles and names stay in it; as large as it is."""
    def draw(label, run):
        return embedded(program.graph(run).encode(), f"training graph of {label}", style='style="max-width:none"')

    return "".join(tried(lambda: draw(label, members[0]), label) for label, members in groups.items())


def columns_seen(groups):
    """The columns of callbacks; those that are always the same, such as marks of files, in words."""
    figures, notes = [], []
    for name in dict.fromkeys(name for members in groups.values() for run in members for name in run.history):
        holders = {label: [run for run in members if name in run.history] for label, members in groups.items()}
        values = {value for members in holders.values() for run in members for value in run.history[name] if not math.isnan(value)}
        if name in ("step", "epoch", "batch", "loss") or not values:
            continue
        if len(values) == 1:
            notes.append(note(f"{name}: {values.pop():.6g} wherever it is recorded"))
        else:
            folders = {label: [run.folder for run in members] for label, members in holders.items() if members}
            figures.append(tried(lambda: picture(pictures.losses(folders, name), name), name))
    return grid(figures) + "".join(notes) or note("No callback has a column.")


def measure(run, program, tables):
    """Adds the run's table; what is said behind it."""
    if not run.network:
        return note(f"{run.name} has no network yet.")
    path, said = program.table(run)
    tables.append(path)
    return note(f"{run.name}, {run.network.name}: {said.strip()}") if said.strip() else ""


def measured(groups, program):
    tables = {label: [] for label in groups}
    notes = [tried(lambda: measure(run, program, tables[label]), run.name) for label, members in groups.items() for run in members]
    tables = {label: paths for label, paths in tables.items() if paths}
    held_out = all(run.held_out()[1] for members in groups.values() for run in members)
    where = "on held-out data" if held_out else "on the data of training where there is no evaluation.data"
    figures = [tried(lambda: picture(pictures.metrics(tables, name), f"{name} along a rollout, {where}"), name)
               for name in pictures.read_metrics(tables)]
    return grid(figures) + "".join(notes)


def rolled_out(groups, program, samples):
    def draw(run):
        return "".join(picture(pictures.states(given, count=3), f"{run.name}, {run.network.name}, trajectory {sample}", "png")
                       for sample, given in enumerate(program.states(run, samples)))

    return grid([tried(lambda: draw(members[0]), members[0].name) for members in groups.values() if members[0].network])


def times(runs):
    """Where a step's time went, mean over ranks: `times:` of the log."""
    told, bars = {}, {}
    for run in runs:
        said = json.loads(run.said("times: ") or '{"steps": 0}')
        if said["steps"]:
            count = 1e3 * said["steps"] * len(said["step"])
            step, sums, windows, files = (sum(said[name]) / count for name in ("step", "sums", "windows", "files"))
            parts = {"computing": step - sums - windows - files, "sums over ranks": sums, "waiting for windows": windows, "files": files}
            told[run.name] = {"ranks": len(said["step"]), "steps": said["steps"], "a step": step} | parts
            bars[run.name] = {part: 100 * value / step for part, value in parts.items()}
    if not told:
        return note("The logs say nothing of it.")
    rows = [[name, *(f"{values[name]:.4g}" for values in told.values())] for name in next(iter(told.values()))]
    return (picture(pictures.shares(list(bars), list(bars.values()), "a step, mean over ranks"), "shares of a step's time")
            + table(["", *told], rows)
            + note("Microseconds a step, mean over ranks, of so many steps since the run was last started; sums with the waiting for ranks "
                   "that have more to do."))


def section(title, body):
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def configurations(groups):
    parts = []
    for label, (run, *_) in groups.items():
        text = (run.folder / "config.yaml").read_text(encoding="utf-8")
        parts.append(f"<details><summary>{escape(label)}</summary>{note(run.said('command: '))}<pre>{escape(text)}</pre></details>")
    return "".join(parts)


def page(runs, program, samples):
    groups = group(runs)
    folders = {label: [run.folder for run in members] for label, members in groups.items()}
    title = "Training of " + ", ".join(label + (f" ({len(members)} runs)" if len(members) > 1 else "") for label, members in groups.items())
    several = "; of several runs the median, the middle half and the whole range" if len(runs) > len(groups) else ""
    body = "".join([
        section("What was trained", summary(runs)),
        section("What differs", differences(runs)) if len(runs) > 1 else "",
        section("The training graph", graphs(groups, program)),
        section("Losses", tried(lambda: picture(pictures.losses(folders), f"loss of each step's minibatch{several}"), "loss")),
        section("What callbacks saw", columns_seen(groups)),
        section("Errors", measured(groups, program)),
        section("Rollout and reference", rolled_out(groups, program, samples)),
        section("Where the time went", times(runs)),
        section("Versions", "".join(map(note, dict.fromkeys("trainax " + run.said("trainax ") for run in runs)))),
        section("Configurations", configurations(groups)),
    ])
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
    return (f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>'
            f"<body><h1>{escape(title)}</h1>{body}</body></html>\n")


def find_program(given):
    built = Path(__file__).resolve().parent.parent / "build" / "trainax"
    found = given or shutil.which("trainax") or (built if built.exists() else None)
    return found or fail("no trainax on the PATH or in build/: give --trainax PATH", 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run directory")
    parser.add_argument("--output", type=Path, metavar="FILE.html", help="default: report.html in the first run")
    parser.add_argument("--samples", type=int, default=1, metavar="N", help="trajectories to show, at most 100 (1)")
    parser.add_argument("--trainax", metavar="PATH", help="the program")
    options = parser.parse_args()
    pictures.matplotlib.rcParams["font.size"] = 13  # read on phones, too
    output = options.output or Path(options.runs[0]) / "report.html"
    if output.suffix not in (".html", ".htm"):
        parser.error(f"a report is an HTML page: FILE.html, not '{output}'")
    if not 1 <= options.samples <= 100:
        parser.error("--samples: 1 to 100")
    try:
        with tempfile.TemporaryDirectory() as work:
            text = page(read_runs(options.runs), Program(find_program(options.trainax), work), options.samples)
        pictures.write(output, text.encode())
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", 3)
    except ValueError as error:
        fail(error, 3)
    print(output)


if __name__ == "__main__":
    main()
