"""Files as other programs write them, and what `generate` makes of them, against numpy: formats.py TRAINAX."""
import os
import subprocess
import sys

import h5py
import numpy as np

trainax = sys.argv[1]
rng = np.random.default_rng(0)
failures = 0


def fail(text):
    global failures
    failures += 1
    print("FAILED:", text)


def run(*arguments, ranks=1):
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    return subprocess.run([*launcher, trainax, *arguments], capture_output=True, text=True, timeout=120)


def generate(section, ranks=1):
    with open("data.yaml", "w") as file:
        file.write("data: {" + section + "}\n")
    if os.path.exists("out.h5"):
        os.remove("out.h5")
    return run("generate", "data.yaml", "--output", "out.h5", ranks=ranks)


def gives(section, expected, ranks=(1,), **beside):
    """The trajectories, in float32; then attributes and datasets of the file."""
    contents = set()
    for number in ranks:
        result = generate(section, number)
        if result.returncode:
            return fail(f"{section}: {result.stderr}")
        with open("out.h5", "rb") as file:
            contents.add(file.read())
        with h5py.File("out.h5") as file:
            found = file["trajectories"][:]
            expected = np.asarray(expected).astype(np.float32)
            if found.shape != expected.shape or not np.array_equal(found, expected):
                fail(f"{section}: other trajectories, {found.shape}, not {expected.shape}")
            for name, value in beside.items():
                there = file[name][:] if name in file else file.attrs.get(name)
                if there is None or not np.all(np.asarray(there) == np.asarray(value).astype(np.asarray(there).dtype)):
                    fail(f"{section}: {name} is {there}, not {value}")
    if len(contents) > 1:
        fail(f"{section}: other bytes on other ranks")


def refuses(section, code, *words, ranks=1):
    result = generate(section, ranks)
    lines = [line for line in result.stderr.splitlines() if line.startswith("trainax: error: ")]
    if result.returncode != code or len(lines) != 1 or not all(word in lines[0] for word in words):
        fail(f"{section}: code {result.returncode} instead of {code}, or no line with {words}: {result.stderr}")
    if os.path.exists("out.h5"):
        fail(f"{section}: a file was written")


def tells(path, *lines):
    result = run("inspect", *path.split())
    for line in lines:
        if line not in result.stdout.splitlines():
            fail(f"inspect {path} does not say '{line}': {result.stdout}{result.stderr}")


def write(path, attributes={}, **datasets):
    with h5py.File(path, "w") as file:
        for name, value in datasets.items():
            file[name.replace("__", "/")] = value
        for name, value in attributes.items():
            file.attrs[name] = value


def draw(*shape):
    return rng.random(shape).astype(np.float32)


# ---- The Well ----

X, Y = 6, 3


def well_field(group, name, values, sample, time, dims=None):
    dataset = group.create_dataset(name, data=values)
    dataset.attrs["sample_varying"] = sample
    dataset.attrs["time_varying"] = time
    if dims is not None:
        dataset.attrs["dim_varying"] = dims


