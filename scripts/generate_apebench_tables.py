#!/usr/bin/env python3
"""tests/command/apebench.yaml and apebench.json: a small study, and the tables that apebench itself makes of it, in double.
Needs apebench 0.1.1 (with exponax 0.1.0, trainax 0.0.2, pdequinox 0.1.2) and pyyaml. usage: scripts/generate_apebench_tables.py
"""
import json
import pathlib
import tempfile

SMALL = dict(num_points=32, test_temporal_horizon=5, record_loss_every=3, num_trjs_returned=2)
CONFIGS = [
    dict(scenario="diff_adv", task="predict", net="Conv;8;2;relu", train="one", start_seed=0, num_seeds=2,
         optim_config="adam;10;constant;1e-3", advection_gamma=2.5, **SMALL),
    dict(scenario="norm_ks", task="predict", net="MLP;8;1;tanh", train="div;2", start_seed=3, num_seeds=1, num_warmup_steps=3,
         optim_config="adam;9;exp;1e-3;5;0.9;True", **SMALL),
    dict(scenario="phy_unbal_adv", task="predict", net="Conv;6;1;relu", train="sup;2;true", start_seed=1, num_seeds=1,
         num_spatial_dims=2, advection_coef_vector=(0.02, -0.03), optim_config="adam;7;warmup_cosine;0.0;1e-3;2",
         **{**SMALL, "num_points": 16}),
]
TO = pathlib.Path(__file__).parent.parent / "tests/command"


def write_tables(raw_files):
    """But for what callbacks have seen, and for rollouts."""
    import pandas

    tables = {}
    for path in raw_files:
        table = pandas.read_csv(path, index_col=0)
        table = table[[name for name in table if not name.startswith(("aux_", "sample_rollout_"))]]
        tables[path.stem] = {"columns": list(table), "rows": table.values.tolist()}
    (TO / "apebench.json").write_text(json.dumps(tables, indent=0) + "\n")


def write_study():
    value = lambda v: json.dumps(list(v) if isinstance(v, tuple) else v)
    entries = ["- {" + ", ".join(f"{key}: {value(v)}" for key, v in config.items()) + "}" for config in CONFIGS]
    (TO / "apebench.yaml").write_text("\n".join(["# Of scripts/generate_apebench_tables.py", "precision: float64", "configs:", *entries]) + "\n")


if __name__ == "__main__":
    import jax

    jax.config.update("jax_enable_x64", True)
    import apebench

    write_study()
    with tempfile.TemporaryDirectory() as folder:
        write_tables(apebench.run_study(CONFIGS, folder)[0])
