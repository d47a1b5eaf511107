"""Pictures of runs, each a figure of matplotlib: losses, metrics, studies, states, spectra, eigenvalues. Used by plot.py and report.py.

Lines differ in dashes as well as in colour, images run from dark to light, and what is not finite is hatched: all of it can be printed
in grey. What is wrong with a file is a ValueError that names it.
"""

import contextlib
import csv
import os
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text

DASHES = ["-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (1, 1))]
DIFFERENCE = "|difference|"
BASELINES_METRIC = "mean_nRMSE"  # of `trainax baseline`
WRITERS = {
    "history.csv": "`trainax train`",
    "metrics.csv": "`trainax evaluate --output` or `trainax baseline`",
    "spectrum.csv": "`trainax inspect --spectrum`",
    "study.csv": "`trainax study`",
}


# ---- What is read and written ----


def table_path(path, name):
    """A table itself, or the one of that name in a folder."""
    path = Path(path)
    if path.is_dir() and not (path / name).exists():
        raise ValueError(f"{path}: there is no {name} in it: give a table of {WRITERS[name]}")
    return path / name if path.is_dir() else path


def number(text):
    """What is empty is nan, what is said to be not finite inf."""
    return np.nan if not text else float(text) if np.isfinite(float(text)) else np.inf


def read_rows(path):
    """Of a CSV file: the names of its columns, and its other rows, all as long."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error):
        raise ValueError(f"{path}: not a table in CSV") from None
    if not rows or len(rows[0]) < 2:
        raise ValueError(f"{path}: no table of two columns or more below a line of names")
    for line, row in enumerate(rows[1:]):
        if len(row) != len(rows[0]):
            raise ValueError(f"{path}:{line + 2}: {len(row)} columns instead of {len(rows[0])}")
    return rows[0], rows[1:]


def read_table(path, name):
    """A CSV file, or the one of that name in a folder, as columns of numbers by name."""
    path = table_path(path, name)
    names, rows = read_rows(path)
    columns = {column: np.full(len(rows), np.nan) for column in names}
    for line, row in enumerate(rows):
        for column, text in zip(names, row):
            try:
                columns[column][line] = number(text)
            except ValueError:
                raise ValueError(f"{path}:{line + 2}: '{text}' of column '{column}' is not a number") from None
    return columns


def read_history(run):
    return read_table(run, "history.csv")


@contextlib.contextmanager
def open_trajectories(path):
    """/trajectories of a file that trainax wrote, and their lengths where these differ."""
    import h5py

    with open(path, "rb"):
        pass  # the system's own word for what cannot be opened
    try:
        with h5py.File(path, "r") as file:
            stored = file.get("trajectories")
            if not isinstance(stored, h5py.Dataset) or stored.ndim < 3 or stored.dtype.kind not in "fiu" or not stored.size:
                raise ValueError(f"{path}: there are no /trajectories (samples, levels, channels, points…) in it")
            yield stored, file["lengths"][...] if "lengths" in file else None
    except OSError:
        raise ValueError(f"{path}: not an HDF5 file, or a damaged one") from None


def read_states(path, sample=0):
    """One trajectory, (levels, channels, *points), of a file that trainax wrote, in double."""
    with open_trajectories(path) as (stored, lengths):
        if not 0 <= sample < len(stored):
            raise ValueError(f"{path}: it has {len(stored)} trajectories, and none of number {sample}")
        return stored[sample][: None if lengths is None else lengths[sample]].astype(float)


def write(path, data):
    """The whole file, or none."""
    path = Path(path)
    work = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        work.write_bytes(data)
        work.replace(path)
    except OSError as error:
        work.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None


def column(table, name, path):
    if name not in table:
        raise ValueError(f"{path}: no column '{name}'; it has {', '.join(table)}")
    return table[name]


# ---- Curves ----


def figure_of(rows=1, columns=1, width=6.4, height=4.2, **shared):
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **shared)


def whole_ticks(*axes):
    for axis in axes:
        axis.get_major_locator().set_params(integer=True)


def style(k):
    return {"color": f"C{k}", "linestyle": DASHES[k % len(DASHES)]}


def named(label, curves):
    """With how many runs there are, and how many of these cease to be finite."""
    diverging = sum(bool(np.isinf(values).any()) for _, values in curves)
    if len(curves) == 1:
        return label + (" (diverging)" if diverging else "")
    return f"{label} ({len(curves)} runs{f', {diverging} diverging' if diverging else ''})"


def draw_band(axes, k, label, curves):
    """The median of several curves, the middle half and the whole range around it, at each step of those that have a finite value there;
    one alone as it is. Crosses: the last value of those that cease to be finite. curves: pairs of steps and values."""
    steps = np.unique(np.concatenate([steps[np.isfinite(values)] for steps, values in curves]))
    table = np.full((len(curves), len(steps)), np.nan)
    for row, (own, values) in zip(table, curves):
        finite = np.isfinite(values)
        row[np.searchsorted(steps, own[finite])] = values[finite]
        if np.isinf(values).any() and finite.any():
            axes.plot(own[finite][-1], values[finite][-1], "x", color=f"C{k}")
    if not len(steps):
        return
    axes.plot(steps, np.nanmedian(table, axis=0), label=named(label, curves), **style(k))
    if len(curves) > 1:
        for low, high, alpha in ((0, 1, 0.12), (0.25, 0.75, 0.25)):
            axes.fill_between(steps, *np.nanquantile(table, (low, high), axis=0), color=f"C{k}", alpha=alpha, linewidth=0)


def scale(axes, curves):
    """Logarithmic where that shows more. Those that cease to be finite leave the picture: the others are the measure."""
    steady = [values for _, values in curves if not np.isinf(values).any()]
    values = np.concatenate(steady or [values for _, values in curves])
    values = values[np.isfinite(values)]
    if not len(values):
        return
    if 0 < 10 * values.min() < values.max():
        axes.set_yscale("log")
    if steady and axes.get_ylim()[1] > 10 * values.max() > 0:
        axes.set_ylim(top=10 * values.max())


def draw_curves(axes, groups, abscissa, ordinate):
    """groups: label -> pairs of steps and values of runs that differ in their keys alone."""
    curves = [curve for members in groups.values() for curve in members]
    if not any(np.isfinite(values).any() for _, values in curves):
        raise ValueError(f"nothing to draw: no finite value of '{ordinate}' of {', '.join(groups)}")
    for k, (label, members) in enumerate(groups.items()):
        draw_band(axes, k, label, members)
    scale(axes, curves)
    axes.set(xlabel=abscissa, ylabel=ordinate)
    whole_ticks(axes.xaxis)
    axes.legend(fontsize="small")
    axes.grid(True, linewidth=0.3)


def losses(groups, name="loss"):
    """Of run directories (or history.csv): a column of their histories over the steps."""
    figure, axes = figure_of()
    tables = {label: [(path, read_history(path)) for path in paths] for label, paths in groups.items()}
    curves = {label: [(column(table, "step", path), column(table, name, path)) for path, table in members]
              for label, members in tables.items()}
    draw_curves(axes[0, 0], curves, "step", name)
    return figure


def spectrum(groups):
    """Of run directories (or spectrum.csv): the eigenvalues of `trainax inspect --spectrum`; those that are not above 0 are rounding."""
    figure, axes = figure_of()
    place = axes[0, 0]
    runs = [(label, path) for label, paths in groups.items() for path in paths]
    for k, (label, path) in enumerate(runs):
        table = read_table(path, "spectrum.csv")
        values = column(table, "eigenvalue", path)
        place.plot(column(table, "index", path)[values > 0], values[values > 0], label=label, marker=".", **style(k))
    place.set(xlabel="index", ylabel="eigenvalue of the Gauss-Newton matrix", yscale="log")
    whole_ticks(place.xaxis)
    place.legend(fontsize="small")
    place.grid(True, linewidth=0.3)
    return figure


def read_metrics(groups):
    """metric -> label -> pairs of steps and values. A table of `trainax baseline` has a column for each baseline, all of one metric."""
    found = {}
    for label, path in ((label, path) for label, paths in groups.items() for path in paths):
        table, file = read_table(path, "metrics.csv"), table_path(path, "metrics.csv")
        of_baselines = file.name == "metrics.csv" and file.with_name("baselines.csv").exists()
        steps = column(table, "step", path)
        for name in (name for name in table if name != "step"):
            metric, curve = (BASELINES_METRIC, f"{label}: {name}") if of_baselines else (name, label)
            found.setdefault(metric, {}).setdefault(curve, []).append((steps, table[name]))
    return found


def metrics(groups, only=None, most=3):
    """Of tables of `trainax evaluate --output` and `trainax baseline`: each metric, or one, over the steps of the rollout."""
    found = read_metrics(groups)
    if only:
        found = {only: column(found, only, ", ".join(groups))}
    wide, high = min(len(found), most), -(-len(found) // most)
    figure, axes = figure_of(high, wide, 1.2 + 5.2 * wide, 4.2 * high)
    for place in axes.flat[len(found) :]:
        place.remove()
    for place, (name, curves) in zip(axes.flat, found.items()):
        draw_curves(place, curves, "step of the rollout", name)
    return figure


def read_study(folder):
    """Of a study's folder: its metric, and setting -> its runs, as study.csv has them."""
    path = table_path(folder, "study.csv")
    names, rows = read_rows(path)
    metric = next((name.removeprefix("gmean_") for name in names if name.startswith("gmean_")), None)
    missing = {"setting", "seed", "status", "reached", "steps", "seconds"} - set(names)
    if missing or not metric:
        raise ValueError(f"{path}: not the table of a study")
    settings = {}
    for row in rows:
        settings.setdefault(row[names.index("setting")], []).append(dict(zip(names, row)))
    if not settings:
        raise ValueError(f"{path}: no run has ended yet")
    return metric, settings


def draw_times(axes, settings, key, label):
    """A row a setting: a filled mark for each run that reached the target, at what it took, an empty one for what another did without
    reaching it; a line at what MLPerf would call the result (the mean without the first and the last)."""
    for k, (name, runs) in enumerate(settings.items()):
        taken = [float(run[key]) for run in runs]
        reached = [run["reached"] == "true" for run in runs]
        for value, good in zip(taken, reached):
            axes.plot(value, k, "o", color=f"C{k}", markerfacecolor=f"C{k}" if good else "none")
        order = sorted(value if good else np.inf for value, good in zip(taken, reached))
        result = np.mean(order[1:-1] if len(order) >= 3 else order)
        if np.isfinite(result):
            axes.plot([result] * 2, [k - 0.3, k + 0.3], color="black", linewidth=1)
    axes.set_yticks(range(len(settings)), [f"{name}\n({sum(run['reached'] == 'true' for run in runs)} of {len(runs)})"
                                           for name, runs in settings.items()])
    axes.set(xlabel=label, ylim=(len(settings) - 0.5, -0.5))
    axes.grid(True, axis="x", linewidth=0.3)


def study(folder):
    """Of a study's folder: the metric over the steps of rollouts, bands over the seeds of a setting; and, where there is a target, what
    it took to come to it."""
    metric, settings = read_study(folder)
    groups = {}
    for name, runs in settings.items():
        for run in (run for run in runs if run["status"] == "finished"):
            path = Path(folder) / "runs" / name / run["seed"]
            table = read_table(path, "metrics.csv")
            groups.setdefault(name, []).append((column(table, "step", path), column(table, metric, path)))
    if not groups:
        raise ValueError(f"{folder}: no run has finished")
    has_target = any(run["reached"] for runs in settings.values() for run in runs)
    figure, axes = figure_of(1, 3 if has_target else 1, 14 if has_target else 6.4)
    draw_curves(axes[0, 0], groups, "step of the rollout", metric)
    if has_target:
        draw_times(axes[0, 1], settings, "steps", "steps to the target")
        draw_times(axes[0, 2], settings, "seconds", "seconds to the target")
    return figure


def draw_shares(axes, names, rows):
    """Bars that are parts of a whole: of each name its row, part -> %."""
    left = np.zeros(len(rows))
    for k, part in enumerate(rows[0]):
        shares = np.array([row[part] for row in rows])
        axes.barh(names, shares, left=left, label=part, color=str(0.25 + 0.7 * k / len(rows[0])), edgecolor="white")
        left += shares
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.legend(fontsize="small", ncols=len(rows[0]), loc="lower center", bbox_to_anchor=(0.5, 1), handlelength=1, columnspacing=1,
                frameon=False)


def shares(names, rows, whole):
    figure, axes = figure_of(height=1.1 + 0.35 * len(names))
    draw_shares(axes[0, 0], names, rows)
    axes[0, 0].set_xlabel(f"% of {whole}")
    return figure


# ---- States ----


def beside_each_other(given, channel):
    """given: title -> (levels, channels, *points). Their channel, cut to common levels, and their difference where there are two."""
    levels = min(len(states) for states in given.values())
    if len({states.shape[1:] for states in given.values()}) > 1:
        told = [f"{title} ({', '.join(map(str, states.shape[1:]))})" for title, states in given.items()]
        raise ValueError(f"states of different channels and points: {', '.join(told)}")
    channels = next(iter(given.values())).shape[1]
    if not 0 <= channel < channels:
        raise ValueError(f"the states have {channels} channels, and none of number {channel}")
    parts = {title: states[:levels, channel] for title, states in given.items()}
    if len(parts) == 2:
        one, other = parts.values()
        with np.errstate(invalid="ignore"):
            parts[DIFFERENCE] = np.abs(one - other)
    return parts


def limits(parts):
    """title -> lowest and highest colour. The last of the states, the reference, is the measure: a rollout that blows up is cut off; so
    is a difference that is larger than the reference's range."""
    def of(states):
        finite = states[np.isfinite(states)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)

    low, high = of([states for title, states in parts.items() if title != DIFFERENCE][-1])
    ranges = {title: (low, high) for title in parts}
    if DIFFERENCE in parts:
        ranges[DIFFERENCE] = (0.0, min(of(parts[DIFFERENCE])[1], high - low) or 1.0)
    return ranges


def draw_image(axes, title, values, low, high, **options):
    axes.patch.set(facecolor="white", edgecolor="tab:red", hatch="xxx")  # shows through where a value is not finite
    return axes.imshow(np.where(np.isfinite(values), values, np.nan), cmap="Greys" if title == DIFFERENCE else "viridis",
                       vmin=low, vmax=high, interpolation="nearest", origin="lower", **options)


def draw_colors(figure, image, states, low, high, places):
    """The colour bar, with arrows where values lie beyond it."""
    finite = states[np.isfinite(states)]
    below, above = (finite < low).any(), (finite > high).any()
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[bool(below), bool(above)]
    bar = figure.colorbar(image, ax=places, extend=extend)
    if finite.size < states.size:
        bar.ax.set_title("hatched:\nnot finite", fontsize="x-small")


def space_time(parts):
    figure, axes = figure_of(len(parts), 1, 6.4, 0.8 + 2.1 * len(parts), sharex=True)
    for place, (title, states), ends in zip(axes[:, 0], parts.items(), limits(parts).values()):
        draw_colors(figure, draw_image(place, title, states.T, *ends, aspect="auto"), states, *ends, place)
        place.set_title(title, fontsize="medium")
        place.set_ylabel("x, in points")
        whole_ticks(place.xaxis, place.yaxis)
    axes[-1, 0].set_xlabel("level")
    return figure


def some_levels(parts, count):
    return np.unique(np.linspace(0, len(next(iter(parts.values()))) - 1, count).astype(int))


def frames(parts, names, count):
    """Rows: the states, planes of two axes of these names; columns: levels from the first to the last."""
    levels = some_levels(parts, count)
    figure, axes = figure_of(len(parts), len(levels), 2.1 * len(levels) + 0.8, 2.2 * len(parts), sharex=True, sharey=True)
    for row, (title, states), ends in zip(axes, parts.items(), limits(parts).values()):
        for place, level in zip(row, levels):
            image = draw_image(place, title, states[level].T, *ends)
            whole_ticks(place.xaxis, place.yaxis)
        row[0].set_ylabel(f"{title}\n{names[1]}, in points")
        draw_colors(figure, image, states[levels], *ends, list(row))
    for place, level in zip(axes[0], levels):
        place.set_title(f"level {level}", fontsize="medium")
    for place in axes[-1]:
        place.set_xlabel(f"{names[0]}, in points")
    return figure


def lines(given, most=8):
    """Of states without axes: each channel over the levels."""
    channels = min(next(iter(given.values())).shape[1], most)
    figure, axes = figure_of(channels, 1, 6.4, 1.2 + 1.6 * channels, sharex=True)
    for channel, place in enumerate(axes[:, 0]):
        for k, (title, states) in enumerate(beside_each_other(given, channel).items()):
            if title != DIFFERENCE:
                place.plot(np.where(np.isfinite(states), states, np.nan), label=title, **style(k))
        place.set_ylabel(f"channel {channel}")
        whole_ticks(place.xaxis)
    axes[0, 0].legend(fontsize="small")
    axes[-1, 0].set_xlabel("level")
    return figure


def states(given, channel=0, title="", count=5):
    """Rollout, reference and their difference, as suits the number of axes; of three the middle plane across the first. The title says
    more than that."""
    parts = beside_each_other(given, channel)
    channels, *points = next(iter(given.values())).shape[1:]
    said = [title] * bool(title) + [f"channel {channel} of {channels}" if points else f"{channels} channels"]
    if len(points) == 3:
        parts = {name: part[:, points[0] // 2] for name, part in parts.items()}
        said.append(f"plane x = {points[0] // 2} of {points[0]} points")
    if len(points) < 2:
        figure = space_time(parts) if points else lines(given)
    else:
        figure = frames(parts, "xyz"[len(points) - 2 :], count)
    figure.suptitle(", ".join(said), fontsize="medium")
    return figure


def spectrum_of(state):
    """Amplitudes of a real field, summed over shells of whole wavenumbers as long as these fit."""
    points = state.shape
    modes = np.abs(np.fft.rfftn(state)) / state.size
    modes[..., 1 : (points[-1] + 1) // 2] *= 2  # their conjugates are not stored
    wavenumbers = [np.fft.fftfreq(n, 1 / n) for n in points[:-1]] + [np.fft.rfftfreq(points[-1], 1 / points[-1])]
    shell = np.rint(np.sqrt(sum(k**2 for k in np.meshgrid(*wavenumbers, indexing="ij")))).astype(int)
    return np.bincount(shell.ravel(), modes.ravel())[: min(points) // 2 + 1]


def spectra(given, channel=0, title="", count=3):
    """Amplitude spectra at a few levels; what is 0 has no place on the scale."""
    parts = {name: part for name, part in beside_each_other(given, channel).items() if name != DIFFERENCE}
    if next(iter(parts.values())).ndim < 2:
        raise ValueError("states without axes have no spectrum")
    levels = some_levels(parts, count)
    figure, axes = figure_of(1, len(levels), 1.2 + 3.6 * len(levels), 3.8, sharey=True)
    for place, level in zip(axes[0], levels):
        for k, (name, part) in enumerate(parts.items()):
            amplitudes = spectrum_of(part[level])
            place.plot(np.where(amplitudes > 0, amplitudes, np.nan), label=name, **style(k))
        place.set(title=f"level {level}", xlabel="wavenumber (periods in the domain)", yscale="log")
        whole_ticks(place.xaxis)
        place.grid(True, linewidth=0.3)
    axes[0, 0].set_ylabel("amplitude")
    axes[0, 0].legend(fontsize="small")
    figure.suptitle(", ".join([title] * bool(title) + [f"channel {channel} of {next(iter(given.values())).shape[1]}"]), fontsize="medium")
    return figure