def write_well(path, samples, levels, kept):
    """kept: axes that do not vary have size 1, and tensors stand in a row; else they are absent, and tensors are matrices."""
    fields = {
        "p": draw(samples, levels, X, Y),
        "mask": draw(*((1, 1, X, Y) if kept else (X, Y))),
        "h": draw(*((samples, levels, X, 1) if kept else (samples, levels, X))),
        "v": draw(samples, levels, X, Y, 2),
        "D": draw(samples, levels, X, Y, *((4,) if kept else (2, 2))),
        "Re": draw(samples),
    }
    with h5py.File(path, "w") as file:
        file.attrs.update(dataset_name="made", grid_type="cartesian", n_spatial_dims=2, n_trajectories=samples)
        file.attrs["simulation_parameters"] = ["Re"]
        file["dimensions/time"] = np.arange(levels) * 0.25
        file["dimensions/x"], file["dimensions/y"] = np.arange(X), np.arange(Y)
        file["dimensions"].attrs["spatial_dims"] = ["x", "y"]
        file.create_group("boundary_conditions/x_periodic")
        scalars = file.create_group("scalars")
        scalars.attrs["field_names"] = ["g", "Re", "forcing"]
        well_field(scalars, "g", np.float32(9.81), False, False)
        well_field(scalars, "Re", fields["Re"], True, False)
        well_field(scalars, "forcing", draw(samples, levels), True, True)
        t0 = file.create_group("t0_fields")
        t0.attrs["field_names"] = ["p", "mask", "h"]
        well_field(t0, "p", fields["p"], True, True, [True, True])
        well_field(t0, "mask", fields["mask"], False, False, [True, True])
        well_field(t0, "h", fields["h"], True, True, [True, False])
        t1 = file.create_group("t1_fields")
        t1.attrs["field_names"] = ["v"]
        well_field(t1, "v", fields["v"], True, True, [True, True])
        t2 = file.create_group("t2_fields")
        t2.attrs["field_names"] = ["D"]
        well_field(t2, "D", fields["D"], True, True, [True, True])
    return fields


def channels_of_well(fields, levels):
    samples = len(fields["p"])
    h = np.broadcast_to(fields["h"].reshape(samples, -1, X, 1), fields["p"].shape)
    tensors = np.moveaxis(fields["D"].reshape(*fields["p"].shape, 4), -1, 2)
    return np.concatenate([fields["p"][:, :, None], h[:, :, None], np.moveaxis(fields["v"], -1, 2), tensors], 2)[:, :levels]


def the_well():
    os.makedirs("well/data/train")
    second, first = write_well("well/data/train/b.hdf5", 4, 5, False), write_well("well/data/train/a.h5", 2, 7, True)
    with open("well/data/train/notes.txt", "w") as file:
        file.write("no data")
    ends = [channels_of_well(first, 5), channels_of_well(second, 5)]
    names = ["p", "h", "v_x", "v_y", "D_xx", "D_xy", "D_yx", "D_yy"]
    whole = np.concatenate(ends)
    masks = np.concatenate([np.broadcast_to(f["mask"].reshape(1, 1, X, Y), (n, 1, X, Y)) for f, n in ((first, 2), (second, 4))])
    path = "type: the_well, path: well/data/train"
    gives(path, whole, (1, 3), dt=0.25, channel_names=names, parameter_names=["Re"], constant_field_names=["mask"],
          parameters=np.concatenate([first["Re"], second["Re"]])[:, None], constant_fields=masks)
    padded = np.concatenate([ends[1], np.zeros_like(ends[1][:, :2])], 1)
    gives(path + ", lengths: own", np.concatenate([channels_of_well(first, 7), padded]), (1, 3), lengths=[7, 7, 5, 5, 5, 5])
    gives(path + ", samples: '1::2', levels: '::-2', points: '1:'", whole[1::2, ::-2, :, 1:, 1:], dt=-0.5,
          constant_fields=masks[1::2, :, 1:, 1:])
    gives(path + ", lengths: own, levels: '-2:'",
          np.concatenate([channels_of_well(first, 7)[:, -2:], ends[1][:, -2:]]))
    mask = np.broadcast_to(second["mask"], (4, 5, 1, X, Y))
    gives("type: the_well, path: well/data/train/b.hdf5, fields: [v_y, D_xy, mask, p, D]",
          np.concatenate([ends[1][:, :, [3, 5]], mask, ends[1][:, :, [0]], ends[1][:, :, 4:]], 2))
    refuses(path + ", fields: [q]", 2, "'q'", "p, mask, h, v, D", ranks=3)
    refuses(path + ", normalize: zscore", 3, "stats.yaml")
    numbers = {"p": 0.5, "h": 0.25, "v": [0.1, 0.2], "D": [[1.0, 2.0], [1e-6, 4.0]]}
    with open("well/stats.yaml", "w") as file:
        file.write("".join(f"{key}: {numbers}\n" for key in ("mean", "std", "rms", "mean_delta")))
    mean = np.float32([0.5, 0.25, 0.1, 0.2, 1, 2, 1e-6, 4])[:, None, None]
    std = np.maximum(mean, np.float32(1e-4))
    gives(path + ", normalize: zscore", (whole - mean) / std, (1, 3))
    gives(path + ", normalize: rms", whole / std)
    with open("well/data/stats.yaml", "w") as file:
        file.write("mean: {p: 1.0}\nstd: {p: .nan}\n")
    refuses(path + ", normalize: zscore", 3, "well/data/stats.yaml", "std", "'p'")
    tells("well/data/train --statistics", "format: the_well", "shape: (6, 5, 8, 6, 3)", "parameters: 1 (Re)",
          "non-finite values: 0", f"range: {whole.min():.9g} to {whole.max():.9g}")
    tells("well", "folder: data/train", "trajectories: 6")
    os.mkdir("base")
    os.symlink("../well", "base/well")
    refuses("type: the_well, path: base", 3, "base' holds no file", "; there are some in well/data/train")
    with h5py.File("well/data/train/b.hdf5", "r+") as file:
        file["t0_fields"].attrs["field_names"] = np.array(["mask", "h", "p"], "S4")  # of fixed length, as other programs write them
    gives("type: the_well, path: well/data/train/b.hdf5, fields: [p, h]", ends[1][:, :, :2], channel_names=["p", "h"])
    with h5py.File("well/data/train/b.hdf5", "r+") as file:
        del file["t0_fields/p"].attrs["time_varying"]
        file["t0_fields/p"].attrs["time_varying"] = False
    refuses("type: the_well, path: well/data/train/b.hdf5", 3, "/t0_fields/p", "b.hdf5", "other axes")


