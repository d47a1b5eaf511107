#!/usr/bin/env python3
"""scripts/studies/apebench_v1.yaml: the scenarios of APEBench's paper as a study, of its own list (apebench.scraper).
Needs apebench 0.1.1. usage: scripts/generate_apebench_study.py
"""
import json
import pathlib

HEAD = """# The scenarios of APEBench's paper (apebench.scraper.CURATION_APEBENCH_V1), each with one network and one seed:
#     build/trainax apebench scripts/studies/apebench_v1.yaml
# Networks of the paper in 1D: "Conv;34;10;relu", "Res;26;8;relu", "UNet;12;2;relu", "Dil;2;32;2;relu", "FNO;12;18;4;gelu".
# Those in 2D and 3D take hours a run. Of scripts/generate_apebench_study.py.
random: {stream: jax_legacy}          # JAX's default before 0.5, which the published numbers rely on
configs:
"""


def value(v):
    return json.dumps(list(v) if isinstance(v, tuple) else v)


def entry(scenario, **arguments):
    words = dict(scenario=scenario, task="predict", net="Conv;34;10;relu", train="one", start_seed=0, num_seeds=1)
    arguments.pop("name", None)  # of files with data
    quoted = lambda key, v: value(v) if key == "net" or not isinstance(v, str) or ";" in v else v
    return "- {" + ", ".join(f"{key}: {quoted(key, v)}" for key, v in {**words, **arguments}.items()) + "}"


if __name__ == "__main__":
    from apebench import scraper

    path = pathlib.Path(__file__).parent / "studies/apebench_v1.yaml"
    path.write_text(HEAD + "\n".join(entry(**scenario) for scenario in scraper.CURATION_APEBENCH_V1) + "\n")