# ---- PDEBench ----


def pdebench():
    one = draw(20, 7, 8)
    coordinates = {"x-coordinate": np.arange(8.0), "t-coordinate": np.arange(8) * 0.5}
    write("one.hdf5", tensor=one, **coordinates)
    gives("type: pdebench, path: one.hdf5", one[:, :, None], (1, 3), dt=0.5)
    gives("type: pdebench, path: one.hdf5, split: test", one[:2, :, None])
    gives("type: pdebench, path: one.hdf5, split: train, samples: '::-3'", one[2:][::-3, :, None])
    with h5py.File("one.hdf5", "r+") as file:
        del file["t-coordinate"]
        file.create_dataset("t-coordinate", (1 << 31,), chunks=(1024,))
    refuses("type: pdebench, path: one.hdf5", 3, "/t-coordinate", "never written")
    write("again.hdf5", tensor=one[None], **coordinates)
    gives("type: pdebench, path: again.hdf5", one[:, :, None])
    write("halves.hdf5", tensor=one.reshape(2, 10, 7, 8), **coordinates)
    gives("type: pdebench, path: halves.hdf5, samples: '8:13'", one[8:13, :, None], (1, 3))
    write("plane.hdf5", tensor=draw(3, 4, 5, 6), **coordinates, **{"y-coordinate": np.arange(6.0)})
    with h5py.File("plane.hdf5") as file:
        gives("type: pdebench, path: plane.hdf5", file["tensor"][:][:, :, None])
    flow, nu = draw(10, 1, 4, 5), draw(10, 4, 5)
    write("darcy.hdf5", tensor=flow, nu=nu)
    levels = np.stack([nu[:, None], flow], 1)
    gives("type: pdebench, path: darcy.hdf5", levels, (1, 3))
    write("darcy_again.hdf5", tensor=flow[None], nu=nu[None])
    gives("type: pdebench, path: darcy_again.hdf5", levels)
    gives("type: pdebench, path: darcy.hdf5, levels: '::-1', samples: '2:5', points: '::2'", levels[2:5, ::-1, :, ::2, ::2])
    gives("type: pdebench, path: darcy.hdf5, levels: '1:', split: test", levels[:1, 1:])
    fluid = {name: draw(10, 3, 4, 5) for name in ("Vx", "Vy", "density", "pressure")}
    write("fluid.hdf5", {"eta": 0.1, "zeta": 0.1}, **fluid)
    gives("type: pdebench, path: fluid.hdf5", np.stack([fluid[k] for k in ("density", "pressure", "Vx", "Vy")], 2), (1, 3),
          channel_names=["density", "pressure", "Vx", "Vy"])
    gives("type: pdebench, path: fluid.hdf5, fields: [Vy, density]", np.stack([fluid["Vy"], fluid["density"]], 2))
    refuses("type: pdebench, path: fluid.hdf5, fields: Vz", 2, "'Vz'", "density, pressure, Vx, Vy")
    write("fluid_again.hdf5", **{name: values[None] for name, values in fluid.items()}, **coordinates, **{"y-coordinate": [0.0]})
    gives("type: pdebench, path: fluid_again.hdf5, split: train, fields: [Vx]", fluid["Vx"][1:, :, None])
    tells("fluid_again.hdf5", "shape: (10, 3, 4, 4, 5)")
    del fluid["Vx"], fluid["Vy"]
    write("fluid_part.hdf5", **fluid)
    refuses("type: pdebench, path: fluid_part.hdf5", 3, "/Vx", "fluid_part.hdf5", ranks=3)
    gives("type: pdebench, path: fluid_part.hdf5, fields: [pressure]", fluid["pressure"][:, :, None])
    groups = draw(11, 6, 5, 2)
    with h5py.File("groups.h5", "w") as file:
        for k, values in enumerate(groups):
            file.create_dataset(f"{k:04}/data", data=values, chunks=(4, 5, 2), compression="lzf")
            file[f"{k:04}/grid/x"], file[f"{k:04}/grid/t"] = np.arange(5.0), np.linspace(0, 1, 6)
            file[f"{k:04}"].attrs["config"] = "seed: 0\n"
    first = np.moveaxis(groups, -1, 2)
    gives("type: pdebench, path: groups.h5", first, (1, 3), dt=0.2)
    gives("type: pdebench, path: groups.h5, split: test", first[9:])
    gives("type: pdebench, path: groups.h5, split: train, fields: [1]", first[:9, :, 1:])
    refuses("type: pdebench, path: groups.h5, fields: [2]", 2, "no channel 2")
    tells("groups.h5", "format: pdebench", "shape: (11, 6, 2, 5)")
    with h5py.File("groups.h5", "r+") as file:
        del file["0010/data"]
        file["0010/data"] = groups[10, :4]
        file["notes/text"] = 0
    uneven = first.copy()
    uneven[10, 4:] = 0
    gives("type: pdebench, path: groups.h5", uneven, (1, 3), lengths=[6] * 10 + [4])
    with h5py.File("groups.h5", "r+") as file:
        del file["0007/data"]
    refuses("type: pdebench, path: groups.h5", 3, "/0007/data", "groups.h5")
    velocity, particles, force = draw(10, 3, 4, 5, 2), draw(10, 3, 4, 5, 1), draw(10, 4, 5, 2)
    write("ns.h5", velocity=velocity, particles=particles, force=force, t=np.tile(np.arange(3) * 0.5, (10, 1)))
    gives("type: pdebench, path: ns.h5", np.moveaxis(np.concatenate([velocity, particles], -1), -1, 2), (1, 3), dt=0.5)
    write("ns_again.h5", velocity=velocity[None], particles=particles[None], t=np.tile(np.arange(3) * 0.5, (1, 10, 1)))
    gives("type: pdebench, path: ns_again.h5", np.moveaxis(np.concatenate([velocity, particles], -1), -1, 2), dt=0.5)
    write("ns_part.h5", velocity=velocity)
    refuses("type: pdebench, path: ns_part.h5", 3, "/particles", "ns_part.h5")
    constant = np.broadcast_to(np.moveaxis(force, -1, 1)[:, None], (10, 3, 2, 4, 5))
    gives("type: pdebench, path: ns.h5, fields: [force, velocity], split: test",
          np.concatenate([constant, np.moveaxis(velocity, -1, 2)], 2)[:1])
    write("other.h5", something=one)
    refuses("type: pdebench, path: other.h5", 3, "other.h5", "none of PDEBench's layouts", "/something")
    write("uneven.hdf5", density=draw(3, 4, 5), pressure=draw(3, 4, 6), Vx=draw(3, 4, 5))
    refuses("type: pdebench, path: uneven.hdf5", 3, "/pressure", "uneven.hdf5", "6 points along x", "5", ranks=3)


# ---- PDEArena ----


def pdearena():
    os.mkdir("arena")
    flows = []
    for k, split in enumerate(("train", "train", "valid")):
        flow = {name: draw(3, 4, 5, 6) for name in ("vy", "u", "vx")}
        beside = {"x": np.arange(5.0), "y": np.arange(6.0), "buo_y": draw(3), "t": np.tile(np.arange(4) * 1.5, (3, 1))}
        write(f"arena/ns_{k}.h5", **{f"{split}__{name}": value for name, value in (flow | beside).items()})
        flows.append((np.stack([flow[name] for name in ("u", "vx", "vy")], 2), beside["buo_y"]))
    gives("type: pdearena, path: arena, split: train", np.concatenate([flows[0][0], flows[1][0]]), (1, 3), dt=1.5,
          channel_names=["u", "vx", "vy"], parameter_names=["buo_y"],
          parameters=np.concatenate([flows[0][1], flows[1][1]])[:, None])
    gives("type: pdearena, path: arena, split: valid, fields: [vy, u]", flows[2][0][:, :, [2, 0]])
    gives("type: pdearena, path: arena/ns_2.h5", flows[2][0])
    refuses("type: pdearena, path: arena", 2, "split", "train", "valid")
    refuses("type: pdearena, path: arena, split: test", 2, "split", "test")
    equation = draw(5, 4, 8)
    write("ks.h5", train__pde_140=equation, train__x=np.arange(8.0), train__dt=np.full(5, 0.2), train__dx=np.arange(5.0))
    gives("type: pdearena, path: ks.h5", equation[:, :, None], dt=0.2, parameter_names=["dt", "dx"])
    tells("arena", "split: train", "split: valid", "trajectories: 6", "trajectories: 3")
    write("part.h5", train__u=equation, train__vx=equation)
    refuses("type: pdearena, path: part.h5", 3, "/train/vy", "part.h5")
    gives("type: pdearena, path: part.h5, fields: [vx]", equation[:, :, None])


# ---- numpy ----


def npy():
    values = rng.random((4, 6, 2, 3, 5)) * 100
    for kind in ("<f4", ">f8", "<f2", ">i2", "u1", "<i8"):
        stored = values.astype(kind)
        for order in "CF":
            np.save("a.npy", np.asarray(stored, order=order))
            gives("type: npy, path: a.npy, samples: '::-1', points: '::2'", stored[::-1, :, :, ::2, ::2])
    with open("b.npy", "wb") as file:
        np.lib.format.write_array(file, values, version=(2, 0))
    gives("type: npy, path: b.npy", values, (1, 3))
    gives("type: npy, path: [b.npy, a.npy]", np.concatenate([values, stored]), (1, 3))
    gives("type: npy, path: [a.npy, b.npy], samples: '3:5'", np.concatenate([stored[3:], values[:1]]))
    np.save("lorenz.npy", values[:, :, :, 0, 0])
    gives("type: npy, path: lorenz.npy", values[:, :, :, 0, 0])
    for wrong in (np.array(["a"]), np.zeros((2, 2, 2), complex), np.zeros((2, 2, 2), bool), np.zeros(3, [("a", "f4")])):
        np.save("wrong.npy", wrong)
        refuses("type: npy, path: wrong.npy", 3, "wrong.npy", "no .npy file of numbers")
    np.save("wrong.npy", np.zeros((2, 3)))
    refuses("type: npy, path: wrong.npy", 3, "2 axes")
    with open("b.npy", "rb") as file:
        whole = file.read()
    for cut, words in ((4, "does not begin"), (40, "cut off"), (len(whole) - 5, "too short")):
        with open("wrong.npy", "wb") as file:
            file.write(whole[:cut])
        refuses("type: npy, path: wrong.npy", 3, "wrong.npy", words, ranks=3)
    values[1, 2, 1, 2, 3] = np.nan
    np.save("wrong.npy", values)
    refuses("type: npy, path: wrong.npy", 3, "/array", "trajectory 1, level 2")
    tells("wrong.npy", "format: npy", "type: float64", "non-finite values: 1")
    with open("a.npy", "rb") as file:
        before = file.read()
    if run("generate", "data.yaml", "--output", "a.npy", "--overwrite", "--set", "data.path=?.npy").returncode != 2:
        fail("an input was overwritten")
    with open("a.npy", "rb") as file:
        if file.read() != before:
            fail("an input has changed")


# ---- Files whose axes are named ----


def named_axes():
    values = rng.random((6, 3, 4, 5, 2))
    write("named.h5", u=values)
    section = "type: file, path: named.h5, dataset: u, axes: "
    gives(section + "s t x y c", np.moveaxis(values, -1, 2), (1, 3))
    gives(section + "'s t y x c'", np.moveaxis(np.swapaxes(values, 2, 3), -1, 2))
    gives(section + "'t s c x y'", np.swapaxes(values, 0, 1))
    gives(section + "'y x t s c', levels: '::-2', points: '1:4'", np.transpose(values, (3, 2, 4, 1, 0))[:, ::-2, :, 1:4, 1:4])
    refuses(section + "s t x y", 2, "axes", "4", "5")
    for wrong in ("s t y c z", "s t t x y", "s t c x c", "s q x y c"):
        refuses(section + f"'{wrong}'", 2, "axes", wrong)
    refuses(section + "'s t x y .'", 2, "axes", "more than one element")
    refuses("type: file, path: named.h5, dataset: v", 3, "/v", "named.h5", "/u")
    write("wide.h5", u=values[..., [0, 1, 1]])
    refuses("type: file, path: [named.h5, wide.h5], dataset: u, axes: s t x y c", 3, "wide.h5", "3 components", "2", ranks=3)
    for k in range(3):
        write(f"run_{k}.h5", {"dt": 0.5}, trajectories=values[2 * k : 2 * k + 2, : 3 - k // 2])
    gives("type: file, path: [run_1.h5, run_0.h5]", np.concatenate([values[2:4], values[:2]]), (1, 3), dt=0.5)
    uneven = values.copy()
    uneven[4:, 2] = 0
    gives("type: file, path: run_*.h5", uneven, (1, 3), lengths=[3, 3, 3, 3, 2, 2])
    refuses("type: file, path: nothing_*.h5", 3, "no file matches", "nothing_*.h5")
    write("single.h5", group__u=values[0])
    gives("type: file, path: single.h5, dataset: group/u, axes: t x y c", np.moveaxis(values, -1, 2)[:1])
    if "`type: file`" not in run("inspect", "single.h5").stderr:
        fail("inspect does not say how data of another layout are read")
    tells("data.yaml --statistics", "format: file", "shape: (1, 3, 2, 4, 5)")
    os.mkdir("own")
    for k in range(3):
        os.rename(f"run_{k}.h5", f"own/run_{k}.h5")
    tells("own", "format: file", "shape: (6, 3, 4, 5, 2)", "lengths: 2 to 3", "dt: 0.5")
    tells("own/run_[01].h5 --statistics", "trajectories: 4")


# ---- What stands beside; units ----


def beside():
    values, parameters, fields = rng.random((5, 6, 2, 8)), rng.random((5, 3)), rng.random((1, 2, 8))
    lengths = np.array([6, 1, 4, 6, 2])
    for k in range(5):
        values[k, lengths[k] :] = np.nan  # never read
    names = {"parameter_names": ["a", "b", "c"], "channel_names": ["u", "v"], "constant_field_names": ["m", "n"]}
    write("beside.h5", names, trajectories=values, parameters=parameters, constant_fields=fields, lengths=lengths)
    true = [values[k, : lengths[k]] for k in range(5)]
    padded = np.nan_to_num(values)
    section = "type: file, path: beside.h5"
    gives(section, padded, (1, 3), parameters=parameters, constant_fields=fields, lengths=lengths, **names)
    gives(section + ", samples: '::-2', points: '::3', levels: '1:'", padded[::-2, 1:, :, ::3], (1, 3),
          parameters=parameters[::-2], constant_fields=fields[:, :, ::3], lengths=np.maximum(lengths - 1, 0)[::-2])
    numbers = np.concatenate([k.astype(np.float32) for k in true]).astype(float)
    for word, mean, std in (("zscore", numbers.mean((0, 2)), numbers.std((0, 2))),
                            ("rms", np.zeros(2), np.sqrt((numbers**2).mean((0, 2))))):
        # in float32 rounded once: the last bit of the double sums does not matter, but by chance
        mean, std = mean.astype(np.float32)[:, None], std.astype(np.float32)[:, None]
        expected = np.zeros_like(padded)
        for k in range(5):
            expected[k, : lengths[k]] = (true[k].astype(np.float32) - mean) / std
        gives(section + f", normalize: {word}", expected, (1, 3), **{"normalization/mean": mean[:, 0], "normalization/std": std[:, 0]})
    section2 = section + ", normalize: {mean: [1.0, 2.0], std: [0.5, 1.0e-7]}"
    scaled = (np.float32(padded) - np.float32([1, 2])[:, None]) / np.float32([0.5, 1e-4])[:, None]
    for k in range(5):
        scaled[k, lengths[k] :] = 0
    gives(section2, scaled)
    refuses(section + ", normalize: {mean: [1.0], std: [0.5]}", 2, "mean", "2 channels")
    refuses(section + ", normalize: {mean: [1.0, 1.0]}", 2, "std")
    refuses(section + ", normalize: {mean: [1.0, 1.0], std: [1.0, -1.0]}", 2, "std", "at least 0")
    refuses(section + ", dt_stride: [3, 2]", 2, "dt_stride")
    gives("type: lorenz_rk4, num_samples: 4, temporal_horizon: 9, key: 1, samples: '1:', levels: '::4'", lorenz()[1:, ::4], (1, 3))
    for wrong, words in (({"parameters": parameters[:4]}, "/parameters"), ({"lengths": [6, 1, 4, 7, 2]}, "trajectory 3"),
                         ({"lengths": [6, 1, 4, 0, 2]}, "trajectory 3"), ({"constant_fields": fields[:, :, :7]}, "/constant_fields"),
                         ({"parameters": np.full((5, 1), np.inf)}, "/parameters of"),
                         ({"constant_fields": np.full((1, 1, 8), np.nan)}, "/constant_fields of")):
        write("wrong.h5", **({"trajectories": np.nan_to_num(values)} | wrong))
        refuses("type: file, path: wrong.h5", 3, "wrong.h5", words, ranks=3)
    for name, huge in (("parameters", (5, 1 << 31)), ("constant_fields", (1, 1 << 31, 8))):  # of which nothing was written
        with h5py.File("wrong.h5", "w") as file:
            file["trajectories"] = np.nan_to_num(values)
            file.create_dataset(name, huge, chunks=(1, 1024, 8)[: len(huge)])
        refuses("type: file, path: wrong.h5", 3, f"/{name}", "wrong.h5", "never written")


def lorenz():
    generate("type: lorenz_rk4, num_samples: 4, temporal_horizon: 9, key: 1")
    with h5py.File("out.h5") as file:
        return file["trajectories"][:]


for test in (the_well, pdebench, pdearena, npy, named_axes, beside):
    test()
sys.exit(failures > 0)
